"""`helio run` as newcomers run it: PostgreSQL, real Airflow, five feeds, three clouds, mailed reports, API; and again."""

import gzip
import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from cli.run.demo import drop_samples, waiting_drops
from include.core.documents import FEEDS
from include.core.settings import Settings
from sandbox.sunshine import OUTAGES, Sunshine
from tests.e2e.installation import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(3600)]

ROOT = Path(__file__).resolve().parents[2]
VENDORS = {"sungrow", "deye", "huawei"}
DAYS = (
    "SELECT p.plant_key, r.local_date, r.energy_kwh FROM mart.rollup_day AS r JOIN fleet.series AS s USING (series_id) "
    "JOIN fleet.plant AS p ON p.plant_id = s.plant_id WHERE s.origin = 'derived' AND p.source = 'drops' ORDER BY 1, 2"
)
DIRTY = "SELECT * FROM ops.dirty_day"
ADDED = (
    "SELECT load_id FROM landing.load JOIN landing.document USING (document_id) "
    "WHERE integration_id IS NULL AND inserted_rows + updated_rows > 0",
    DAYS,
    "SELECT purpose, interface FROM ops.pull WHERE purpose = 'days' GROUP BY 1, 2, request_key HAVING count(*) > 1",
    "SELECT state, message_id FROM ops.outbox",
)


@pytest.fixture(scope="module")
def warehouse(serving) -> dict[str, pd.DataFrame]:
    eventually(lambda: not len(serving.read(DIRTY)[0]), what="the roll-up of what the schedule brings meanwhile")
    names = {
        "loads": "SELECT d.feed, d.state, l.* FROM landing.document AS d LEFT JOIN landing.load AS l USING (document_id)",
        "days": DAYS,
        "clouds": (
            "SELECT i.vendor, p.plant_key, c.local_date, c.integrated_kwh, c.counted_kwh, c.vendor_kwh "
            "FROM api.energy_check AS c JOIN fleet.plant AS p USING (plant_id) "
            "JOIN fleet.integration AS i USING (integration_id) "
            "WHERE c.device_id IS NULL AND c.integrated_kwh IS NOT NULL "
            "AND c.local_date < (SELECT min(received_at) FROM landing.document) AT TIME ZONE p.timezone - interval '25 hours' "
            "ORDER BY 1, 2, 3"
        ),
        "accounts": "SELECT vendor, state, credentials FROM fleet.integration",
        "reports": "SELECT p.plant_key, r.kind, r.uri, r.figures FROM mart.report AS r JOIN fleet.plant AS p USING (plant_id)",
        "outbox": "SELECT state, message_id FROM ops.outbox",
        "quarantine": "SELECT broken_rules FROM landing.quarantine",
        "consumption": (
            "SELECT sum(r.energy_kwh) AS kwh FROM mart.rollup_month AS r JOIN fleet.series AS s USING (series_id) "
            "WHERE s.customer_id IS NOT NULL"
        ),
    }
    return dict(zip(names, serving.read(*names.values()), strict=True))


def test_a_first_run_works_and_says_so(serving):
    said = (serving.said / "serving").read_text()

    assert "What the DAGs did" in said
    assert re.search(r"mails delivered\s+[1-9]", said)
    assert "What the imitated clouds gave" in said
    assert re.search(r"ok rollups to reports .* runs ended well\n", said)
    assert re.search(r"ok outbox to mail .* 0 mails waiting\n", said)
    assert len(said.splitlines()) < 110
    assert (serving.said / "serving-errors").read_text() == ""


def test_all_five_feeds_were_loaded_by_real_dag_runs(warehouse):
    loads = warehouse["loads"].dropna(subset=["load_id"])

    files = {"plant_measurements", "telemetry_batches", "sensor_readings", "consumption", "registry"}
    answers = {f"{vendor}_{kind}" for vendor in VENDORS for kind in ("fleet", "plants", "devices", "alarms")}
    assert set(loads["feed"]) == files | answers
    assert loads["run_id"].str.match(r"(asset_triggered|scheduled|manual)__").all()
    parts = ["inserted_rows", "updated_rows", "unchanged_rows", "duplicate_rows", "quarantined_rows"]
    assert (loads[parts].sum(axis=1) == loads["parsed_rows"]).all()
    assert (warehouse["loads"]["state"] == "refused").sum() == 1


def test_quarantine_explains_every_row(warehouse):
    reasons = {rule for rules in warehouse["quarantine"]["broken_rules"] for rule in rules}

    assert reasons == {"subject_known", "time_readable", "within_physical_limits"}


def test_the_daily_energies_equal_a_computation_straight_from_the_dropped_file(warehouse):
    records = json.loads(gzip.decompress((ROOT / "samples/drops/plant_measurements/system-50-2012-03.json.gz").read_bytes()))
    stamps = [record["datetime"] for record in records]
    at = pd.to_datetime([stamp["$date"] if isinstance(stamp, dict) else stamp for stamp in stamps], utc=True)
    frame = pd.DataFrame({"at": at, "kw": [record["potencia_ativa_watt"] / 1000 for record in records]}).sort_values("at")
    minutes = frame.set_index("at")["kw"]
    grid = minutes.resample("1min").mean().interpolate("time", limit=45)
    energy = (grid.iloc[:-1].to_numpy() + grid.iloc[1:].to_numpy()) / 2 / 60
    local = grid.index[:-1].tz_convert("America/Denver").date
    expected = pd.Series(energy, index=local).groupby(level=0).sum()

    days = warehouse["days"].query("plant_key == 'system-50'").set_index("local_date")["energy_kwh"]

    assert len(days) >= 28
    whole = expected.index[1:-1]
    assert days.loc[whole].to_numpy() == pytest.approx(expected.loc[whole].to_numpy(), rel=2e-3, abs=2e-3)


