"""The fleet that registry documents make: by any order of arrival, by parts, and again."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from include.core.errors import BadDocument, NeedsHuman
from include.core.frames import Subject
from include.quality.checks import preload
from include.steps import land, register
from include.warehouse.engine import transaction
from include.warehouse.fleet import Tenant, register_subjects
from tests.warehouse.small_river import SmallRiver, assert_same_state, measurements

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

PARTS = {
    "plants": b"plant_key,name,timezone,city,latitude,longitude,capacity_kwp,capacity_kw,commissioned_on\n"
    b"p,Plant P,America/Sao_Paulo,Recife,-8.05,-34.9,100,90,2020-01-31\n"
    b"q,Plant Q,Europe/Berlin,,,,,,\n",
    "devices": b"device_key,plant_key,kind,name,model,capacity_kw,parent_key\n"
    b"2,p,inverter,Two,X1,50,L\n"
    b"1,p,inverter,One,X1,50,L\n"
    b"L,p,logger,Logger,,,\n"
    b"3,q,inverter,Three,,10,\n",
    "customers": b"document,name\n11,Customer A\n12,Customer B\n",
    "targets": b"plant_key,month,target_kwh\np,2026-02,2800\nq,2026-02,300\np,2026-03,3100\n",
    "tariffs": b"plant_key,valid_from,price_per_kwh,currency\np,2026-01-01,0.9,BRL\nq,2026-01-01,0.3,EUR\n",
}
WHOLE_FLEET = (
    "SELECT 'plant' AS what, plant_key AS key, concat_ws('|', name, timezone, city, latitude, longitude, capacity_kwp, "
    "capacity_kw, commissioned_on) AS facts FROM fleet.plant "
    "UNION ALL SELECT 'device', d.device_key, concat_ws('|', p.plant_key, d.kind, d.name, d.model, d.capacity_kw, m.device_key) "
    "FROM fleet.device AS d LEFT JOIN fleet.plant AS p USING (plant_id) "
    "LEFT JOIN fleet.device AS m ON m.device_id = d.parent_device_id "
    "UNION ALL SELECT 'customer', document, name FROM fleet.customer "
    "UNION ALL SELECT 'target', plant_key, concat_ws('|', month, target_kwh) FROM fleet.target JOIN fleet.plant USING (plant_id) "
    "UNION ALL SELECT 'tariff', plant_key, concat_ws('|', valid_from, price_per_kwh, currency) "
    "FROM fleet.tariff JOIN fleet.plant USING (plant_id) "
    "ORDER BY 1, 2, 3"
)


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> SmallRiver:
    preload()
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared) -> SmallRiver:
    shared.forget()
    return shared


def fleet_of(river) -> list[list]:
    return river.read(WHOLE_FLEET).values.tolist()


def drop_part(river, part: str, content: bytes | None = None, name: str | None = None) -> None:
    river.drop({("registry", f"{name or part}.csv"): content or PARTS[part]})
    river.flow()


def facts(river, what: str, key: str) -> str:
    return next(row[2] for row in fleet_of(river) if row[:2] == [what, key])


def energy_by_day(river, plant: str) -> dict[str, float]:
    days = river.read(
        "SELECT local_date, energy_kwh FROM mart.rollup_day JOIN fleet.series AS s USING (series_id) "
        "JOIN fleet.plant AS p ON p.plant_id = s.plant_id WHERE origin = 'derived' AND plant_key = :plant ORDER BY 1",
        plant=plant,
    )
    return {str(day): energy for day, energy in days.itertuples(index=False)}


# ----------------------------------------------------------------------------------------------------------------- order


def test_registry_files_in_any_order_make_the_same_fleet(river, torture):
    for part in PARTS:
        drop_part(river, part)
    expected = fleet_of(river)
    assert len(expected) == 2 + 4 + 2 + 3 + 2

    orders = list(permutations(PARTS))
    # Every ninth: each part comes first and last, and each comes before and after each other one.
    for order in orders if torture else orders[::9]:
        river.forget()
        for number, part in enumerate(order):
            river.drop({("registry", f"{part}.csv"): PARTS[part]}, wave=number)
        river.flow()

        assert fleet_of(river) == expected, order
        assert river.count("landing.quarantine") == 0, order


@pytest.mark.parametrize("order", list(permutations(["plants", "devices", "targets"])))
def test_registry_files_that_come_one_run_after_the_other_make_the_same_fleet(river, order):
    for part in order:
        drop_part(river, part)

    assert len(fleet_of(river)) == 2 + 4 + 3
    assert river.count("landing.quarantine") == 0


def test_a_child_that_comes_before_its_parent_and_its_parents_parent_waits_for_both(river):
    drop_part(river, "plants")
    for number, (key, parent) in enumerate([("child", "parent"), ("parent", "grandparent"), ("grandparent", None)]):
        drop_part(
            river, "devices", json.dumps([{"device_key": key, "kind": "logger", "parent_key": parent}]).encode(), f"{number}"
        )

    assert facts(river, "device", "child") == "logger|child|parent"
    assert facts(river, "device", "parent") == "logger|parent|grandparent"
    assert river.count("landing.quarantine") == 0


def test_a_row_of_an_unknown_plant_waits_and_does_not_stop_the_others(river):
    drop_part(river, "plants")

    drop_part(river, "devices", b"device_key,plant_key,kind\n1,p,inverter\n7,nowhere,inverter\n")

    assert [row[1] for row in fleet_of(river) if row[0] == "device"] == ["1"]
    waiting = river.read("SELECT subject, broken_rules::text AS rules FROM landing.quarantine")
    assert waiting.values.tolist() == [["nowhere", "{plant_known}"]]


def test_the_day_on_which_a_device_was_dismantled_is_told_taken_back_and_never_ahead(river):
    def gone() -> list[str | None]:
        found = river.read(
            "SELECT device_key, dismantled_on::text AS day FROM fleet.device WHERE device_key IN ('1', '2') ORDER BY 1"
        )
        return found.day.astype(object).where(found.day.notna(), None).tolist()

    drop_part(river, "plants")
    drop_part(river, "devices")
    drop_part(river, "devices", b"device_key;desmontado_em\n1;31/03/2025\n2;2999-01-01\n", "gone")
    told = gone()
    waiting = river.read("SELECT broken_rules::text AS rules, payload ->> 'reason' AS reason FROM landing.quarantine")
    drop_part(river, "devices", b"device_key,name\n1,Uno\n", "renamed")
    kept = gone()
    drop_part(river, "devices", b"device_key,dismantled_on\n1,never\n2,soon\n", "back")

    assert (told, kept, gone()) == (["2025-03-31", None], ["2025-03-31", None], [None, None])
    assert waiting.values.tolist() == [
        ["{row_readable}", "row 2 of 'devices' is wrong: dismantled_on '2999-01-01' lies ahead; drop it on that day"]
    ]
    assert "nor the word never" in river.read("SELECT payload ->> 'reason' AS reason FROM landing.quarantine").reason.iloc[-1]


# ---------------------------------------------------------------------------------------------------------------- repeat


def test_dropping_the_registry_again_changes_nothing(river):
    for part in PARTS:
        drop_part(river, part)
    river.drop({("plant_measurements", "a.json"): measurements({1: 10}, ["2026-02-01"])})
    river.flow()
    before, rows = fleet_of(river), river.state()

    for part, content in PARTS.items():
        river.drop({("registry", f"{part} again.csv"): content + b"\n"})  # a blank line more makes it another document
    river.flow()

    assert fleet_of(river) == before
    assert_same_state(river.state(), rows, but=("manifest", "newest loads"))
    newest = river.read("SELECT inserted_rows + updated_rows AS changed FROM landing.load ORDER BY load_id DESC LIMIT 5")
    assert newest["changed"].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("part", "content", "what", "key"),
    [
        ("plants", b"plant_key,name,timezone,city,latitude,capacity_kwp\np,Plant P,,,,\n", "plant", "p"),
        ("plants", b"plant_key,capacity_kw\np,90\n", "plant", "p"),
        ("devices", b"device_key,plant_key,kind,name,model\n1,,,,\n", "device", "1"),
        ("devices", b"device_key,kind,parent_key\nL,,\n", "device", "L"),
        ("customers", b"document,name\n11,\n", "customer", "11"),
    ],
)
def test_empty_fields_keep_what_is_known(river, part, content, what, key):
    for every in PARTS:
        drop_part(river, every)
    before = facts(river, what, key)

    drop_part(river, part, content, "sparse")

    assert facts(river, what, key) == before


def test_a_field_that_is_given_changes_and_the_others_stay(river):
    drop_part(river, "plants")

    drop_part(river, "plants", b"plant_key,city,capacity_kw\np,Olinda,95\n", "newer")

    assert facts(river, "plant", "p") == "Plant P|America/Sao_Paulo|Olinda|-8.05|-34.9|100|95|2020-01-31"


# ----------------------------------------------------------------------------------------------------- what follows from it


def test_a_device_that_moves_takes_its_energy_with_it(river):
    plants = b"plant_key,timezone\np,America/Sao_Paulo\nr,America/Sao_Paulo\n"
    drop_part(river, "plants", plants)
    drop_part(river, "devices", b"device_key,plant_key,kind\n1,p,inverter\n2,p,inverter\n3,r,inverter\n")
    # Fourteen hours of daytime at 10, 20 and 5 kW.
    river.drop({("plant_measurements", "a.json"): measurements({1: 10, 2: 20, 3: 5}, ["2026-02-01", "2026-02-02"])})
    river.flow()
    assert energy_by_day(river, "p") == pytest.approx({"2026-02-01": 420, "2026-02-02": 420})
    assert energy_by_day(river, "r") == pytest.approx({"2026-02-01": 70, "2026-02-02": 70})

    drop_part(river, "devices", b"device_key,plant_key,kind\n2,r,inverter\n", "moved")

    assert energy_by_day(river, "p") == pytest.approx({"2026-02-01": 140, "2026-02-02": 140})
    assert energy_by_day(river, "r") == pytest.approx({"2026-02-01": 350, "2026-02-02": 350})
    expected = river.read(
        "SELECT plant_key, expected_s FROM mart.rollup_day JOIN fleet.series AS s USING (series_id) "
        "JOIN fleet.plant AS p ON p.plant_id = s.plant_id WHERE origin = 'derived' AND local_date = '2026-02-01' ORDER BY 1"
    )
    (p, p_expected_s), (r, r_expected_s) = expected.values.tolist()
    assert (p, r, r_expected_s) == ("p", "r", 2 * p_expected_s)
    months = river.read(
        "SELECT plant_key, energy_kwh FROM mart.rollup_month JOIN fleet.series AS s USING (series_id) "
        "JOIN fleet.plant AS p ON p.plant_id = s.plant_id WHERE origin = 'derived' ORDER BY 1"
    )
    assert months["energy_kwh"].tolist() == pytest.approx([280, 700])


def test_the_last_device_that_leaves_a_plant_leaves_no_days_behind(river):
    drop_part(river, "plants", b"plant_key,timezone\np,America/Sao_Paulo\nr,America/Sao_Paulo\n")
    drop_part(river, "devices", b"device_key,plant_key,kind\n1,p,inverter\n")
    river.drop({("plant_measurements", "a.json"): measurements({1: 10}, ["2026-02-01"])})
    river.flow()

    drop_part(river, "devices", b"device_key,plant_key,kind\n1,r,inverter\n", "moved")

    assert energy_by_day(river, "p") == {}
    assert energy_by_day(river, "r") == pytest.approx({"2026-02-01": 140})
    left = river.count(
        "mart.rollup JOIN fleet.series AS s USING (series_id) JOIN fleet.plant AS p ON p.plant_id = s.plant_id "
        "WHERE plant_key = 'p'"
    )
    assert left == 0


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Asia/Kolkata", "America/Manaus", "Pacific/Kiritimati"])
def test_a_changed_zone_gives_the_days_that_a_fresh_load_in_that_zone_gives(river, zone):
    def run(first_zone: str) -> None:
        drop_part(river, "plants", f"plant_key,timezone\np,{first_zone}\n".encode())
        drop_part(river, "devices", b"device_key,plant_key,kind\n1,p,inverter\n")
        stamps = measurements({1: 10}, ["2026-01-31", "2026-02-01", "2026-02-02"], step="30min", start="00:00", hours=22)
        river.drop({("plant_measurements", "a.json"): stamps})
        river.flow()

    run(zone)
    expected = river.state()["rollups"]
    river.forget()
    run("America/Sao_Paulo")
    assert not expected.equals(river.state()["rollups"])

    drop_part(river, "plants", f"plant_key,timezone\np,{zone}\n".encode(), "moved")

    assert_same_state({"rollups": river.state()["rollups"]}, {"rollups": expected})


def test_an_inverter_that_turns_out_to_be_a_meter_leaves_the_plants_energy(river):
    drop_part(river, "plants", b"plant_key,timezone\np,America/Sao_Paulo\n")
    drop_part(river, "devices", b"device_key,plant_key,kind\n1,p,inverter\n2,p,inverter\n")
    river.drop({("plant_measurements", "a.json"): measurements({1: 10, 2: 20}, ["2026-02-01"])})
    river.flow()

    drop_part(river, "devices", b"device_key,kind\n2,meter\n", "meter")

    assert energy_by_day(river, "p") == pytest.approx({"2026-02-01": 140})


def test_a_target_that_is_given_again_replaces_the_old_one(river):
    for part in ("plants", "targets"):
        drop_part(river, part)

    drop_part(river, "targets", b"plant_key,month,target_kwh\np,2026-02,2900\n", "newer")

    kept = river.read(
        "SELECT month, target_kwh FROM fleet.target JOIN fleet.plant USING (plant_id) WHERE plant_key = 'p' ORDER BY 1"
    )
    assert kept.values.tolist() == [[date(2026, 2, 1), 2900.0], [date(2026, 3, 1), 3100.0]]


def test_a_document_that_brings_a_new_sensor_leaves_its_registered_equipment_alone(river):
    for part in ("plants", "devices"):
        drop_part(river, part)
    drop_part(river, "devices", b"device_key,plant_key,kind,name\nE,p,equipment,Roof\n", "equipment")
    tenant = Tenant(river.tenant_id, "demo", "Demo", "UTC", unknown_devices="register", register_under="q")
    named = [Subject("T", "New", "sensor", parent_key="E"), Subject("E", "As the document calls it", "equipment")]

    with transaction(river.settings.database_url) as connection:
        register_subjects(connection, tenant, "device", named)

    assert facts(river, "device", "E") == "p|equipment|Roof"
    assert facts(river, "device", "T") == "q|sensor|New|E"


def test_a_document_that_fails_holds_back_none_that_waits_for_another(river):
    river.drop({("registry", name): PARTS[name.partition(".")[0]] for name in ("customers.csv", "devices.csv", "plants.csv")})
    land.land_drops(river.settings, now=datetime.now(UTC) + timedelta(seconds=5))
    Path(river.read("SELECT uri FROM landing.document WHERE original_name = 'customers.csv'")["uri"].item()).unlink()

    (error,) = register.register_landed(river.settings, now=datetime.now(UTC), run_id="test")["errors"]

    assert "is gone" in error
    states = river.read("SELECT original_name, state FROM landing.document ORDER BY 1").values.tolist()
    assert states == [["customers.csv", "landed"], ["devices.csv", "loaded"], ["plants.csv", "loaded"]]
    assert river.count("fleet.device") == 4


def type_in(river, content: str, tenant: str = "demo") -> dict:
    now = datetime.now(UTC)
    return register.register_text(river.settings, tenant=tenant, content=content, name="form", now=now, run_id="test")


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (
            "colour,size\nred,4\n",
            BadDocument,
            "no record has the fields of this feed: it reads plant_key .* colour, size",
        ),
        ("{not json", BadDocument, "JSON"),
        ("   \n", BadDocument, "white space"),
        ('{"plants": [], "devices": []}', NeedsHuman, "no row"),
        ("plant_key,name\n", NeedsHuman, "no row"),
        (
            "plant_key,name,timezone\np1,One,Mars/Base\n",
            NeedsHuman,
            "1 of 1 rows were not registered: row 1 of 'plants'.*Mars/Base",
        ),
        ("device_key,plant_key,kind\nx,p9,inverter\n", NeedsHuman, "row 1 of devices: 'p9' is not registered yet"),
        ("plant_key,month,target_kwh\np9,2026-01,100\n", NeedsHuman, "row 1 of targets: 'p9' is not registered yet"),
    ],
    ids=["wrong columns", "broken JSON", "blank", "empty lists", "header only", "bad zone", "unknown plant", "target of none"],
)
def test_a_form_that_registers_nothing_fails_with_what_is_wrong_and_what_to_do(river, content, error, sentence):
    with pytest.raises(error, match=f"(?s){sentence}"):
        type_in(river, content)
    with pytest.raises(error, match=f"(?s){sentence}"):
        type_in(river, content)  # the same text again is told the same


def test_a_form_with_one_bad_row_among_good_ones_registers_those_and_names_it(river):
    with pytest.raises(
        NeedsHuman, match=r"1 of 2 rows were not registered: row 2 of 'plants' .*Mars/Base.*; correct them and trigger again"
    ):
        type_in(river, "plant_key,name,timezone\np1,One,UTC\np2,Two,Mars/Base\n")

    assert river.read("SELECT plant_key FROM fleet.plant")["plant_key"].tolist() == ["p1"]


def test_a_form_for_an_unknown_tenant_names_those_that_exist(river):
    with pytest.raises(NeedsHuman, match=r"tenant 'nobody' does not exist \(known: demo\)"):
        type_in(river, "plant_key,name\np1,One\n", tenant="nobody")


@pytest.mark.parametrize("by_form", [True, False], ids=["typed", "dropped"])
def test_a_table_that_comes_again_after_another_one_holds_again(river, by_form):
    for name in ("One", "Two", "One"):
        text = f"plant_key,name\np1,{name}\n"
        if by_form:
            type_in(river, text)
        else:
            river.drop({("registry", "plants.csv"): text.encode()})
            river.flow()

    assert river.read("SELECT name FROM fleet.plant")["name"].tolist() == ["One"]


def test_planes_emission_factors_and_meter_readings_are_registered_and_wait_for_their_plant(river):
    drop_part(river, "readings", b"plant_key,read_on\np,2026-01-05\np,2026-02-04\np,2026-01-05\n")
    drop_part(
        river,
        "factors",
        b"plant_key,valid_from,co2_kg_kwh,factor_source\n,2023-01-01,0.0385,MCTI 2023\np,2024-01-01,0.05,MCTI 2024\n",
    )
    drop_part(river, "plants", b"plant_key,inclinacao,azimute,documento_cliente\np,20,360,11\n")
    drop_part(river, "plants", b"plant_key,name\np,P\n", name="without")
    drop_part(
        river, "factors", b"plant_key,valid_from,co2_kg_kwh,factor_source\np,2024-01-01,0.06,MCTI 2024 final\n", name="again"
    )

    kept = river.read("SELECT tilt_deg, azimuth_deg, customer_document FROM fleet.plant WHERE plant_key = 'p'")
    assert kept.values.tolist() == [[20, 0, "11"]]
    assert river.read("SELECT read_on::text FROM fleet.meter_reading_day ORDER BY 1")["read_on"].tolist() == [
        "2026-01-05", "2026-02-04"
    ]  # fmt: skip
    assert river.read(
        "SELECT coalesce(plant_key, 'all'), co2_kg_kwh, factor_source FROM fleet.emission_factor "
        "LEFT JOIN fleet.plant USING (plant_id) ORDER BY 2"
    ).values.tolist() == [["all", 0.0385, "MCTI 2023"], ["p", 0.06, "MCTI 2024 final"]]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b"plant_key,tilt,azimuth\np,95,0\n", "tilt_deg"),
        (b"plant_key,tilt,azimuth\np,20,-90\n", "azimuth_deg"),
        (b"valid_from,co2_kg_kwh,factor_source\n2026-01-01,385,grams\n", "co2_kg_kwh"),
        (b"plant_key,read_on\np,every month\n", "read_on"),
    ],
)
def test_a_plane_factor_or_reading_that_cannot_be_is_kept_with_a_reason(river, row, fault):
    drop_part(river, "bad", row)

    (payload,) = river.read("SELECT payload::text AS p FROM landing.quarantine")["p"]
    assert fault in payload
