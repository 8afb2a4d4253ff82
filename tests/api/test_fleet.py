"""The fleet at this moment: what is fresh, what is wrong, and who comes first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from include.warehouse.api_key import save_api_key
from include.warehouse.api_session import CurrentUser
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 11, 21, 15, tzinfo=UTC)
"""12:00 in Sao Paulo; the sun set at about 18:30 the evening before."""


class Fleet:
    """A tenant with plants of two inverters at Sao Paulo."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.tenant_id = self.add(
            "INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('t', 't', 'America/Sao_Paulo') RETURNING tenant_id"
        )
        self.users = {
            role: self.add(
                "INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at) "
                "VALUES (:t, :role || '@x.example', :role, '', '2026-01-01Z') RETURNING user_id",
                role=role,
            )
            for role in ("client", "admin")
        }
        self.document_id = self.add(
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
            "received_at, last_received_at) VALUES (:t, 'telemetry_batches', 'd', repeat('a', 64), 'd', 1, 1, 'loaded', "
            "'2026-11-20Z', '2026-11-20Z') RETURNING document_id"
        )
        connection.execute(text("SELECT ops.ensure_reading_partitions(ARRAY[CAST(:at AS date)], 'month')"), {"at": NOON})

    def add(self, sql: str, **values: object) -> int:
        tenant = {} if "INTO fleet.tenant" in sql else {"t": self.tenant_id}
        return self._connection.execute(text(sql), {**tenant, **values}).scalar_one()

    def plant(self, name: str, *last_kw: tuple[datetime, float]) -> int:
        """A plant whose inverters spoke last at these instants; one without any never spoke."""
        plant_id = self.add(
            "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude) "
            "VALUES (:t, :name, :name, 'America/Sao_Paulo', -23.5, -46.6) RETURNING plant_id",
            name=name,
        )
        self.add(
            "INSERT INTO mart.plant_model (tenant_id, plant_id, latitude, longitude, is_place_guessed, tilt_deg, azimuth_deg, "
            "plane_source, clear_days, degradation_pairs, month_pct, computed_at) VALUES (:t, :p, -23.5, -46.6, false, 23, 0, "
            "'assumed', 0, 0, array_fill(0::float8, ARRAY[12]), '2026-11-20Z') RETURNING 1",
            p=plant_id,
        )
        for number, (at, kw) in enumerate(last_kw):
            device_id = self.add(
                "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
                "VALUES (:t, :key, :p, 'inverter', :key) RETURNING device_id",
                key=f"{name}-{number}", p=plant_id,
            )  # fmt: skip
            series_id = self.add(
                "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind, origin) "
                "VALUES (:t, :d, 'ac_power_kw', 'power', 'measured') RETURNING series_id",
                d=device_id,
            )
            for when, value in ((at - timedelta(minutes=5), 99.0), (at, kw)):
                self.add(
                    "INSERT INTO mart.reading VALUES (:s, :d, :at, :v) RETURNING 1",
                    s=series_id, d=self.document_id, at=when, v=value,
                )  # fmt: skip
        return plant_id

    def alarm(self, plant_id: int, severity: str, raised_at: datetime, *, is_open: bool = True) -> int:
        return self.add(
            "INSERT INTO mart.alarm (tenant_id, plant_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, "
            "document_id, reported_at) VALUES (:t, :p, :key, '1', :severity, :severity, :at, :cleared, :open, :d, :at) "
            "RETURNING alarm_id",
            p=plant_id, key=f"{severity} {raised_at}", severity=severity, at=raised_at, open=is_open,
            cleared=None if is_open else raised_at + timedelta(hours=1), d=self.document_id,
        )  # fmt: skip


