"""A vendor's landed answers load like any document; one that is authoritative about a span retracts what it does not confirm."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from include.core.alarms import Alarm, AlarmList
from include.core.frames import Piece
from include.core.pulls import Request
from include.core.settings import Settings
from include.core.span import Span
from include.landing.store import ObjectStore
from include.quality import checks
from include.quality.checks import Checked, CheckFailed
from include.sources import feeds
from include.sources.clouds.document import pack, unpack_answer
from include.sources.feeds import AlarmFeed, Feed
from include.steps import load, prepared_readings, roll_up, small_answers
from include.warehouse import documents, fleet
from include.warehouse.engine import engine_of, transaction

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

NOW = datetime(2026, 6, 20, tzinfo=UTC)
DAY = datetime(2026, 6, 15, tzinfo=UTC)
WHOLE_DAY = Span(DAY, DAY + timedelta(days=1))


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def parse(body, context):
    """Rows [subject, quantity, instant or local day, value] as the tiny vendor writes them."""
    rows = unpack_answer(body).data["rows"]
    instants = [
        pd.Timestamp(when) if "T" in when else pd.Timestamp(when, tz=context.zones.get(subject, context.timezone))
        for subject, _, when, _ in rows
    ]
    texts = [value if isinstance(value, str) else None for *_, value in rows]
    frame = pd.DataFrame(
        {
            "row_number": np.arange(1, len(rows) + 1, dtype=np.int32),
            "subject": pd.Categorical([row[0] for row in rows]),
            "quantity": pd.Categorical([row[1] for row in rows]),
            "measured_at": pd.Series([one.tz_convert("UTC") for one in instants], dtype="datetime64[us, UTC]"),
            "value": np.array([np.nan if isinstance(row[3], str) else row[3] for row in rows], dtype=float),
            "state": np.array(texts, dtype=object),
            "raw": np.full(len(rows), None, dtype=object),
            "faults": np.full(len(rows), None, dtype=object),
        }
    )
    yield Piece(frame)


def parse_alarms(body, context):
    said = unpack_answer(body).data
    alarms = [
        Alarm(
            key, plant, device, "102", "Fan fault", "major", at(raised), None if cleared is None else at(cleared), cleared is None
        )
        for key, plant, device, raised, cleared in said["alarms"]
    ]
    return AlarmList(alarms, tuple(said["plants"]), said["complete"])


@dataclass
class Cloud:
    """A tenant whose vendor knows the plant S1 with the inverters I1 and I2; what it answers is landed and loaded at will."""

    url: str
    settings: Settings
    tenant_id: int

    def register(self, what: str, **row: object) -> None:
        base = {"tenant_id": self.tenant_id, "source": "huawei"}
        empty = {
            "plant": dict.fromkeys(
                ("name", "timezone", "city", "latitude", "longitude", "capacity_kwp", "capacity_kw", "commissioned_on")
            ),
            "device": dict.fromkeys(("plant_key", "parent_key", "kind", "name", "model", "capacity_kw")),
        }
        with transaction(self.url) as connection:
            fleet.upsert_rows(connection, what, [base | empty[what] | row])
            documents.reopen_waiting(connection, self.tenant_id, rule="subject_known", subjects=[str(row[f"{what}_key"])])

    def land(
        self,
        kind: str,
        said: dict,
        *,
        span: Span | None = None,
        received_at: datetime = NOW,
        is_authoritative: bool = True,
        integration_id: int | None = None,
    ) -> int:
        subjects = tuple(sorted({row[0] for row in said.get("rows", ())}))
        request = Request("answer", {"n": received_at.isoformat()}, kind, span, subjects, is_authoritative)
        path = Path(self.settings.home) / "answer"
        path.write_bytes(pack("huawei", request, json.dumps(said).encode()))
        feed = f"huawei_{kind}"
        stored = ObjectStore(self.settings.landing).put(path, tenant="demo", feed=feed, received_at=received_at)
        with transaction(self.url) as connection:
            claim = documents.note_delivery(
                connection,
                tenant_id=self.tenant_id,
                tenant="demo",
                feed=feed,
                stored={name: getattr(stored, name) for name in ("sha256", "uri", "size_bytes", "stored_bytes")}
                | {"original_name": "answer"},
                received_at=received_at,
                integration_id=integration_id,
                is_snapshot=span is None,
            )
        return claim.document_id

    def history(self, values: dict[float, float], *, subject: str = "I1", span: Span = WHOLE_DAY, **more) -> int:
        """Land a history of power: minutes of the day -> kW."""
        rows = [[subject, "ac_power_kw", at(minute).isoformat(), value] for minute, value in values.items()]
        return self.land("devices", {"rows": rows, "n": id(values)}, span=span, **more)

    def snapshot(self, minute: float, value: float, subject: str = "I1") -> int:
        """Land a realtime answer."""
        return self.land(
            "devices", {"rows": [[subject, "ac_power_kw", at(minute).isoformat(), value]], "n": minute * 1000 + value}
        )

    def load(self, document_id: int) -> documents.LoadCounts | None:
        return load.load_document(self.settings, document_id, now=NOW, run_id="test")

    def settle(self) -> None:
        """Load whatever waits, in the order of receipt, until nothing waits."""
        for _ in range(50):
            waiting = [document_id for batch in load.pending_batches(self.settings) for document_id in batch]
            if not waiting:
                return
            for document_id in waiting:
                self.load(document_id)
        raise AssertionError("documents reopen each other for ever")

    def roll_up(self) -> None:
        while roll_up.roll_up_dirty(self.settings, now=NOW)["remaining"]:
            pass

    def replay(self, *document_ids: int) -> None:
        self.read(
            "UPDATE landing.document SET state = 'landed' WHERE document_id = ANY (:ids) RETURNING 1", ids=list(document_ids)
        )

    def read(self, sql: str, **parameters: object) -> pd.DataFrame:
        with transaction(self.url) as connection:
            return pd.read_sql(text(sql), connection, params=parameters)

    def stored(self, subject: str = "I1") -> dict[float, float]:
        """Stored power by minute of the day."""
        frame = self.read(
            "SELECT r.measured_at, r.value FROM mart.reading AS r JOIN fleet.series AS s USING (series_id) "
            "JOIN fleet.device AS d USING (device_id) WHERE d.device_key = :key ORDER BY 1",
            key=subject,
        )
        return {(one - DAY).total_seconds() / 60: value for one, value in frame.itertuples(index=False)}

    def state_of(self, document_id: int) -> str:
        return self.read("SELECT state FROM landing.document WHERE document_id = :id", id=document_id)["state"].item()

    def forget(self) -> None:
        with transaction(self.url) as connection:
            connection.execute(
                text(
                    "TRUNCATE mart.reading, mart.superseded_reading, mart.rollup, mart.state_event, mart.alarm, "
                    "landing.document, landing.load, landing.quarantine, landing.answer, ops.dirty_day RESTART IDENTITY CASCADE"
                )
            )


@pytest.fixture
def cloud(warehouse_url, tmp_path, monkeypatch) -> Cloud:
    monkeypatch.setitem(feeds.FEEDS, "huawei_devices", Feed("huawei_devices", "device", parse, "huawei"))
    monkeypatch.setitem(feeds.FEEDS, "huawei_plants", Feed("huawei_plants", "plant", parse, "huawei"))
    monkeypatch.setitem(feeds.ALARM_FEEDS, "huawei_alarms", AlarmFeed("huawei_alarms", "huawei", parse_alarms))
    with transaction(warehouse_url) as connection:
        tenant_id = fleet.upsert_tenant(connection, fleet.Tenant(0, "demo", "Demo", "America/Sao_Paulo"))
    cloud = Cloud(warehouse_url, Settings(home=tmp_path, database_url=warehouse_url), tenant_id)
    cloud.register("plant", plant_key="S1", timezone="Europe/Madrid")
    for key in ("I1", "I2"):
        cloud.register("device", device_key=key, plant_key="S1", kind="inverter")
    return cloud


# ------------------------------------------------------------------------------------------------- a batch checked together
MANY = 80
"""More documents than are checked together."""


def add_account(cloud: Cloud) -> int:
    return cloud.read(
        "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
        "VALUES (:tenant_id, 'huawei', 'huawei', 'demo__huawei', :now, :now) RETURNING integration_id",
        tenant_id=cloud.tenant_id,
        now=NOW,
    )["integration_id"].item()


def land_many(
    cloud: Cloud, said: Callable[[int], list] = lambda number: [at(number), number], received_at=lambda _: NOW
) -> list[int]:
    """Small answers of an account: document n has the reading n kW at minute n, or what is said."""
    account = add_account(cloud)
    documents_said = [said(number) for number in range(MANY)]
    return [
        cloud.land(
            "devices",
            {"rows": [["I1", "ac_power_kw", instant.isoformat(), kilowatts]], "n": number},
            integration_id=account,
            received_at=received_at(number),
        )
        for number, (instant, kilowatts) in enumerate(documents_said)
    ]


def break_checks(monkeypatch: pytest.MonkeyPatch, is_broken: Callable[[pd.DataFrame], bool]) -> list[int]:
    """Let Great Expectations raise on certain frames; returns the list to which each check adds its number of rows."""
    judge, checked = checks._broken_positions, []

    def broken_positions(frame, *arguments):
        checked.append(len(frame))
        if is_broken(frame):
            raise CheckFailed("Great Expectations could not judge value_readable")
        return judge(frame, *arguments)

    monkeypatch.setattr(checks, "_broken_positions", broken_positions)
    return checked


def test_a_batch_of_small_answers_is_checked_many_at_a_time(cloud, monkeypatch):
    ids, checked = land_many(cloud), break_checks(monkeypatch, lambda _: False)
    monkeypatch.setattr(small_answers, "_MOST_DOCUMENTS", 60)

    counts = load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    assert (counts["documents"], counts["inserted_rows"], checked) == (MANY, MANY, [60, 20])


def test_answers_about_plants_and_about_devices_are_checked_in_one_pass_and_each_goes_to_its_own(cloud, monkeypatch):
    account, said = add_account(cloud), (("plants", "S1", 7.0), ("devices", "I1", 5.0), ("plants", "S1", 1e9))
    ids = [
        cloud.land(kind, {"rows": [[key, "ac_power_kw", at(0).isoformat(), value]]}, integration_id=account)
        for kind, key, value in said
    ]
    checked = break_checks(monkeypatch, lambda _: False)

    counts = load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    assert (counts["documents"], counts["inserted_rows"], counts["quarantined_rows"], checked) == (3, 2, 1, [3])
    told = cloud.read(
        "SELECT plant_id IS NOT NULL AS is_of_plant, value FROM mart.reading JOIN fleet.series USING (series_id) ORDER BY 2"
    )
    assert told.to_numpy().tolist() == [[False, 5.0], [True, 7.0]]
    assert cloud.read("SELECT document_id FROM landing.quarantine")["document_id"].tolist() == [ids[2]]


def test_as_many_small_answers_are_checked_together_as_have_room_at_rest(cloud, monkeypatch):
    ids, checked = land_many(cloud), break_checks(monkeypatch, lambda _: False)
    with transaction(cloud.url) as connection:
        sizes = [one.stored_bytes for one in documents.read_pending(connection, ["huawei_devices"])]
    monkeypatch.setattr(small_answers, "_MOST_BYTES", sum(sizes[:30]))

    load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    assert sum(checked) == MANY
    assert 28 <= min(checked[:-1]) <= max(checked) <= 32


def test_a_document_that_takes_too_long_is_refused_with_that_reason_and_holds_back_no_other(cloud):
    slow, other = (cloud.snapshot(minute, 1.0) for minute in (0, 5))
    hurried = replace(cloud.settings, max_document_cpu_s=1e-9)

    assert load.load_document(hurried, slow, now=NOW, run_id="test") is None

    state, reason = cloud.read("SELECT state, reason FROM landing.document WHERE document_id = :id", id=slow).iloc[0]
    assert (state, "HELIOGRAPH_MAX_DOCUMENT_CPU_S" in reason) == ("refused", True)
    assert cloud.load(other).inserted_rows == 1


def test_of_many_answers_checked_together_only_the_bad_rows_are_held_back_and_each_in_its_document(cloud, monkeypatch):
    """Received six minutes apart, eight hours in all; two are of after their own receipt, one is impossible."""

    def said(number):
        return [at(6 * number + (60 if number in {7, 70} else 0)), 1e9 if number == 41 else number]

    ids, checked = land_many(cloud, said, lambda number: at(6 * number)), break_checks(monkeypatch, lambda _: False)

    counts = load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    held = cloud.read("SELECT document_id, broken_rules FROM landing.quarantine ORDER BY document_id")
    assert (counts["documents"], counts["inserted_rows"], counts["quarantined_rows"]) == (MANY, MANY - 3, 3)
    assert held["document_id"].tolist() == [ids[7], ids[41], ids[70]]
    assert held["broken_rules"].tolist() == [["time_plausible"], ["within_physical_limits"], ["time_plausible"]]
    assert cloud.stored() == {6.0 * number: float(number) for number in range(MANY) if number not in {7, 41, 70}}
    assert sum(checked) == MANY


def test_a_small_answer_takes_few_statements(cloud):
    ids = land_many(cloud)
    load.load_batch(cloud.settings, ids[:40], now=NOW, run_id="test")
    statements = []

    def count(connection, cursor, statement, *_):
        statements.append(statement)

    event.listen(engine_of(cloud.url), "before_cursor_execute", count)
    load.load_batch(cloud.settings, ids[40:], now=NOW, run_id="test")
    event.remove(engine_of(cloud.url), "before_cursor_execute", count)

    # One of them takes the tenant's turn.
    assert len(statements) <= 13 * 40
    assert sum("FROM fleet.tenant\n" in statement for statement in statements) == 1


def test_a_joint_check_that_fails_is_done_document_by_document(cloud, monkeypatch):
    ids = land_many(cloud)
    break_checks(monkeypatch, lambda frame: len(frame) > 1)

    counts = load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    assert (counts["documents"], counts["inserted_rows"]) == (MANY, MANY)
    assert cloud.stored() == {number: float(number) for number in range(MANY)}


def test_of_a_batch_only_the_document_fails_that_makes_its_check_fail(cloud, monkeypatch):
    ids = land_many(cloud)
    break_checks(monkeypatch, lambda frame: (frame["value"] == 66).any())

    counts = load.load_batch(cloud.settings, ids, now=NOW, run_id="test")

    assert counts["errors"] == [f"document {ids[66]}: CheckFailed, see the log of the task"]
    assert cloud.stored() == {number: float(number) for number in range(MANY) if number != 66}
    assert {document_id: cloud.state_of(document_id) for document_id in ids[65:68]} == {
        ids[65]: "loaded",
        ids[66]: "landed",
        ids[67]: "loaded",
    }


def test_what_cannot_be_read_ahead_is_read_document_by_document(cloud, monkeypatch):
    ids = land_many(cloud)
    monkeypatch.setattr(documents, "read_small_answers", lambda *_, **__: 1 / 0)

    assert load.load_batch(cloud.settings, ids[:3], now=NOW, run_id="test")["inserted_rows"] == 3


# ------------------------------------------------------------------------------------------------------- subjects and zones
def test_readings_of_plants_and_devices_are_found_by_the_vendors_keys(cloud):
    plants = cloud.land("plants", {"rows": [["S1", "energy_today_kwh", at(600).isoformat(), 12.5]]})
    devices = cloud.land("devices", {"rows": [["I1", "ac_power_kw", at(600).isoformat(), 3.0]]})

    counts = [cloud.load(plants), cloud.load(devices)]

    assert [count.inserted_rows for count in counts] == [1, 1]
    found = cloud.read(
        "SELECT p.plant_key, d.device_key, s.quantity, s.origin, r.value "
        "FROM mart.reading AS r JOIN fleet.series AS s USING (series_id) "
        "LEFT JOIN fleet.plant AS p USING (plant_id) LEFT JOIN fleet.device AS d USING (device_id) ORDER BY r.value"
    )
    assert found.fillna("").to_numpy().tolist() == [
        ["", "I1", "ac_power_kw", "measured", 3.0],
        ["S1", "", "energy_today_kwh", "measured", 12.5],
    ]


def test_the_same_key_of_another_source_is_another_device(cloud):
    cloud.register("device", source="drops", device_key="I1", kind="inverter")

    cloud.load(cloud.land("devices", {"rows": [["I1", "ac_power_kw", at(600).isoformat(), 3.0]]}))

    sources = cloud.read("SELECT d.source FROM fleet.series AS s JOIN fleet.device AS d USING (device_id)")["source"].tolist()
    assert sources == ["huawei"]


@pytest.mark.parametrize(("kind", "key"), [("plants", "S9"), ("devices", "I9")])
def test_an_unknown_subject_waits_even_where_the_tenant_registers_unknown_devices(cloud, kind, key):
    cloud.read("UPDATE fleet.tenant SET unknown_devices = 'register', register_under = 'S1' RETURNING 1")
    document_id = cloud.land(kind, {"rows": [[key, "ac_power_kw", at(600).isoformat(), 3.0]]})

    counts = cloud.load(document_id)

    assert (counts.inserted_rows, counts.quarantine_reasons) == (0, {"subject_known": 1})
    cloud.register(kind[:-1], **{f"{kind[:-1]}_key": key})
    assert cloud.state_of(document_id) == "landed"
    assert cloud.load(document_id).inserted_rows == 1


def test_local_days_of_a_plant_begin_in_the_zone_of_that_plant_of_that_source(cloud):
    cloud.register("plant", source="drops", plant_key="S1", timezone="Asia/Tokyo")

    cloud.load(cloud.land("plants", {"rows": [["S1", "energy_day_kwh", "2026-06-15", 30.0]]}))

    assert cloud.read("SELECT measured_at FROM mart.reading")["measured_at"].item() == pd.Timestamp("2026-06-14T22:00Z")


def test_a_power_far_above_the_rating_is_held_back(cloud):
    cloud.register("plant", plant_key="S1", capacity_kwp=100)
    cloud.register("device", device_key="I1", capacity_kw=60)
    cloud.register("device", device_key="M1", plant_key="S1", kind="meter")
    rows = [["I1", 90.0], ["I1", 90.1], ["I2", 150.0], ["I2", -5.1], ["M1", 9000.0], ["I1", -3.0]]
    said = [[key, "ac_power_kw", at(place).isoformat(), value] for place, (key, value) in enumerate(rows)]

    counts = cloud.load(cloud.land("devices", {"rows": said}))

    held = cloud.read("SELECT row_number, broken_rules FROM landing.quarantine ORDER BY 1")
    assert counts.quarantine_reasons == {"power_within_rating": 2}
    assert held.to_numpy().tolist() == [[2, ["power_within_rating"]], [4, ["power_within_rating"]]]


def test_an_inverter_with_a_battery_may_be_charged_from_the_grid_with_all_its_power(cloud):
    cloud.register("plant", plant_key="S1", capacity_kwp=100)
    at_night = {"rows": [["I1", "ac_power_kw", at(0).isoformat(), -40.0], ["I2", "ac_power_kw", at(0).isoformat(), -40.0]]}
    at_night["rows"] += [["I2", "battery_power_kw", at(0).isoformat(), 38.0], ["I2", "ac_power_kw", at(5).isoformat(), -150.1]]

    alone = cloud.load(cloud.land("devices", at_night))
    cloud.register("device", device_key="B1", plant_key="S1", kind="battery")
    beside = cloud.load(cloud.land("devices", {"rows": [["I1", "ac_power_kw", at(10).isoformat(), -40.0]]}))

    assert (alone.quarantine_reasons, alone.inserted_rows) == ({"power_within_rating": 2}, 2)
    assert (beside.quarantine_reasons, beside.inserted_rows) == ({}, 1)


# --------------------------------------------------------------------------------------------------------------- authority
def test_a_history_retracts_the_snapshots_that_it_does_not_confirm(cloud):
    for minute, value in ((3.2, 1.0), (8.2, 2.0), (10, 7.0)):
        cloud.load(cloud.snapshot(minute, value))
    cloud.roll_up()

    cloud.load(cloud.history({0: 1.0, 5: 2.0, 10: 3.0}))

    assert cloud.stored() == {0: 1.0, 5: 2.0, 10: 3.0}
    record = cloud.read("SELECT measured_at, value, retracted_by FROM mart.superseded_reading ORDER BY 1")
    assert record["value"].tolist() == [1.0, 2.0, 7.0]
    assert record["retracted_by"].fillna(0).tolist() == [4, 4, 0]
    assert cloud.read("SELECT DISTINCT local_day FROM ops.dirty_day")["local_day"].astype(str).tolist() == ["2026-06-15"]


def test_a_gap_that_a_history_leaves_keeps_what_snapshots_said(cloud):
    """A logger that uploads late: the snapshots of two hours are all that is known of them, however many frames there are."""
    for minute in range(720, 840, 10):
        cloud.load(cloud.snapshot(minute + 0.5, 50.0))
    frames = {minute: 40.0 for minute in range(0, 1440, 5) if not 720 <= minute < 840}

    cloud.load(cloud.history(frames))

    # The frames at 715 and 840 reach five minutes into the gap: no snapshot of these minutes is so near.
    assert cloud.stored() == frames | {minute + 0.5: 50.0 for minute in range(720, 840, 10)}


def test_a_true_history_ends_snapshots_that_stood_still_though_they_were_more(cloud):
    for minute in range(0, 120, 5):
        cloud.load(cloud.snapshot(minute + 0.5, 50.0))
    frames = dict.fromkeys(range(0, 120, 10), 10.0)

    cloud.load(cloud.history(frames, span=Span(at(0), at(120))))

    assert cloud.stored() == frames


def test_a_snapshot_that_comes_after_the_history_is_an_answer_like_any_other(cloud):
    cloud.load(cloud.history({0: 1.0, 5: 2.0, 10: 3.0}))

    cloud.load(cloud.snapshot(7.5, 9.0))
    assert cloud.stored() == {0: 1.0, 5: 2.0, 7.5: 9.0, 10: 3.0}
    cloud.load(cloud.history({0: 1.0, 5: 2.0}))

    # The later history is poorer, so the frame of the first one stays; the snapshot lies within a step of its frames.
    assert cloud.stored() == {0: 1.0, 5: 2.0, 10: 3.0}


def test_amounts_of_days_are_no_neighbours_of_each_other(cloud):
    days = Span(at(0) - timedelta(hours=2), at(3 * 1440) - timedelta(hours=2))
    cloud.load(cloud.land("plants", {"rows": [["S1", "energy_day_kwh", "2026-06-16", 120.0]]}))

    cloud.load(
        cloud.land(
            "plants",
            {"rows": [["S1", "energy_day_kwh", "2026-06-15", 100.0], ["S1", "energy_day_kwh", "2026-06-17", 90.0]]},
            span=days,
            received_at=NOW + timedelta(hours=1),
        )
    )

    assert cloud.read("SELECT value FROM mart.reading ORDER BY measured_at")["value"].tolist() == [100.0, 120.0, 90.0]


def test_a_poorer_history_takes_nothing_away(cloud):
    cloud.load(cloud.history({0: 1.0, 5: 2.0, 10: 3.0}))

    cloud.load(cloud.history({0: 1.5, 5.5: 2.0}))

    assert cloud.stored() == {0: 1.5, 5: 2.0, 5.5: 2.0, 10: 3.0}


def test_what_lies_outside_the_span_and_other_series_stay(cloud):
    cloud.load(cloud.history({0: 1.0, 1: 1.0}))
    cloud.load(cloud.history({0: 1.0}, subject="I2"))
    half_hour = Span(at(1), at(31))

    cloud.load(cloud.history({5: 2.0, 10: 3.0}, span=half_hour))

    assert cloud.stored() == {0: 1.0, 5: 2.0, 10: 3.0}
    assert cloud.stored("I2") == {0: 1.0}


def test_the_end_of_a_span_is_not_part_of_it(cloud):
    cloud.load(cloud.snapshot(10, 5.0))

    cloud.load(cloud.history({0: 1.0, 5: 1.0}, span=Span(at(0), at(10))))

    assert cloud.stored() == {0: 1.0, 5: 1.0, 10: 5.0}


@pytest.mark.parametrize("more", [{"span": None}, {"is_authoritative": False}])
def test_an_answer_that_is_not_authoritative_retracts_nothing(cloud, more):
    cloud.load(cloud.snapshot(3.2, 1.0))

    cloud.load(cloud.history({0: 1.0, 5: 2.0}, **more))

    assert cloud.stored() == {0: 1.0, 3.2: 1.0, 5: 2.0}


def test_days_in_the_order_of_receipt_never_open_each_other_again(cloud):
    ids = [
        cloud.history(
            dict.fromkeys(range(day * 1440, (day + 1) * 1440, 30), 2.0), span=Span(at(day * 1440), at((day + 1) * 1440))
        )
        for day in range(4)
    ]

    states = []
    for document_id in ids:
        cloud.load(document_id)
        states.append([cloud.state_of(one) for one in ids])

    assert states == [["loaded"] * (place + 1) + ["landed"] * (3 - place) for place in range(4)]


def test_a_late_answer_opens_only_those_that_speak_of_the_same_series_and_time(cloud):
    late = cloud.snapshot(3.2, 1.0)
    same = cloud.history({0: 1.0, 5: 2.0})
    other_series = cloud.history({0: 1.0, 5: 2.0}, subject="I2")
    other_day = cloud.history({1500: 1.0}, span=Span(at(1440), at(2880)))
    for document_id in (same, other_series, other_day):
        cloud.load(document_id)

    cloud.load(late)

    assert [cloud.state_of(one) for one in (same, other_series, other_day)] == ["landed", "loaded", "loaded"]
    cloud.settle()
    assert cloud.stored() == {0: 1.0, 5: 2.0, 1500: 1.0}


def test_a_late_answer_does_not_open_the_one_that_begins_where_it_ends(cloud):
    late, next_one = (
        cloud.history(
            dict.fromkeys(range(day * 1440, (day + 1) * 1440, 30), 2.0), span=Span(at(day * 1440), at((day + 1) * 1440))
        )
        for day in range(2)
    )
    cloud.load(next_one)

    cloud.load(late)

    assert cloud.state_of(next_one) == "loaded"


def test_a_late_answer_weighs_itself_against_what_only_later_ones_retracted(cloud):
    for minute in (4, 5, 9):
        cloud.load(cloud.history({minute: 1.0}, span=Span(at(minute), at(minute + 1))))
    late = cloud.history({10: 2.0}, span=Span(at(4), at(12)))
    cloud.load(cloud.history({0: 3.0, 1: 3.0}, span=Span(at(0), at(6))))

    cloud.load(late)
    cloud.settle()

    # When the late one was received three readings held in its span, and it brought one: 9 stays.
    assert cloud.stored() == {0: 3.0, 1: 3.0, 9: 1.0, 10: 2.0}


def test_a_replay_of_everything_changes_nothing(cloud):
    ids = [
        cloud.snapshot(3.2, 1.0),
        cloud.history({0: 1.0, 5: 2.0}),
        cloud.history({0: 1.0, 5: 2.5, 10: 3.0}),
        cloud.snapshot(12, 4.0),
    ]
    cloud.settle()
    before, record = cloud.stored(), cloud.read("SELECT * FROM mart.superseded_reading ORDER BY 1, 2, 3")

    cloud.replay(*ids)
    cloud.settle()

    assert cloud.stored() == before == {0: 1.0, 5: 2.5, 10: 3.0, 12: 4.0}
    pd.testing.assert_frame_equal(cloud.read("SELECT * FROM mart.superseded_reading ORDER BY 1, 2, 3"), record)


def fold(answers: Sequence[tuple[Span | None, dict[int, float]]]) -> dict[float, float]:
    """What must be stored after answers in the order of receipt: the rule once more, in a few lines."""
    stored: dict[float, float] = {}
    first_told: dict[float, int] = {}  # by a history, since when it holds
    histories: list[tuple[int, Span, int]] = []
    for place, (span, said) in enumerate(answers):
        if span is not None:
            held = {minute for minute in stored if span.start <= at(minute) < span.end}
            brought = sorted(minute for minute in said if span.start <= at(minute) < span.end)
            is_fullest = len(brought) >= len(first_told.keys() & held)
            apart = [one for one, asked, _ in histories if asked != span and asked.start < span.end and span.start < asked.end]
            fuller = [one for one, asked, count in histories if asked == span and count > len(brought)]
            outdone_at = max(apart + fuller, default=-1)
            gaps = sorted(later - minute for minute, later in itertools.pairwise(brought))
            step = min(gaps[(len(gaps) - 1) // 2] if gaps else 5, 30)
            for minute in held - set(brought):
                is_near = any(abs(minute - one) <= step for one in brought)
                if is_fullest or first_told[minute] > outdone_at if minute in first_told else is_near:
                    del stored[minute]
                    first_told.pop(minute, None)
            first_told = dict.fromkeys(said, place) | first_told
            histories.append((place, span, len(brought)))
        stored |= said
    return dict(sorted(stored.items()))


SPANS = st.sampled_from([None, Span(at(0), at(6)), Span(at(0), at(12)), Span(at(4), at(12)), Span(at(6), at(9))])


def readings_within(span: Span | None) -> st.SearchStrategy:
    minutes = st.integers(0, 11) if span is None else st.sampled_from([m for m in range(12) if span.start <= at(m) < span.end])
    readings = st.dictionaries(minutes, st.sampled_from([1.0, 2.0]), min_size=1, max_size=8)
    return readings.map(lambda said: (span, said))


THIRD, HALF = Span(at(6), at(9)), Span(at(0), at(6))
SAID_AGAIN = [
    ([(None, {10: 1.0}), (None, {10: 2.0}), (None, {10: 1.0})], (0, 2, 1)),
    (
        [(THIRD, {8: 1.0, 6: 2.0}), (None, {8: 2.0}), (THIRD, {7: 2.0}), (None, {8: 1.0, 6: 1.0}), (THIRD, {7: 1.0})],
        (1, 2, 4, 0, 3),
    ),
    (
        [(HALF, {2: 2.0, 0: 2.0}), (HALF, {0: 1.0, 2: 1.0, 4: 1.0}), (None, {2: 2.0, 0: 2.0, 11: 2.0}), (HALF, {4: 1.0, 3: 1.0})],
        (0, 2, 3, 1),
    ),
]
"""A reading that a later document confirms stays with the first that told it; what comes in between is loaded late."""


def land_all(cloud: Cloud, answers: Sequence[tuple[Span | None, dict[int, float]]]) -> list[int]:
    return [
        cloud.land(
            "devices",
            {"rows": [["I1", "ac_power_kw", at(minute).isoformat(), value] for minute, value in said.items()], "n": place},
            span=span,
        )
        for place, (span, said) in enumerate(answers)
    ]


@pytest.mark.parametrize(("answers", "order"), SAID_AGAIN, ids=["replaced", "restored over another", "restored"])
def test_what_a_later_document_confirmed_is_not_lost_to_one_that_is_loaded_late(cloud, unchecked, answers, order):
    ids = land_all(cloud, answers)

    for place in order:
        cloud.load(ids[place])
    cloud.settle()

    assert cloud.stored() == fold(answers)


RIGHT = dict.fromkeys(range(0, 60, 5), 2.0)
LATE_CLOCK = {minute + 7: kilowatts for minute, kilowatts in RIGHT.items() if minute < 50}
ONE_MISSING = {minute: kilowatts for minute, kilowatts in RIGHT.items() if minute != 30}


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ([RIGHT, LATE_CLOCK, RIGHT], RIGHT),
        ([RIGHT, LATE_CLOCK, ONE_MISSING], RIGHT),
        ([RIGHT, LATE_CLOCK, LATE_CLOCK, RIGHT], RIGHT),
        ([RIGHT, ONE_MISSING, {0: 2.0}], RIGHT),
    ],
    ids=["the same again", "with a frame less", "wrong twice", "cut short twice"],
)
def test_a_history_of_a_wrong_clock_is_taken_back_by_the_next_right_one_in_every_order_of_loading(cloud, unchecked, said, stored):
    for order in itertools.permutations(range(len(said))):
        cloud.forget()
        ids = land_all(cloud, [(WHOLE_DAY, one) for one in said])

        for place in order:
            cloud.load(ids[place])
        cloud.settle()

        assert cloud.stored() == stored, order


def test_what_a_history_confirms_of_a_snapshot_is_judged_as_the_historys(cloud):
    cloud.load(cloud.snapshot(5, 1.0))
    cloud.load(cloud.history({5: 1.0}))

    cloud.load(cloud.history({60: 2.0, 61: 2.0}))

    assert cloud.stored() == {60: 2.0, 61: 2.0}


ANSWERS = st.lists(SPANS.flatmap(readings_within), min_size=2, max_size=7)


@pytest.fixture
def unchecked(monkeypatch) -> None:
    """Every row is good: what is checked is told elsewhere, and costs most of a small load."""

    def check(frame, **_):
        good = np.ones(len(frame), bool)
        return Checked(good, np.zeros(len(frame), np.int64), (), {}, "none", "none", {})

    monkeypatch.setattr(prepared_readings, "check", check)


@settings(max_examples=settings.default.max_examples // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS, data=st.data())
def test_every_order_of_loading_overlapping_answers_gives_what_their_order_of_receipt_says(cloud, unchecked, answers, data):
    order = data.draw(st.permutations(range(len(answers))))
    replayed = data.draw(st.lists(st.sampled_from(range(len(answers))), max_size=3))
    is_eager = data.draw(st.booleans())
    cloud.forget()
    ids = land_all(cloud, answers)

    for place in order:
        cloud.load(ids[place])
        if is_eager:
            cloud.roll_up()
    cloud.settle()
    for place in replayed:
        cloud.replay(ids[place])
        cloud.load(ids[place])
    cloud.settle()
    cloud.roll_up()

    expected = fold(answers)
    assert cloud.stored() == expected
    days = cloud.read("SELECT sum, reading_count FROM mart.rollup WHERE grain = 'day' AND sum IS NOT NULL")
    assert days.to_numpy().tolist() == [[sum(expected.values()), len(expected)]]


# ------------------------------------------------------------------------------------------------------------------- alarms
def alarm(key: str, raised: float = 0, cleared: float | None = None, *, plant: str = "S1", device: str | None = "I1") -> list:
    return [key, plant, device, raised, cleared]


def told(cloud: Cloud, *alarms: list, at_hour: int, complete: bool = False, **asked: object) -> int:
    said = {"alarms": list(alarms), "plants": ["S1"], "complete": complete}
    return cloud.land("alarms", said, received_at=DAY + timedelta(hours=at_hour), **asked)


def alarms_of(cloud: Cloud) -> dict[str, tuple[bool, float | None]]:
    """By key: is it open, and the hour at which it was cleared."""
    frame = cloud.read("SELECT alarm_key, is_open, cleared_at FROM mart.alarm ORDER BY 1")
    return {
        key: (is_open, None if pd.isna(cleared) else (cleared - DAY).total_seconds() / 3600)
        for key, is_open, cleared in frame.itertuples(index=False)
    }


def test_an_alarm_is_kept_with_its_plant_and_device_and_changes_when_it_is_told_again(cloud):
    first = cloud.load(told(cloud, alarm("a"), alarm("b", device="I9"), alarm("a"), at_hour=1))

    second = cloud.load(told(cloud, alarm("a", cleared=90), alarm("b", device="I9"), alarm("c"), at_hour=2))

    assert (first.parsed_rows, first.inserted_rows, first.duplicate_rows) == (3, 2, 1)
    assert (second.inserted_rows, second.updated_rows, second.unchanged_rows) == (1, 1, 1)
    assert alarms_of(cloud) == {"a": (False, 1.5), "b": (True, None), "c": (True, None)}
    frame = cloud.read(
        "SELECT p.plant_key, d.device_key, a.code, a.name, a.severity, a.raised_at FROM mart.alarm AS a "
        "JOIN fleet.plant AS p USING (plant_id) LEFT JOIN fleet.device AS d USING (device_id) ORDER BY alarm_key"
    )
    assert frame.iloc[0].tolist() == ["S1", "I1", "102", "Fan fault", "major", pd.Timestamp(DAY)]
    assert frame["device_key"].isna().tolist() == [False, True, False]


def test_an_alarm_of_an_unknown_plant_waits_until_the_plant_is_registered(cloud):
    document_id = told(cloud, alarm("a"), alarm("b", plant="S9"), at_hour=1)

    counts = cloud.load(document_id)

    assert (counts.inserted_rows, counts.quarantine_reasons) == (1, {"subject_known": 1})
    held = cloud.read("SELECT row_number, quantity, subject, broken_rules FROM landing.quarantine")
    assert held.to_numpy().tolist() == [[2, "alarm", "S9", ["subject_known"]]]
    cloud.register("plant", plant_key="S9")
    cloud.settle()
    assert set(alarms_of(cloud)) == {"a", "b"}


def test_a_complete_list_ends_the_open_alarms_of_its_plants_that_it_lacks(cloud):
    cloud.register("plant", plant_key="S2")
    cloud.load(told(cloud, alarm("a"), alarm("b"), alarm("later", 400), alarm("other", plant="S2"), at_hour=1))

    cloud.load(told(cloud, alarm("b"), at_hour=2, complete=True))

    assert alarms_of(cloud) == {"a": (False, 2.0), "b": (True, None), "later": (True, None), "other": (True, None)}


def test_a_complete_list_ends_only_what_was_raised_in_the_span_that_was_asked(cloud):
    cloud.load(told(cloud, alarm("before", -60), alarm("within", 0), at_hour=1))

    cloud.load(told(cloud, at_hour=2, complete=True, span=WHOLE_DAY))

    assert alarms_of(cloud) == {"before": (True, None), "within": (False, 2.0)}


@pytest.mark.parametrize("more", [{"complete": False}, {"complete": True, "is_authoritative": False}])
def test_a_list_that_is_not_complete_ends_nothing(cloud, more):
    cloud.load(told(cloud, alarm("a"), at_hour=1))

    cloud.load(told(cloud, at_hour=2, **more))

    assert alarms_of(cloud) == {"a": (True, None)}


def test_the_same_empty_list_again_ends_what_was_raised_in_between(cloud):
    said = {"alarms": [], "plants": ["S1"], "complete": True}
    empty = cloud.land("alarms", said, received_at=DAY)
    cloud.settle()
    cloud.load(told(cloud, alarm("a"), at_hour=1))

    with engine_of(cloud.url).begin() as connection:
        row = cloud.read(
            "SELECT sha256, uri, size_bytes, stored_bytes, original_name FROM landing.document WHERE document_id = 1"
        )
        documents.note_delivery(
            connection,
            tenant_id=cloud.tenant_id,
            tenant="demo",
            feed="huawei_alarms",
            stored=row.iloc[0].to_dict(),
            received_at=DAY + timedelta(hours=3),
        )
    cloud.settle()

    assert cloud.state_of(empty) == "loaded"
    assert alarms_of(cloud) == {"a": (False, 3.0)}


LISTS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abc"), st.booleans(), max_size=3), st.booleans()), min_size=2, max_size=6
)


@settings(max_examples=settings.default.max_examples // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=LISTS, data=st.data())
def test_every_order_of_loading_alarms_gives_what_their_order_of_receipt_says(cloud, lists, data):
    order = data.draw(st.permutations(range(len(lists))))
    cloud.forget()
    expected: dict[str, tuple[bool, float | None]] = {}
    ids = []
    for hour, (said, is_complete) in enumerate(lists, start=1):
        ids.append(
            told(cloud, *(alarm(key, cleared=None if o else 30) for key, o in said.items()), at_hour=hour, complete=is_complete)
        )
        if is_complete:
            expected |= {key: (False, float(hour)) for key, (is_open, _) in expected.items() if is_open and key not in said}
        expected |= {key: (True, None) if is_open else (False, 0.5) for key, is_open in said.items()}

    for place in order:
        cloud.load(ids[place])
    cloud.settle()

    assert alarms_of(cloud) == dict(sorted(expected.items()))