def test_the_consumption_equals_the_sum_of_the_csv_the_json_and_the_workbook(warehouse):
    folder = ROOT / "samples/drops/consumption"
    csv = pd.read_csv(folder / "consumo-2017.csv", sep=";", decimal=",").iloc[:, -1].sum()
    listed = sum(record["consumo_kwh"] for record in json.loads((folder / "consumo-2018.json").read_text()))
    workbook = pd.read_excel(folder / "consumo-2019.xlsx").iloc[:, -1].sum()

    assert warehouse["consumption"]["kwh"].item() == pytest.approx(csv + listed + workbook, rel=1e-12)


def test_the_energies_of_the_clouds_equal_what_their_plants_really_made(warehouse):
    """The truth behind the clouds is a function of plant and day; where an inverter was silent its power tells less."""
    sunshine = Sunshine()
    clouds = warehouse["clouds"]
    truth = [
        sum(sunshine.energy_kwh(inverter, day) for inverter in sunshine.find_plant(key).inverters)
        for key, day in zip(clouds["plant_key"], clouds["local_date"], strict=True)
    ]

    outages = (clouds["integrated_kwh"] / truth < 0.995).to_numpy()

    assert set(clouds["vendor"]) == VENDORS
    assert clouds.groupby("plant_key").size().to_dict() == {plant.key: 3 for name in VENDORS for plant in sunshine.plants(name)}
    assert min(truth) > 0
    assert clouds["counted_kwh"].to_numpy() == pytest.approx(truth, rel=0.005)
    assert clouds["vendor_kwh"].to_numpy() == pytest.approx(truth, rel=0.005)
    assert clouds["integrated_kwh"].to_numpy()[~outages] == pytest.approx(
        [kwh for kwh, out in zip(truth, outages, strict=True) if not out], rel=0.005
    )
    assert set(clouds["plant_key"][outages]) <= {plant_with_outages(sunshine, name) for name in VENDORS}


def plant_with_outages(sunshine: Sunshine, vendor: str) -> str:
    """Where the inverter stands that is silent now and then."""
    inverters = [inverter for plant in sunshine.plants(vendor) for inverter in plant.inverters]
    return inverters[OUTAGES].plant_key


def test_the_accounts_of_the_clouds_are_sealed(installation, warehouse):
    accounts = warehouse["accounts"].set_index("vendor")

    assert set(accounts.index) == VENDORS
    assert (accounts["state"] == "active").all()
    assert not [vendor for vendor in VENDORS for secret in (b"pass", b"Nbi@") if secret in bytes(accounts["credentials"][vendor])]


def test_every_plant_has_a_report_that_was_mailed(installation, warehouse):
    reports = warehouse["reports"]
    inbox = (installation.home / "mail" / "inbox.txt").read_text().splitlines()

    assert set(reports["plant_key"]) == {"serf-east", "southern-california", "system-50", "golden-campus"}
    assert all(Path(uri).read_bytes().startswith(b"%PDF") for uri in reports["uri"])
    assert (warehouse["outbox"]["state"] == "sent").all()
    assert len(inbox) == len(warehouse["outbox"]) == len(reports)
    assert len(list((installation.home / "mail" / "attachments").rglob("*.pdf"))) == len(reports)


def test_report_figures_equal_the_sum_of_the_days(warehouse):
    months = warehouse["reports"].query("kind == 'month'")
    for _, report in months.iterrows():
        figures = report["figures"]
        days = warehouse["days"].query("plant_key == @report.plant_key")
        in_period = days["local_date"].astype(str).between(figures["first_day"], figures["last_day"])
        assert figures["headline"]["energy_kwh"] == pytest.approx(days[in_period]["energy_kwh"].sum(), abs=1e-3)


def test_samples_that_are_dropped_again_add_nothing(warehouse, serving, airflow):
    settings = Settings(home=serving.home)

    assert drop_samples(settings) > 20
    assert airflow.ended(airflow.trigger("land_file_drops")) == "success"
    eventually(lambda: waiting_drops(settings) == 0)

    assert_nothing_was_added(warehouse, serving)


def test_a_crowd_is_answered_by_the_ui_and_no_request_waits_for_the_others(airflow):
    assert airflow.crowd(50) == {200: 150}


@pytest.mark.torture
def test_a_second_run_finds_its_data_adds_nothing_and_ends_by_itself(warehouse, serving):
    assert serving.interrupt() == 0

    second = serving.run()

    left = subprocess.run(["pgrep", "-f", str(serving.home)], capture_output=True, text=True).stdout.split()
    serving.serve()
    assert (second.returncode, second.stderr) == (0, "")
    assert left == []
    assert_nothing_was_added(warehouse, serving)


def assert_nothing_was_added(warehouse, serving):
    loads, days, repeated, outbox = serving.read(*ADDED)
    first = warehouse["loads"].query("inserted_rows + updated_rows > 0")
    assert len(loads) == first["feed"].isin(FEEDS).sum()
    assert len(repeated) == 0
    pd.testing.assert_frame_equal(days, warehouse["days"], check_exact=True)
    assert len(outbox) == len(warehouse["outbox"])
