"""Pulling one vendor: which accounts, which events, and how a backfill stays until its days are done."""

import sys
from datetime import UTC, date, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from include.core.errors import TryLater

pytestmark = pytest.mark.airflow

ACCOUNT = {"integration_id": 7, "label": "acme/roof", "connection_id": "acme__roof"}
DAYS = (date(2026, 5, 1), date(2026, 5, 30))
COUNTS = {"calls": 3, "documents": 2, "feeds": {"deye_devices": 2}, "waiting": 5, "next_at": None, "note": None}


class Alias:
    def __init__(self) -> None:
        self.woken: list[str] = []

    def add(self, asset: Any) -> None:
        self.woken.append(asset.name)


def _wish(first: date, last: date, **more: Any) -> dict[str, Any]:
    return {"first": first, "last": last, **more}


class Scene:
    """The tasks of `land_deye` with steps that only pretend."""

    def __init__(self, dag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.counts: Any = COUNTS
        self.landed: list[str] = []
        self.left: dict[str, Any] = {"waiting": 0, "next_at": None}
        self.alias = Alias()
        self._dag, self._patch = dag, monkeypatch
        pull, backfill = ModuleType("include.steps.pull"), ModuleType("include.steps.backfill")
        pull.due_accounts = self._step("due_accounts", lambda: [ACCOUNT])
        pull.feeds_landed_lately = self._step("feeds_landed_lately", lambda: self.landed)
        pull.pull_account = self._step("pull_account", lambda: self.counts)
        backfill.order_backfill = self._step("order_backfill", lambda: [ACCOUNT | {"total_calls": 3}])
        backfill.BackfillWish = _wish
        backfill.backlog = self._step("backlog", lambda: self.left)
        for steps in (pull, backfill):
            monkeypatch.setitem(sys.modules, steps.__name__, steps)

    def _step(self, name: str, answer: Any) -> Any:
        def step(settings: Any, *args: Any, **more: Any) -> Any:
            self.calls.append((name, (*args, {key: value for key, value in more.items() if key not in {"now", "clock"}})))
            if isinstance(result := answer(), Exception):
                raise result
            return result

        return step

    def run(self, task: str, *args: Any, run_type: str = "scheduled", **more: Any) -> Any:
        function = self._dag.get_task(task).python_callable
        run = SimpleNamespace(
            run_type=run_type,
            data_interval_start=datetime(2026, 5, 1, 0, 0, 0, 30, tzinfo=UTC),
            data_interval_end=datetime(2026, 5, 31, tzinfo=UTC),
        )
        context = {"dag_run": run, "run_id": "r1", "params": {"tenant": "acme", "plants": None}}
        self._patch.setitem(function.__globals__, "get_current_context", lambda: context)
        self._patch.setitem(function.__globals__, "vendor_account", lambda name: {"login": name})
        return function(*args, **more)

    def due(self, run_type: str = "scheduled") -> Any:
        return self.run("due", run_type=run_type, outlet_events=_Aliases(self.alias))

    def pull(self, run_type: str = "scheduled") -> Any:
        return self.run("pull", ACCOUNT, run_type=run_type, outlet_events=_Aliases(self.alias))


class _Aliases:
    def __init__(self, alias: Alias) -> None:
        self._alias = alias

    def __getitem__(self, _: Any) -> Alias:
        return self._alias


@pytest.fixture
def scene(dag_bag: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(dag_bag.dags["land_deye"], monkeypatch)


def test_each_vendor_has_its_dag_its_pool_and_its_pace(dag_bag: Any) -> None:
    for vendor in ("sungrow", "deye", "huawei"):
        dag = dag_bag.dags[f"land_{vendor}"]
        pull = dag.get_task("pull")

        assert pull.partial_kwargs["pool"] == f"vendor_{vendor}"
        assert pull.partial_kwargs["retries"] == 0
        assert type(dag.timetable).__name__ == "VendorPace"
        assert dag.doc_md.startswith("Pull from ")


def test_a_scheduled_run_asks_the_accounts_that_are_due(scene: Scene) -> None:
    assert scene.due() == [ACCOUNT]
    assert scene.calls == [("feeds_landed_lately", ({"vendor": "deye"},)), ("due_accounts", ({"vendor": "deye"},))]
    assert scene.alias.woken == []


def test_a_scheduled_run_wakes_those_who_load_what_a_backfill_landed_that_is_not_over(scene: Scene) -> None:
    scene.landed = ["deye_devices"]

    scene.due()

    assert scene.alias.woken == ["landed_readings"]


def test_a_run_by_hand_is_like_a_scheduled_one(scene: Scene) -> None:
    assert scene.due("manual") == [ACCOUNT]
    assert [name for name, _ in scene.calls] == ["feeds_landed_lately", "due_accounts"]


def test_a_backfill_orders_its_days_and_asks_the_accounts_of_the_order(scene: Scene) -> None:
    assert scene.due("backfill") == [ACCOUNT]
    wish = {"vendor": "deye", "tenant": "acme", "plants": (), "first": DAYS[0], "last": DAYS[1]}
    assert scene.calls == [("order_backfill", (wish, {"run_id": "r1"}))]


def test_a_pull_uses_the_accounts_connection_and_returns_counts_only(scene: Scene) -> None:
    assert scene.pull() == COUNTS
    assert scene.calls == [("pull_account", (7, {"credentials": {"login": "acme__roof"}, "run_id": "r1"}))]
    assert scene.alias.woken == ["landed_readings"]


@pytest.mark.parametrize(
    ("feeds", "woken"),
    [
        ({}, []),
        ({"deye_fleet": 1}, ["landed_registry"]),
        ({"deye_alarms": 1}, ["landed_readings"]),
        ({"deye_fleet": 1, "deye_plants": 4}, ["landed_registry", "landed_readings"]),
    ],
    ids=str,
)
def test_a_pull_wakes_those_whose_documents_came(scene: Scene, feeds: dict[str, int], woken: list[str]) -> None:
    scene.counts = COUNTS | {"feeds": feeds}

    scene.pull()

    assert scene.alias.woken == woken


def test_a_scheduled_run_leaves_what_waits_to_the_next(scene: Scene) -> None:
    scene.left = {"waiting": 40, "next_at": None}

    assert scene.pull() == COUNTS
    assert "backlog" not in [name for name, _ in scene.calls]


def test_a_backfill_is_over_when_nothing_of_its_days_waits(scene: Scene) -> None:
    assert scene.pull("backfill") == COUNTS
    assert scene.calls[-1] == ("backlog", (7, {"first": DAYS[0], "last": DAYS[1]}))


@pytest.mark.parametrize(
    ("next_in_s", "low", "high"),
    [(3600, 3590, 3605), (-600, 5, 15)],
    ids=["when the vendor allows", "at once, but not in a loop"],
)
def test_a_backfill_comes_back_until_its_days_are_done(scene: Scene, next_in_s: float, low: float, high: float) -> None:
    from airflow.sdk.exceptions import AirflowRescheduleException

    began = datetime.now(UTC)
    scene.left = {"waiting": 40, "next_at": (began + timedelta(seconds=next_in_s)).isoformat()}

    with pytest.raises(AirflowRescheduleException) as raised:
        scene.pull("backfill")

    asked = datetime.now(UTC)
    assert began + timedelta(seconds=low) <= raised.value.reschedule_date <= asked + timedelta(seconds=high)


def test_a_vendor_that_does_not_answer_fails_the_task_which_the_next_run_repeats(scene: Scene) -> None:
    scene.counts = TryLater("Deye Cloud does not answer", after_s=90)

    with pytest.raises(TryLater, match="does not answer"):
        scene.pull()
