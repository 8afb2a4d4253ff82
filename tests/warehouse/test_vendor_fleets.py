"""Plants and devices that vendors tell of: what they change, what the operator's word keeps, in any order."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from include.core.errors import BadDocument, Refused
from include.core.fleet import DeviceRow, PlantRow, Registry
from include.landing.store import ObjectStore
from include.steps import register
from include.steps.targets import save_targets
from include.steps.vendor_fleet import Receipt, merge
from include.warehouse import documents
from include.warehouse.engine import transaction
from include.warehouse.vendor_fleet import Known
from tests.warehouse.small_river import SmallRiver

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 6, 16, 12, tzinfo=UTC)


class StandInCloud:
    """A cloud whose answers are the rows themselves."""

    @staticmethod
    def parse_fleet(body, context) -> Registry:
        told = json.loads(bytes(body))
        if "fault" in told:
            raise BadDocument(told["fault"])
        plants = [plant | {"commissioned_on": _day(plant.get("commissioned_on"))} for plant in told.get("plants", ())]
        return Registry(
            plants=[PlantRow(**plant) for plant in plants], devices=[DeviceRow(**device) for device in told.get("devices", ())]
        )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


class CloudyRiver(SmallRiver):
    """A tenant with accounts at vendors, whose answers land one minute after the other."""

    def add_account(self, vendor: str, name: str) -> int:
        return int(
            self.read(
                "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state_set_at, next_due_at) "
                "VALUES (:t, :vendor, :name, 'demo__' || :name, :at, :at) RETURNING integration_id",
                t=self.tenant_id, vendor=vendor, name=name, at=NOON,
            )["integration_id"].item()
        )  # fmt: skip

    def land(self, feed: str, told: dict, *, minute: int = 0, account: int | None = None) -> int:
        """Land an answer or a file without registering it; returns its document."""
        path = self.settings.home / "answer.json"
        path.write_text(json.dumps(told))
        at = NOON + timedelta(minutes=minute)
        stored = ObjectStore(self.settings.landing).put(path, tenant="demo", feed=feed, received_at=at)
        path.unlink()
        with transaction(self.settings.database_url) as connection:
            return documents.note_delivery(
                connection,
                tenant_id=self.tenant_id,
                tenant="demo",
                feed=feed,
                stored=asdict(stored) | {"original_name": "answer"},
                received_at=at,
                integration_id=account,
            ).document_id

    def register_documents(self, document_ids: Iterable[int]) -> None:
        for document_id in document_ids:
            register.register_document(self.settings, document_id, now=NOON, run_id="test")

    def hear(self, feed: str, *, minute: int = 0, account: int | None = None, **told: list) -> dict:
        """Land an answer or a file, and register whatever waits."""
        self.land(feed, told, minute=minute, account=account)
        return register.register_landed(self.settings, now=NOON, run_id="test")

    def plant(self, key: str = "NE=1", source: str = "huawei") -> dict:
        rows = self.read("SELECT * FROM fleet.plant WHERE plant_key = :key AND source = :source", key=key, source=source)
        return rows.iloc[0].to_dict()

    def device(self, key: str, source: str = "huawei") -> dict:
        rows = self.read(
            "SELECT d.*, p.plant_key FROM fleet.device AS d LEFT JOIN fleet.plant AS p USING (plant_id) "
            "WHERE device_key = :key AND d.source = :source",
            key=key, source=source,
        )  # fmt: skip
        return rows.iloc[0].to_dict()

    def add_loaded(self, feed: str, *, waits_for: str | None = None) -> int:
        """A document that was loaded; with a quarantined row that waits for a subject where one is named."""
        document_id = int(
            self.read(
                "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
                "received_at, last_received_at) "
                "VALUES (:t, :feed, :feed, md5(:feed) || md5(:feed), '', 1, 1, 'loaded', :at, :at) RETURNING document_id",
                t=self.tenant_id, feed=feed, at=NOON,
            )["document_id"].item()
        )  # fmt: skip
        if waits_for:
            self.read(
                "INSERT INTO landing.quarantine VALUES (:d, 1, 'energy_day_kwh', :t, :subject, '{subject_known}', '{}') "
                "RETURNING 1",
                d=document_id, t=self.tenant_id, subject=waits_for,
            )  # fmt: skip
        return document_id

    def states(self) -> dict[str, str]:
        rows = self.read("SELECT feed, state FROM landing.document ORDER BY document_id")
        return {row.feed: row.state for row in rows.itertuples() if row.feed not in {"registry", "huawei_fleet", "sungrow_fleet"}}


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> CloudyRiver:
    return CloudyRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared, monkeypatch) -> CloudyRiver:
    shared.forget()
    monkeypatch.setattr(register, "CLOUDS", dict.fromkeys(("huawei", "sungrow", "deye"), StandInCloud))
    return shared


def one_plant(**fields: object) -> dict:
    return {
        "plant_key": "NE=1", "name": "Roof", "timezone": "Europe/Berlin", "latitude": 48.1, "longitude": 11.6,
        "capacity_kwp": 100.0, "commissioned_on": "2022-11-21",
    } | fields  # fmt: skip


def some(row: dict, *names: str) -> list:
    return [row[name] for name in names]


# ------------------------------------------------------------------------------------------------------------- what arrives


def test_a_vendors_answer_registers_plants_and_devices_with_their_account(river):
    account = river.add_account("huawei", "roofs")
    devices = [
        {"device_key": "-7", "plant_key": "NE=1", "kind": "inverter", "name": "INV 1", "model": "SUN2000", "vendor_type": "1"}
    ]

    counts = river.hear("huawei_fleet", account=account, plants=[one_plant()], devices=devices)

    plant, device = river.plant(), river.device("-7")
    assert (counts["documents"], counts["parsed_rows"], counts["inserted_rows"]) == (1, 2, 2)
    assert plant.items() >= one_plant(source="huawei", commissioned_on=date(2022, 11, 21), integration_id=account).items()
    assert some(device, "plant_key", "kind", "name", "model", "vendor_type") == ["NE=1", "inverter", "INV 1", "SUN2000", "1"]
    assert plant["vendor_reported"]["capacity_kwp"] == {"value": 100, "at": "2026-06-16T12:00:00+00:00", "document_id": 1}


def test_a_plant_without_a_zone_gets_the_tenants_and_the_log_says_so(river, caplog):
    river.hear("huawei_fleet", plants=[one_plant(timezone=None, latitude=None, longitude=None)])

    assert river.plant()["timezone"] == "America/Sao_Paulo"
    assert "'NE=1' of huawei in tenant demo comes without a time zone: its days are those of America/Sao_Paulo" in caplog.text


def test_a_zone_that_the_vendor_tells_later_replaces_the_tenants(river):
    river.hear("huawei_fleet", plants=[one_plant(timezone=None)])

    river.hear("huawei_fleet", minute=1, plants=[one_plant()])

    assert river.plant()["timezone"] == "Europe/Berlin"


def test_what_the_vendor_changes_and_nobody_edited_arrives(river):
    device = {"device_key": "7", "plant_key": "NE=1", "kind": "inverter", "name": "INV", "model": "A", "vendor_type": "1"}
    river.hear("huawei_fleet", plants=[one_plant(), one_plant(plant_key="NE=2")], devices=[device])

    told = one_plant(name="Barn", capacity_kwp=120, latitude=48.2)
    counts = river.hear(
        "huawei_fleet", minute=1, plants=[told], devices=[device | {"plant_key": "NE=2", "model": "B", "vendor_type": "38"}]
    )

    assert some(river.plant(), "name", "capacity_kwp", "latitude", "longitude") == ["Barn", 120, 48.2, 11.6]
    assert some(river.device("7"), "plant_key", "model", "vendor_type") == ["NE=2", "B", "38"]
    assert (counts["parsed_rows"], counts["updated_rows"]) == (2, 2)


def test_a_plant_and_a_device_that_are_no_longer_listed_stay(river):
    device = {"device_key": "7", "plant_key": "NE=2", "kind": "meter"}
    river.hear("huawei_fleet", plants=[one_plant(), one_plant(plant_key="NE=2")], devices=[device])

    river.hear("huawei_fleet", minute=1, plants=[one_plant()])

    assert river.plant("NE=2")["name"] == "Roof"
    assert river.device("7")["kind"] == "meter"


@pytest.mark.parametrize(
    "silence",
    [
        {"name": None, "timezone": None, "latitude": None, "longitude": None, "capacity_kwp": None, "commissioned_on": None},
        {"latitude": 0, "longitude": 0, "capacity_kwp": 0},
        {"latitude": 91.0, "longitude": None, "capacity_kwp": -1, "timezone": "GMT+8", "name": " "},
    ],
    ids=["null", "zeros", "nonsense"],
)
def test_what_the_vendor_does_not_tell_erases_nothing(river, silence):
    fields = ("name", "timezone", "latitude", "longitude", "capacity_kwp", "commissioned_on")
    river.hear("huawei_fleet", plants=[one_plant()])
    before = some(river.plant(), *fields)

    river.hear("huawei_fleet", minute=1, plants=[one_plant() | silence])

    assert some(river.plant(), *fields) == before
    river.hear("huawei_fleet", minute=2, plants=[one_plant(capacity_kwp=110)])
    assert river.plant()["capacity_kwp"] == 110


def test_a_list_that_cannot_be_read_is_refused_and_nobody_finds_it_among_the_drops(river):
    counts = river.hear("huawei_fleet", fault="the answer has no list")

    assert counts == {"documents": 1, "refused": 1, "errors": []}
    assert river.read("SELECT state, reason FROM landing.document").values.tolist() == [["refused", "the answer has no list"]]
    assert river.files() == []


# -------------------------------------------------------------------------------------------------------- the operator's word


def test_the_operators_capacity_place_and_zone_survive_ten_pulls(river):
    river.hear("sungrow_fleet", plants=[one_plant()])
    edit = {"plant_key": "NE=1", "source": "sungrow", "capacity_kwp": 130.5, "latitude": -8.05, "longitude": -34.9,
            "timezone": "America/Recife"}  # fmt: skip
    river.hear("registry", plants=[edit])

    for pull in range(1, 11):
        told = one_plant(name=f"Roof {pull}", capacity_kwp=100 + pull, latitude=48 + pull, timezone="Europe/Madrid")
        river.hear("sungrow_fleet", minute=pull, plants=[told])

    plant = river.plant(source="sungrow")
    assert some(plant, "capacity_kwp", "latitude", "longitude", "timezone") == [130.5, -8.05, -34.9, "America/Recife"]
    assert plant["name"] == "Roof 10"
    assert plant["vendor_reported"]["capacity_kwp"]["value"] == 110
    assert river.count("fleet.plant") == 1


def test_a_devices_kind_name_and_plant_stay_as_the_operator_put_them_and_its_type_follows_the_vendor(river):
    told = {"device_key": "7", "plant_key": "NE=1", "kind": "inverter", "name": "INV", "model": "A", "vendor_type": "1"}
    river.hear("huawei_fleet", plants=[one_plant(), one_plant(plant_key="NE=2")], devices=[told])
    edit = {"device_key": "7", "plant_key": "NE=2", "kind": "meter", "name": "Grid meter", "fonte": "huawei"}
    river.hear("registry", devices=[edit])

    river.hear("huawei_fleet", minute=1, devices=[told | {"name": "INV-1", "model": "B", "vendor_type": "17"}])

    assert some(river.device("7"), "plant_key", "kind", "name", "model", "vendor_type") == [
        "NE=2",
        "meter",
        "Grid meter",
        "B",
        "17",
    ]


def test_a_vendor_fills_what_an_operator_who_came_first_left_open(river):
    river.hear("registry", plants=[{"plant_key": "NE=1", "source": "huawei", "capacity_kwp": 130}])
    assert some(river.plant(), "name", "timezone") == ["NE=1", "America/Sao_Paulo"]

    river.hear("huawei_fleet", plants=[one_plant()])

    assert some(river.plant(), "name", "timezone", "capacity_kwp", "latitude") == ["Roof", "Europe/Berlin", 130, 48.1]


def test_a_registry_row_without_a_source_is_another_plant(river):
    river.hear("huawei_fleet", plants=[one_plant()])

    river.hear("registry", plants=[{"plant_key": "NE=1", "capacity_kwp": 5}])

    assert [river.plant()["capacity_kwp"], river.plant(source="drops")["capacity_kwp"]] == [100, 5]


@pytest.mark.parametrize(
    ("stored", "said", "told", "expected"),
    [
        (None, None, 5, 5),  # nobody knew
        (5, 5, 6, 6),  # the vendor's own value
        (7, 5, 6, None),  # edited
        (7, None, 6, None),  # edited before the vendor spoke
        (5, 5, 5, None),
        (6, 5, 6, None),  # edited to what the vendor says now
        (5, 5, None, None),
    ],
)
def test_a_field_changes_only_where_it_still_holds_what_the_vendor_said(stored, said, told, expected):
    known = Known({"capacity_kwp": stored}, {"capacity_kwp": {"value": said}} if said else {})

    changes, _ = merge(known, {"capacity_kwp": told}, Receipt(NOON, 3))

    assert changes.get("capacity_kwp") == expected


# -------------------------------------------------------------------------------------------------------------------- order


def whole(river) -> list:
    rows = river.read(
        "SELECT plant_key, name, timezone, latitude, longitude, capacity_kwp, commissioned_on::text, integration_id, "
        "vendor_reported::text FROM fleet.plant "
        "UNION ALL SELECT device_key, d.name, kind, NULL, NULL, d.capacity_kw, p.plant_key, NULL, d.vendor_reported::text "
        "FROM fleet.device AS d LEFT JOIN fleet.plant AS p USING (plant_id) ORDER BY 1, 2"
    )
    return rows.astype(object).where(rows.notna(), None).values.tolist()


def test_answers_and_an_edit_end_equal_in_whatever_order_they_are_registered(river, torture):
    device = {"device_key": "7", "kind": "inverter", "vendor_type": "1"}
    answers = [
        ("huawei_fleet", {"plants": [one_plant(commissioned_on=None)], "devices": [device | {"plant_key": "NE=1", "name": "A"}]}),
        ("huawei_fleet", {"plants": [one_plant(name="Barn", capacity_kwp=None, latitude=48.3)]}),
        ("huawei_fleet", {"plants": [one_plant(name=None, capacity_kwp=140), one_plant(plant_key="NE=2")]}),
        ("huawei_fleet", {"devices": [device | {"plant_key": "NE=2", "name": None, "model": "M"}]}),
        ("registry", {"plants": [{"plant_key": "NE=1", "source": "huawei", "longitude": 12.5, "timezone": "Europe/Vienna"}]}),
    ]
    ends = []
    orders = list(permutations(range(len(answers))))

    # Every ninth: each answer comes first and last, and each comes before and after each other one.
    for order in orders if torture else orders[::9]:
        river.forget()
        account = river.add_account("huawei", "roofs")
        ids = [
            river.land(feed, told, minute=place, account=account if feed != "registry" else None)
            for place, (feed, told) in enumerate(answers)
        ]
        river.register_documents(ids[place] for place in order)
        register.register_landed(river.settings, now=NOON, run_id="test")
        ends.append(whole(river))

    assert ends[0][0][:4] == ["7", "A", "inverter", None]
    assert ends[0][0][6] == "NE=2"
    assert ends[0][1][:8] == ["NE=1", "Barn", "Europe/Vienna", 48.1, 12.5, 140.0, "2022-11-21", 1]
    assert all(end == ends[0] for end in ends)


def test_registering_an_answer_again_changes_nothing(river):
    device = {"device_key": "7", "plant_key": "NE=1", "kind": "inverter", "vendor_type": "1"}
    river.hear("huawei_fleet", plants=[one_plant()], devices=[device])
    before = whole(river)

    river.read("UPDATE landing.document SET state = 'landed' RETURNING 1")
    counts = register.register_landed(river.settings, now=NOON, run_id="test")

    assert (counts["parsed_rows"], counts["unchanged_rows"]) == (2, 2)
    assert whole(river) == before


def test_a_vendor_that_returns_to_an_earlier_answer_is_believed(river):
    for minute, capacity in enumerate([100, 120, 100]):
        river.hear("huawei_fleet", minute=minute, plants=[one_plant(capacity_kwp=capacity)])

    assert river.count("landing.document") == 2
    assert river.plant()["capacity_kwp"] == 100


def test_a_device_that_comes_before_its_plant_waits_for_it(river):
    device = {"device_key": "7", "plant_key": "NE=9", "kind": "inverter", "vendor_type": "1"}
    counts = river.hear("huawei_fleet", devices=[device])
    assert (counts["quarantined_rows"], river.count("fleet.device")) == (1, 0)
    waiting = river.read("SELECT subject, broken_rules::text AS rules FROM landing.quarantine")
    assert waiting.values.tolist() == [["NE=9", "{plant_known}"]]

    river.hear("huawei_fleet", minute=1, plants=[one_plant(plant_key="NE=9")])

    assert river.device("7")["plant_key"] == "NE=9"
    assert river.count("landing.quarantine") == 0


# ----------------------------------------------------------------------------------------------------------- what follows


def test_readings_that_wait_for_a_plant_or_a_device_are_read_again(river):
    river.add_loaded("huawei_plants", waits_for="NE=1")
    river.add_loaded("huawei_devices", waits_for="7")
    river.add_loaded("deye_devices", waits_for="8")

    device = {"device_key": "7", "plant_key": "NE=1", "kind": "inverter", "vendor_type": "1"}
    counts = river.hear("huawei_fleet", plants=[one_plant()], devices=[device])

    assert counts["replayed_documents"] == 2
    assert river.states() == {"huawei_plants": "landed", "huawei_devices": "landed", "deye_devices": "loaded"}


@pytest.mark.parametrize(
    ("edit", "replayed"),
    [({"timezone": "America/Recife"}, 3), ({"timezone": "Europe/Berlin"}, 0), ({"capacity_kwp": 5}, 0)],
    ids=["another zone", "the same zone", "another field"],
)
def test_answers_that_were_read_in_the_old_zone_are_read_again(river, edit, replayed):
    river.hear("sungrow_fleet", plants=[one_plant()])
    river.hear("huawei_fleet", plants=[one_plant()])
    feeds = ("sungrow_plants", "sungrow_devices", "sungrow_alarms", "huawei_devices", "plant_measurements")
    for feed in feeds:
        river.add_loaded(feed)

    counts = river.hear("registry", plants=[{"plant_key": "NE=1", "source": "sungrow", **edit}])

    assert counts.get("replayed_documents", 0) == replayed
    assert [feed for feed, state in river.states().items() if state == "landed"] == list(feeds[:replayed])


def test_a_vendors_instants_are_read_once_whatever_zone_its_plant_has(river):
    river.hear("huawei_fleet", plants=[one_plant()])
    river.add_loaded("huawei_devices")

    river.hear("registry", plants=[{"plant_key": "NE=1", "source": "huawei", "timezone": "America/Recife"}])

    assert river.states() == {"huawei_devices": "loaded"}


def test_the_days_of_a_plant_whose_zone_the_vendor_corrects_are_computed_again(river):
    device = {"device_key": "7", "plant_key": "NE=1", "kind": "inverter", "vendor_type": "1"}
    river.hear("huawei_fleet", plants=[one_plant()], devices=[device])
    river.read(
        "WITH s AS (INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) "
        "SELECT tenant_id, device_id, 'ac_power_kw', 'power' FROM fleet.device RETURNING series_id) "
        "INSERT INTO mart.rollup "
        "(series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, computed_at) "
        "SELECT series_id, 'day', :at, :at, '2026-06-15', 1, 0, 0, :at FROM s RETURNING 1", at=NOON,
    )  # fmt: skip
    assert river.count("ops.dirty_day") == 0

    river.hear("huawei_fleet", minute=1, plants=[one_plant(timezone="Europe/Lisbon")])

    days = river.read("SELECT DISTINCT local_day FROM ops.dirty_day ORDER BY 1")
    assert days["local_day"].tolist() == [date(2026, 6, 14), date(2026, 6, 15), date(2026, 6, 16)]


def test_a_plant_of_two_accounts_is_pulled_through_the_older_one_until_that_is_shut(river):
    first, second = river.add_account("huawei", "first"), river.add_account("huawei", "second")
    for minute, account in enumerate((second, first, second)):
        river.hear("huawei_fleet", minute=minute, account=account, plants=[one_plant(name=f"Roof {minute}")])
    assert river.plant()["integration_id"] == first

    river.read("UPDATE fleet.integration SET state = 'disabled' WHERE integration_id = :first RETURNING 1", first=first)
    river.hear("huawei_fleet", minute=3, account=second, plants=[one_plant(name="Roof 2")])

    assert river.plant()["integration_id"] == second


# ------------------------------------------------------------------------------------------------------ targets and tariffs


TARGET = {"plant_key": "NE=1", "month": "2026-02", "target_kwh": 2800}
TARIFF = {"plant_key": "NE=1", "valid_from": "2026-01-01", "price_per_kwh": 0.9}


def targets(river) -> list[list]:
    return river.read("SELECT source, target_kwh FROM fleet.target JOIN fleet.plant USING (plant_id) ORDER BY 1").values.tolist()


def test_a_target_and_a_tariff_find_the_only_plant_of_their_key(river):
    river.hear("huawei_fleet", plants=[one_plant()])

    river.hear("registry", targets=[TARGET], tariffs=[TARIFF])

    assert targets(river) == [["huawei", 2800.0]]
    assert river.read("SELECT source FROM fleet.tariff JOIN fleet.plant USING (plant_id)").values.tolist() == [["huawei"]]


def test_a_target_of_one_of_two_plants_needs_the_source(river):
    river.hear("huawei_fleet", plants=[one_plant()])
    river.hear("registry", plants=[{"plant_key": "NE=1", "name": "Ours"}])

    river.hear("registry", targets=[TARGET, TARGET | {"vendor": "huawei", "target_kwh": 9}], tariffs=[TARIFF])

    waiting = river.read("SELECT quantity, subject, broken_rules::text, payload ->> 'reason' FROM landing.quarantine ORDER BY 1")
    assert targets(river) == [["huawei", 9.0]]
    assert waiting.iloc[:, :3].values.tolist() == [["targets", "NE=1", "{plant_known}"], ["tariffs", "NE=1", "{plant_known}"]]
    assert waiting.iloc[0, 3].startswith("plant 'NE=1' is there in drops and huawei; say in the column source which")


def test_the_form_of_targets_needs_the_source_where_two_plants_have_the_key(river):
    river.hear("huawei_fleet", plants=[one_plant()])
    form = {"tenant": "demo", "plant": "NE=1", "year": 2026, "months_kwh": [None, 2800.0, *[None] * 10], "now": NOON}
    save_targets(river.settings, **form)
    river.hear("registry", plants=[{"plant_key": "NE=1"}])

    with pytest.raises(Refused, match="'NE=1' is there in drops and huawei; say by the source"):
        save_targets(river.settings, **form)
    with pytest.raises(Refused, match="known: none yet"):
        save_targets(river.settings, **form, source="deye")
    save_targets(river.settings, **form, source="drops")
    save_targets(river.settings, **form | {"months_kwh": [None] * 12}, source="huawei")

    assert targets(river) == [["drops", 2800.0]]
