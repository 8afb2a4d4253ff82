"""Days of plants are worked off in rounds: some plants per transaction, until none is left."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from include.core.settings import Settings
from include.steps.each import Failure
from include.warehouse.engine import Connection, transaction

_log = logging.getLogger(__name__)

_MOST_ROUNDS: Final = 2000

Taken = Mapping[int, Sequence[date]]
"""Local days by plant_id."""


def work_off(
    settings: Settings,
    *,
    what: str,
    take: Callable[[Connection, int, Sequence[int]], Taken],
    answer: Callable[[Connection, Taken], Mapping[str, int]],
    at_once: int,
) -> tuple[Counter[str], list[Failure]]:
    """Take days of at most `at_once` plants and answer them in one transaction, again and again until none is left.

    `take` is given how many plants, and those to leave out: the ones that failed, whose days stay for the next run. After a
    failure plants are taken one by one, so that it holds back no other. `what` names what is answered of a plant.

    Returns the summed counts of `answer`, and the failures. Raises what makes `take` fail.
    """
    done: Counter[str] = Counter()
    failures: dict[int, Failure] = {}
    for _ in range(_MOST_ROUNDS):
        taken: Taken = {}
        try:
            with transaction(settings.database_url) as connection:
                taken = take(connection, at_once, list(failures))
                this_round = answer(connection, taken) if taken else {}
        except Exception as error:
            if not taken:
                raise
            _log.exception("Plants %s failed", list(taken))
            if len(taken) == 1:
                failures |= {plant_id: Failure(f"the {what} of plant {plant_id}", error) for plant_id in taken}
            at_once = 1
            continue
        if not taken:
            break
        done.update(this_round)
    return done, list(failures.values())
