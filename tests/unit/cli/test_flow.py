"""What a stage of `helio run` says last is how it ended."""

from io import StringIO
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from rich.console import Console

from cli.run import flow
from cli.run.airflow_api import DagRun
from cli.run.flow import Stage, Watch, await_dags, await_runs, follow
from cli.run.progress import Progress
from include.core.errors import NeedsHuman


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(flow.time, "sleep", lambda seconds: None)
    return StringIO()


def watch(screen, **answers) -> Watch:
    """An Airflow that gives these answers, call by call."""
    api = SimpleNamespace(**{name: Mock(side_effect=said) for name, said in answers.items()})
    return Watch(api, Progress(Console(file=screen, width=200)), lambda: None, "logs", set())


def runs(*states: str) -> list[DagRun]:
    return [DagRun("d", f"r{number}", state) for number, state in enumerate(states)]


def last_line(screen) -> list[str]:
    """Mark and what was said last; without label and time."""
    mark, _, rest = screen.getvalue().splitlines()[-1].strip().partition(" ")
    return [mark, rest.partition(" s  ")[2]]


def test_a_stage_that_followed_a_dag_says_how_many_runs_it_took_and_that_nothing_waits(screen):
    looks = iter([3, 3, 0, 0])
    seen = watch(screen, runs=[runs("queued"), runs("running"), runs("success", "running"), runs("success", "success")])

    with seen.progress.stage("landing to readings"):
        ended = follow(seen, Stage("landing to readings", "d", lambda: next(looks), "documents"))

    assert len(ended) == 2
    assert last_line(screen) == ["ok", "2 runs, 0 documents waiting"]


def test_a_stage_that_awaited_runs_says_that_all_of_them_ended_well(screen):
    first, second = runs("queued", "running")
    seen = watch(screen, run=[*runs("running"), *runs("success", "success")])

    with seen.progress.stage("reports and mail"):
        await_runs(seen, [first, second])

    assert last_line(screen) == ["ok", "2 runs ended well"]


def test_one_run_is_told_in_the_singular(screen):
    seen = watch(screen)

    with seen.progress.stage("reports and mail"):
        await_runs(seen, runs("success"))

    assert last_line(screen) == ["ok", "1 run ended well"]


def test_a_stage_that_waited_for_dags_says_how_many_are_there(screen):
    seen = watch(screen, dags=[{}, {"a": False}, {"a": False, "b": False}], import_errors=[{}, {}])

    with seen.progress.stage("DAGs are read"):
        await_dags(seen, {"a", "b"})

    assert last_line(screen) == ["ok", "2 DAGs"]


def test_a_stage_whose_run_failed_never_says_that_it_ended_well(screen):
    seen = watch(screen, run=runs("failed"), failed_tasks=[["render (try 1)"]])

    with pytest.raises(NeedsHuman, match=r"DAG d failed in run r0: render \(try 1\)"), seen.progress.stage("reports"):
        await_runs(seen, runs("running"))

    assert last_line(screen) == ["failed", "run r0: failed"]
