"""A recompute brings stored days to today's rules and says what that changed."""

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import text

from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.settings import Settings
from include.steps.recompute import plan_recompute, recompute_rollups
from include.warehouse.engine import engine_of, transaction
from tests.warehouse.conftest import NOW, SmallFleet
from tests.warehouse.test_audit import audited, change, filled, fleet  # noqa: F401 - fixtures
from tests.warehouse.test_rollups import rows_of

pytestmark = pytest.mark.postgres


def recomputed(small: SmallFleet, left: list[int] | None = None, **wish) -> dict:
    tell = [].append if left is None else left.append
    return recompute_rollups(Settings(database_url=small.url), wish, clock=lambda: NOW, tell=tell)


def by_quantity(done: dict) -> dict[str, dict]:
    return {row["quantity"]: row for row in done["energies"]}


def stored(small: SmallFleet) -> pd.DataFrame:
    return small.read("SELECT * FROM mart.rollup ORDER BY series_id, grain, starts_at")


def test_a_warehouse_that_is_right_changes_nothing(fleet):  # noqa: F811
    before = stored(fleet)

    left: list[int] = []
    done = recomputed(fleet, left)

    assert done["rows_changed"] == 0
    assert {row["changed_days"] for row in done["energies"]} == {0}
    assert (done["series"], done["series_days"], done["plants"], done["plant_days"]) == (6, 158, 1, 22)
    assert done["largest"] == []
    pd.testing.assert_frame_equal(stored(fleet), before)
    assert left[-1] == 0
    # The counter of the fixture dips once and begins anew once, from zero.
    assert done["counters"] == [
        {
            "tenant": "demo", "quantity": "energy_total_kwh", "counters": 1, "days": 2, "zeros": 1, "dips": 1, "resets": 1,
            "held_back": 0,
        }
    ]  # fmt: skip


def test_what_changed_is_told_by_quantity_and_by_day(fleet):  # noqa: F811
    power = fleet.series["1", "ac_power_kw"]
    right = stored(fleet)
    change(
        fleet,
        "UPDATE mart.rollup SET energy_kwh = energy_kwh + 1000 "
        "WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-02'",
        id=power,
    )
    change(
        fleet,
        "DELETE FROM mart.rollup WHERE series_id = :id AND grain = 'day' AND local_date = '2026-02-03'",
        id=power,
    )
    change(fleet, "UPDATE mart.energy_day SET energy_kwh = 1 WHERE device_id IS NULL AND local_date = '2026-02-04'")
    change(
        fleet,
        "UPDATE mart.rollup SET energy_kwh = energy_kwh + 500 "
        "WHERE series_id = :id AND grain = 'month' AND local_date = '2026-02-01'",
        id=fleet.series["p1", "energy_month_kwh"],
    )
    days = right[(right["series_id"] == power) & (right["grain"] == "day")]
    day = dict(zip(days["local_date"].astype(str), days["energy_kwh"], strict=True))
    published = fleet.read("SELECT sum(energy_kwh) FROM mart.energy_day WHERE device_id IS NULL").iloc[0, 0]

    done = recomputed(fleet)

    told = by_quantity(done)
    assert (told["ac_power_kw"]["days"], told["ac_power_kw"]["changed_days"]) == (42, 2)
    assert told["ac_power_kw"]["after_kwh"] - told["ac_power_kw"]["before_kwh"] == pytest.approx(day["2026-02-03"] - 1000)
    assert (told["energy_month_kwh"]["days"], told["energy_month_kwh"]["changed_days"]) == (2, 1)
    assert told["energy_month_kwh"]["before_kwh"] - told["energy_month_kwh"]["after_kwh"] == pytest.approx(500)
    assert told["published of plants"]["changed_days"] == 1
    assert told["published of plants"]["before_kwh"] == pytest.approx(published)
    assert told["energy_total_kwh"]["changed_days"] == told["published of inverters"]["changed_days"] == 0
    first, second = done["largest"][:2]
    assert (first["tenant"], first["plant"], first["device"], first["series_id"]) == ("demo", "p1", "1", power)
    assert (first["local_date"], first["before_kwh"]) == (date(2026, 2, 2), pytest.approx(day["2026-02-02"] + 1000))
    assert first["after_kwh"] == pytest.approx(day["2026-02-02"])
    assert (second["quantity"], second["local_date"]) == ("energy_month_kwh", date(2026, 2, 1))
    assert len(done["largest"]) == 4
    # Two days and a month of series, a day of the plant; the plant's power was summed from days that were right then.
    assert done["rows_changed"] == 4
    pd.testing.assert_frame_equal(stored(fleet).drop(columns="computed_at"), right.drop(columns="computed_at"))
    assert audited(fleet)["mismatch_count"] == 0