@pytest.fixture
def ask(new_warehouse: Callable[[], str], stage):
    """Fill a tenant, then give who asks for it: path, role and moment."""
    url = new_warehouse()

    def start(fill: Callable[[Fleet], None]):
        with transaction(url) as connection:
            save_api_key(connection, stage.secret)
            fleet = Fleet(connection)
            fill(fleet)
        moment = [NOON]
        elsewhere = replace(stage, url=url, api_url=url.replace("heliograph:owner@", "heliograph_api:reader@"))
        app = elsewhere.new_app(lambda: moment[0])

        def get(path: str, role: str = "client", at: datetime = NOON):
            moment[0] = at
            user = CurrentUser(fleet.users[role], fleet.tenant_id, 1)
            token = app.state.heliograph.tokens.issue(user, now=at)
            return stage.client_of(app).get(path, {"Authorization": f"Bearer {token}"})

        return get

    return start


def test_the_worst_come_first_and_silence_is_no_fault(ask):
    ids: dict[str, int] = {}

    def fill(fleet: Fleet) -> None:
        ids["well"] = fleet.plant("well", (NOON - timedelta(minutes=5), 3.0), (NOON - timedelta(minutes=6), 4.5))
        ids["late"] = fleet.plant("late", (NOON - timedelta(hours=2), 3.0))
        ids["half"] = fleet.plant("half", (NOON, 5.0), (NOON - timedelta(hours=1), 7.0), (NOON, float("nan")))
        ids["never"] = fleet.plant("never")
        fleet.add(
            "UPDATE fleet.device SET dismantled_on = '2026-11-20' WHERE device_key = 'half-2' AND tenant_id = :t RETURNING 1"
        )
        ids["broken"] = fleet.plant("broken", (NOON, 1.0))
        fleet.alarm(ids["broken"], "minor", NOON - timedelta(days=9))
        ids["alarm"] = fleet.alarm(ids["broken"], "major", NOON - timedelta(hours=3))
        fleet.alarm(ids["broken"], "major", NOON - timedelta(hours=1))
        fleet.alarm(ids["well"], "critical", NOON - timedelta(days=1), is_open=False)

    answer = ask(fill)("/fleet").json()
    plants = {plant["name"]: plant for plant in answer["data"]}

    assert list(plants) == ["broken", "late", "never", "well", "half"]
    assert {name: (plant["freshness"], plant["power_kw"]) for name, plant in plants.items()} == {
        "broken": ("fresh", 1.0), "late": ("late", None), "never": ("never", None),
        "well": ("fresh", 7.5), "half": ("fresh", 5.0),
    }  # fmt: skip
    assert (plants["half"]["inverters_in_power"], plants["half"]["inverter_count"]) == (1, 2)
    assert plants["broken"]["fault"] == "major"
    assert plants["broken"]["open_alarms"] == {"critical": 0, "major": 2, "minor": 1, "notice": 0}
    assert plants["broken"]["worst_alarm"]["alarm_id"] == ids["alarm"]
    assert plants["well"]["fault"] == "none"
    assert datetime.fromisoformat(answer["as_of"]) == NOON


def test_an_inverter_that_is_gone_is_in_no_sum_though_it_goes_on_speaking(ask):
    gone = "UPDATE fleet.device SET dismantled_on = '2026-11-20' WHERE device_key = :key AND tenant_id = :t RETURNING 1"

    def fill(fleet):
        fleet.plant("p", (NOON, 5.0), (NOON, 1.0), (NOON, 4.0))
        fleet.add(gone, key="p-1")

    (row,) = ask(fill)("/fleet").json()["data"]

    assert (row["power_kw"], row["inverters_in_power"], row["inverter_count"]) == (9.0, 2, 2)


def test_a_plant_that_is_silent_at_night_is_not_late(ask):
    sunset = datetime(2026, 11, 20, 21, tzinfo=UTC)
    get = ask(lambda fleet: fleet.plant("p", (sunset, 0.2)))

    told = {hours: get("/fleet", at=sunset + timedelta(hours=hours)).json()["data"][0]["freshness"] for hours in (0, 6, 14, 90)}

    assert told == {0: "fresh", 6: "night", 14: "late", 90: "late"}


