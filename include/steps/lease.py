"""Work that one may do at a time: a lease is taken before it, renewed while it goes on, and given back after it."""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from include.core.errors import HeliographError
from include.core.settings import Settings
from include.warehouse import leases
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)

LANDING: Final = "landing"
_RENEWED_AFTER: Final = 0.25


def loading(tenant_id: int) -> str:
    """The loading of a tenant's documents."""
    return f"loading of tenant {tenant_id}"


def pulling(integration_id: int) -> str:
    """The pull of an account."""
    return f"pull of account {integration_id}"


def logging_in(integration_id: int) -> str:
    """The log-in of an account."""
    return f"log-in of account {integration_id}"


@dataclass(slots=True)
class Lease:
    """A lease that is held; it ends `seconds` after it was renewed last."""

    url: str
    thing: str
    seconds: float
    holder: str = field(default_factory=lambda: leases.holder_of(uuid.uuid4().hex))
    renewed_at: float = field(default_factory=time.monotonic)

    def go_on(self) -> bool:
        """Renew it where a quarter of its time is over; False where it had ended and somebody else is at work."""
        now = time.monotonic()
        if now - self.renewed_at < _RENEWED_AFTER * self.seconds:
            return True
        with transaction(self.url) as connection:
            is_held = leases.renew(connection, self.thing, self.holder, seconds=self.seconds)
        self.renewed_at = now
        return is_held


@contextmanager
def lease(settings: Settings, thing: str, *, seconds: float) -> Iterator[Lease | None]:
    """Hold a thing during the block; None while somebody else does.

    Nothing is open in between: a holder that is silent for `seconds` [s] is taken for dead, one of this machine that has ended
    at once.
    """
    with held(settings.database_url, thing, seconds=seconds) as one:
        yield one


@contextmanager
def held(url: str, thing: str, *, seconds: float) -> Iterator[Lease | None]:
    """The same by the URL of the warehouse."""
    mine = Lease(url, thing, seconds)
    with transaction(url) as connection:
        is_held = leases.take(connection, thing, mine.holder, seconds=seconds)
    if not is_held:
        yield None
        return
    try:
        yield mine
    finally:
        _give_back(mine)


def _give_back(mine: Lease) -> None:
    try:
        with transaction(mine.url) as connection:
            leases.give_back(connection, mine.thing, mine.holder)
    except HeliographError as error:
        _log.warning("The %s is taken for %s s more: %s", mine.thing, mine.seconds, error)