def test_buckets_that_are_all_gone_come_back(fleet):  # noqa: F811
    right = stored(fleet)
    with transaction(fleet.url) as connection:
        connection.execute(text("TRUNCATE mart.rollup, mart.energy_day, mart.counter_day"))

    done = recomputed(fleet)

    assert {row["quantity"]: row["before_kwh"] for row in done["energies"]}["published of plants"] == 0
    assert done["rows_changed"] > len(right)
    pd.testing.assert_frame_equal(stored(fleet), right)


def test_readings_that_went_without_a_mark_take_their_buckets_along(fleet):  # noqa: F811
    with transaction(fleet.url) as connection:
        connection.execute(text("DELETE FROM mart.reading WHERE measured_at >= '2026-02-05T03:00Z'"))

    recomputed(fleet)

    assert fleet.rollups("day")["local_date"].max() == date(2026, 2, 4)
    assert audited(fleet)["mismatch_count"] == 0


def test_only_the_days_and_plants_that_are_meant_are_taken(fleet):  # noqa: F811
    for day in ("2026-02-02", "2026-02-05"):
        change(fleet, "UPDATE mart.energy_day SET energy_kwh = 1 WHERE device_id IS NULL AND local_date = :day", day=day)
    wish = {"tenant": "demo", "plants": ("p1",), "first": date(2026, 2, 2), "last": date(2026, 2, 3)}

    planned = plan_recompute(Settings(database_url=fleet.url), wish)
    waiting = fleet.read("SELECT count(*) FROM ops.dirty_day").iloc[0, 0]
    done = recomputed(fleet, **wish)

    assert waiting == 0
    assert planned == {"series": 5, "series_days": 10, "plants": 1, "plant_days": 2}
    assert {name: done[name] for name in planned} == planned
    assert done["rows_changed"] == 1
    assert [str(row["local_date"]) for row in audited(fleet)["mismatches"]] == ["2026-02-05"]


def test_what_waits_already_is_worked_off_too_and_others_may_come_in_between(fleet):  # noqa: F811
    late = pd.DatetimeIndex(["2026-02-05T12:03"]).tz_localize("America/Sao_Paulo")
    fleet.load(fleet.register("late"), rows_of(fleet.series["1", "ac_power_kw"], late, [9.0]))

    done = recomputed(fleet, first=date(2026, 2, 2), last=date(2026, 2, 2))

    assert done["rows_changed"] > 0
    assert by_quantity(done)["ac_power_kw"]["changed_days"] == 0
    assert fleet.read("SELECT count(*) FROM ops.dirty_day").iloc[0, 0] == 0


def test_whoever_is_unknown_is_refused_and_nothing_is_marked(fleet):  # noqa: F811
    with pytest.raises(Refused, match="plant 'p9' is not known"):
        recomputed(fleet, plants=("p9",))
    with pytest.raises(NeedsHuman, match="tenant 'nobody' does not exist"):
        recomputed(fleet, tenant="nobody")

    assert fleet.read("SELECT count(*) FROM ops.dirty_day").iloc[0, 0] == 0


def test_two_one_after_the_other_do_not_disturb_each_other(fleet):  # noqa: F811
    first, second = recomputed(fleet), recomputed(fleet)

    assert first == second


def test_days_that_others_hold_for_too_long_are_told_and_not_waited_for_without_end(fleet, monkeypatch):  # noqa: F811
    monkeypatch.setattr("include.steps.recompute._WAIT_S", 0.0)
    with engine_of(fleet.url).begin() as holder:
        holder.execute(text("SELECT 1 FROM fleet.series FOR NO KEY UPDATE"))

        with pytest.raises(TryLater, match="others hold the 180 days that are left"):
            recomputed(fleet)