def test_the_alarms_of_all_plants_are_those_that_go_on_or_ended_since(ask):
    found: dict[str, int] = {}

    def fill(fleet: Fleet) -> None:
        plant_id = fleet.plant("p")
        found["old"] = fleet.alarm(plant_id, "major", NOON - timedelta(days=400))
        found["ended"] = fleet.alarm(plant_id, "minor", NOON - timedelta(days=3), is_open=False)
        found["new"] = fleet.alarm(plant_id, "minor", NOON - timedelta(hours=1), is_open=False)

    get = ask(fill)

    def ids(path: str) -> list[int]:
        return [alarm["alarm_id"] for alarm in get(path).json()["data"]]

    assert ids("/alarms") == [found["new"], found["ended"], found["old"]]
    assert ids("/alarms?since=2026-11-21T00:00:00-03:00") == [found["new"], found["old"]]
    assert ids("/alarms?severity=minor&state=closed") == [found["new"], found["ended"]]
    first = get("/alarms?limit=2").json()
    assert ids(f"/alarms?limit=2&cursor={first['next']}") == [found["old"]]
    assert ids("/alarms?since=2026-11-20T03:36-23:24") == [found["new"], found["old"]]
    assert get("/alarms?since=2026-11-21").status_code == 422


def test_an_account_tells_admins_its_state_and_nobody_a_secret(ask):
    def fill(fleet: Fleet) -> None:
        account_id = fleet.add(
            "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, credentials, account, state, reason, "
            "state_set_at, next_due_at, last_reason) VALUES (:t, 'deye', 'roof', 't__roof', 'hunter2', '[\"hunter2\"]', "
            "'needs attention', 'said no', '2026-11-20Z', '2026-11-22Z', 'said no') RETURNING integration_id"
        )
        for state in ("waiting", "refused"):
            fleet.add(
                "INSERT INTO ops.pull (integration_id, purpose, priority, interface, request_key, request, state, due_at, "
                "planned_at) "
                "VALUES (:i, 'now', 1, 'x', :state, '{}', :state, '2026-11-22Z', '2026-11-22Z') RETURNING 1",
                i=account_id, state=state,
            )  # fmt: skip
        for interface, ends_at in (("past", "2026-11-20Z"), ("coming", "2026-11-30Z")):
            fleet.add(
                "INSERT INTO ops.vendor_block (integration_id, interface, ends_at, reason) VALUES (:i, :name, :ends, 'busy') "
                "RETURNING 1",
                i=account_id, name=interface, ends=ends_at,
            )  # fmt: skip
        for hour, interface in enumerate(("device/history", "device/latest")):
            fleet.add(
                "INSERT INTO ops.refused_member (integration_id, interface, member_key, reason, times, first_refused_at, "
                "last_refused_at, again_at) "
                "VALUES (:i, :name, 'SN7', 'gone', 3, '2026-11-19Z', :last, '2026-11-22Z') RETURNING 1",
                i=account_id, name=interface, last=f"2026-11-20T0{hour}:00Z",
            )  # fmt: skip

    get = ask(fill)

    answer = get("/accounts", role="admin")
    (account,) = answer.json()["data"]

    assert (account["state"], account["reason"], account["waiting"], account["refused"]) == ("needs attention", "said no", 1, 1)
    assert [block["interface"] for block in account["blocked"]] == ["coming"]
    left_out = {
        "member": "SN7", "interface": "device/latest", "since": "2026-11-19T00:00:00+00:00", "times": 3, "reason": "gone",
        "again_at": "2026-11-22T00:00:00+00:00",
    }  # fmt: skip
    assert (account["left_out"], account["left_out_last"][0]) == (1, left_out)
    assert [one["interface"] for one in account["left_out_last"]] == ["device/latest", "device/history"]
    assert "hunter2" not in answer.text
    assert get("/accounts").status_code == 403
