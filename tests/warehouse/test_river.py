"""The whole river by calling its steps, on the real samples: drops, landing, registry, loading, rollups."""

import json
import os
import random
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from include.core.errors import BadDocument, TryLater
from include.core.settings import Settings
from include.landing.store import ObjectStore
from include.steps import land, load, register, roll_up
from include.steps.lease import LANDING, lease
from include.warehouse import fleet
from include.warehouse.engine import transaction

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "drops"
EXPECTED = json.loads((ROOT / "samples" / "expected.json").read_text())["files"]


def counts_of(told: dict) -> dict[str, int]:
    assert told["errors"] == []
    return {name: count for name, count in told.items() if name not in {"errors", "left"}}


class River:
    """A tenant, its drop folder and the steps, with a clock that runs ahead so that files rest at once."""

    def __init__(self, url: str, home: Path, **tenant: object) -> None:
        self.settings = Settings(home=home, database_url=url, drop_settle_s=0, max_document_mb=20, max_unpacked_mb=60)
        zone = json.loads((ROOT / "samples" / "demo.json").read_text())["tenant"]["timezone"]
        with transaction(url) as connection:
            fleet.upsert_tenant(connection, replace(fleet.Tenant(0, "demo", "Demo", zone), **tenant))

    def drop(self, feed: str, source: Path, name: str | None = None) -> Path:
        folder = self.settings.drops_path / "demo" / feed
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(source, folder / (name or source.name)))

    def write(self, feed: str, name: str, content: bytes) -> Path:
        folder = self.settings.drops_path / "demo" / feed
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return folder / name

    def land(self) -> list[dict]:
        return land.land_drops(self.settings, now=datetime.now(UTC) + timedelta(seconds=5))

    def flow(self) -> Counter:
        """Land, register, load and roll up until nothing waits; returns summed counts."""
        total = Counter(landed=sum(check["is_new"] for check in self.land()))
        now = datetime.now(UTC)
        while True:
            total.update(counts_of(register.register_landed(self.settings, now=now, run_id="test")))
            batches = load.pending_batches(self.settings)
            if not batches:
                break
            for batch in batches:
                total.update(counts_of(load.load_batch(self.settings, batch, now=now, run_id="test")))
        while True:
            done = roll_up.roll_up_dirty(self.settings, now=now)
            total["dirty_days"] += done["dirty_days"]
            total["rollup_rows_changed"] += done["rows_changed"]
            if not done["remaining"]:
                return total

    def read(self, sql: str, **parameters: object) -> pd.DataFrame:
        with transaction(self.settings.database_url) as connection:
            return pd.read_sql(text(sql), connection, params=parameters)

    def state(self) -> dict[str, pd.DataFrame]:
        """Everything that must not depend on order or repetition, keyed by names instead of ids."""
        subject = (
            "SELECT s.series_id, "
            "coalesce('d ' || d.device_key, 'c ' || c.document, 'p ' || p.plant_key) || ' ' || quantity AS series "
            "FROM fleet.series AS s LEFT JOIN fleet.device AS d USING (device_id) "
            "LEFT JOIN fleet.customer AS c USING (customer_id) LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id"
        )
        return {
            "readings": self.read(
                f"SELECT series, measured_at, value FROM mart.reading JOIN ({subject}) AS n USING (series_id) ORDER BY 1, 2"
            ),
            "rollups": self.read(
                "SELECT series, grain, starts_at, reading_count, mean, min, max, first, last, stddev, median, p95, p99, "
                "active_minutes, covered_s, expected_s, energy_kwh "
                f"FROM mart.rollup JOIN ({subject}) AS n USING (series_id) ORDER BY 1, 2, 3"
            ),
            "states": self.read(
                f"SELECT series, happened_at, state FROM mart.state_event JOIN ({subject}) AS n USING (series_id) ORDER BY 1, 2"
            ),
            "targets": self.read(
                "SELECT plant_key, month, target_kwh FROM fleet.target JOIN fleet.plant USING (plant_id) ORDER BY 1, 2"
            ),
        }

    def refused(self) -> dict[str, str]:
        """Name of each refused file and the reason that lies beside it."""
        pages = self.settings.drops_path.glob("demo/*/refused/*.reason.txt")
        return {page.name.removesuffix(".reason.txt"): page.read_text().split("Why: ")[1].splitlines()[0] for page in pages}


def sample_files() -> list[Path]:
    return sorted(file for file in SAMPLES.rglob("*") if file.is_file())


@pytest.fixture
def river(warehouse_url: str, tmp_path: Path) -> River:
    return River(warehouse_url, tmp_path)


def test_the_samples_load_exactly_as_they_were_counted_when_they_were_made(river):
    for file in sample_files():
        river.drop(file.parent.name, file)

    river.flow()

    rows = river.read(
        "SELECT d.feed || '/' || d.original_name AS name, d.state, d.delivery_count, l.* FROM landing.document AS d "
        "LEFT JOIN LATERAL "
        "(SELECT * FROM landing.load AS l WHERE l.document_id = d.document_id ORDER BY load_id DESC LIMIT 1) AS l ON true"
    ).set_index("name")
    loaded = {name: facts for name, facts in EXPECTED.items() if facts["outcome"] == "loaded" and name in rows.index}
    assert len(loaded) >= 14  # a copy of one sample may have landed under its other name
    for name, facts in loaded.items():
        if name.startswith("registry/"):
            continue
        row = rows.loc[name]
        assert (row["state"], row["parsed_rows"], row["missing_values"]) == ("loaded", facts["readings"], facts["missing"]), name
        assert row["quarantine_reasons"] == facts["quarantined"], name
    assert set(rows[rows["state"] == "refused"].index) == {name for name, f in EXPECTED.items() if f["outcome"] == "refused"}
    assert (rows["delivery_count"] == 2).sum() == sum(f["outcome"] == "known" for f in EXPECTED.values())


def test_every_load_is_balanced(river):
    for file in sample_files():
        river.drop(file.parent.name, file)

    river.flow()

    loads = river.read("SELECT * FROM landing.load")
    parts = ["inserted_rows", "updated_rows", "unchanged_rows", "duplicate_rows", "quarantined_rows"]
    assert (loads[parts].sum(axis=1) == loads["parsed_rows"]).all()
    newest = loads.sort_values("load_id").groupby("document_id").tail(1)
    stored = river.read("SELECT count(*) AS n FROM landing.quarantine")["n"].item()
    assert newest["quarantined_rows"].sum() == stored > 0
    readings = river.read("SELECT (SELECT count(*) FROM mart.reading) + (SELECT count(*) FROM mart.state_event) AS n")["n"].item()
    feeds = river.read("SELECT document_id FROM landing.document WHERE feed <> 'registry'")["document_id"]
    assert loads[loads["document_id"].isin(feeds)]["inserted_rows"].sum() == readings


def test_a_load_notes_the_plants_whose_readings_its_document_has(river):
    for file in sample_files():
        river.drop(file.parent.name, file)

    river.flow()

    noted = river.read(
        "SELECT d.document_id, d.feed, l.plant_ids FROM landing.document AS d JOIN LATERAL "
        "(SELECT * FROM landing.load AS l WHERE l.document_id = d.document_id ORDER BY load_id DESC LIMIT 1) AS l ON true"
    )
    found = river.read(
        "SELECT m.document_id, coalesce(s.plant_id, d.plant_id) AS plant_id FROM mart.reading AS m JOIN fleet.series AS s "
        "USING (series_id) LEFT JOIN fleet.device AS d USING (device_id) WHERE coalesce(s.plant_id, d.plant_id) IS NOT NULL"
    )
    plants = {document: sorted(set(rows)) for document, rows in found.groupby("document_id")["plant_id"]}
    assert len(plants) > 3
    kept = noted[noted["document_id"].isin(list(plants))]
    assert dict(zip(kept["document_id"], kept["plant_ids"], strict=True)) == plants
    assert noted[noted["feed"] == "registry"]["plant_ids"].isna().all()


def test_the_same_drops_again_change_nothing(river):
    for file in sample_files():
        river.drop(file.parent.name, file)
    river.flow()
    before = river.state()

    for file in reversed(sample_files()):
        river.drop(file.parent.name, file, f"again {file.name}")
    total = river.flow()

    assert total["landed"] == total["dirty_days"] == total["rollup_rows_changed"] == total["inserted_rows"] == 0
    for name, frame in river.state().items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)


def test_the_samples_in_any_order_and_one_by_one_give_the_same_warehouse(new_warehouse, tmp_path):
    one, other = (River(new_warehouse(), tmp_path / name) for name in ("one", "other"))
    files = sample_files()
    for file in files:
        one.drop(file.parent.name, file)
    one.flow()

    shuffled = files.copy()
    random.Random(8).shuffle(shuffled)
    for file in shuffled:
        other.drop(file.parent.name, file)
        other.flow()

    for name, frame in other.state().items():
        pd.testing.assert_frame_equal(frame, one.state()[name], check_exact=True)


def test_an_unknown_device_waits_in_quarantine_until_it_is_registered(river):
    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")
    rows = [
        {"inversor_id": 7, "datetime": f"2026-01-01T12:{m:02}:00Z", "potencia_ativa_watt": 1000, "temperatura_celsius": 30}
        for m in range(3)
    ]
    river.write("plant_measurements", "a.json", json.dumps(rows).encode())
    assert river.flow()["quarantined_rows"] == 6
    assert river.read("SELECT DISTINCT broken_rules FROM landing.quarantine").values.tolist() == [[["subject_known"]]]

    river.write("registry", "devices.csv", b"device_key,plant_key,kind,name\n7,p,inverter,Seven\n")
    total = river.flow()

    assert (total["replayed_documents"], total["inserted_rows"]) == (1, 1 + 6)
    assert river.read("SELECT count(*) AS n FROM landing.quarantine")["n"].item() == 0
    assert len(river.state()["readings"]) == 6


def test_an_operator_may_have_unknown_devices_registered_under_a_plant(warehouse_url, tmp_path):
    river = River(warehouse_url, tmp_path, unknown_devices="register", register_under="p")
    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")
    river.write(
        "plant_measurements", "a.json", b'[{"inversor_id": 7, "datetime": "2026-01-01T12:00:00Z", "potencia_ativa_watt": 1000}]'
    )

    river.flow()

    device = river.read("SELECT d.device_key, d.kind, p.plant_key FROM fleet.device AS d JOIN fleet.plant AS p USING (plant_id)")
    assert device.values.tolist() == [["7", "inverter", "p"]]
    assert river.state()["readings"]["value"].tolist() == [1.0]


def test_registered_sensors_keep_their_equipment_and_wait_for_the_plant_that_receives_them(warehouse_url, tmp_path):
    river = River(warehouse_url, tmp_path, unknown_devices="register", register_under="p")
    sensor = {"sensor_uuid": "s1", "sensor_tipo": "temperatura", "valor": "4.5", "timestamp": "2026-01-01T12:00:00Z"}
    river.write(
        "telemetry_batches", "a.json", json.dumps([{"equip_uuid": "e1", "equip_nome": "Freezer", "sensor": [sensor]}]).encode()
    )
    assert river.flow()["quarantined_rows"] == 1

    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")
    river.flow()

    devices = river.read(
        "SELECT d.device_key, d.kind, d.name, p.plant_key, e.device_key AS parent FROM fleet.device AS d "
        "JOIN fleet.plant AS p USING (plant_id) LEFT JOIN fleet.device AS e ON e.device_id = d.parent_device_id ORDER BY 1"
    )
    assert devices.fillna("").values.tolist() == [["e1", "equipment", "Freezer", "p", ""], ["s1", "sensor", "s1", "p", "e1"]]
    assert river.state()["readings"]["value"].tolist() == [4.5]


def test_contradictory_states_and_values_of_one_document_are_set_aside_and_the_last_wins(warehouse_url, tmp_path):
    river = River(warehouse_url, tmp_path, unknown_devices="register", register_under="p")
    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")
    river.flow()
    at = {"timestamp": "2026-01-01T12:00:00Z"}
    doors = [{"sensor_uuid": "d", "sensor_tipo": "porta", "valor": state, **at} for state in ("open", "open", "closed")]
    meters = [{"sensor_uuid": "t", "sensor_tipo": "temperatura", "valor": value, **at} for value in ("4", "4", "5")]
    river.write("telemetry_batches", "a.json", json.dumps([{"equip_uuid": "e", "sensor": doors + meters}]).encode())

    total = river.flow()

    assert (total["inserted_rows"], total["duplicate_rows"], total["quarantined_rows"]) == (2, 1 + 0, 1 + 2)
    assert river.state()["states"]["state"].tolist() == ["closed"]
    assert river.state()["readings"]["value"].tolist() == [5.0]
    payloads = river.read("SELECT broken_rules, payload FROM landing.quarantine ORDER BY quantity, row_number")
    assert {tuple(rules) for rules in payloads["broken_rules"]} == {("contradicted_in_document",)}
    assert sorted(str(payload.get("state", payload.get("value"))) for payload in payloads["payload"]) == ["4.0", "4.0", "open"]


def test_two_landings_never_take_each_others_files(river):
    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")

    with lease(river.settings, LANDING, seconds=60) as other:
        assert other
        with pytest.raises(TryLater, match="another landing"):
            river.land()

    assert len(river.land()) == 1


def test_a_day_that_crosses_a_months_partition_is_loaded_whole(river):
    river.write(
        "registry",
        "r.json",
        json.dumps(
            {
                "plants": [{"plant_key": "p", "name": "P", "timezone": "America/Sao_Paulo"}],
                "devices": [{"device_key": "7", "plant_key": "p", "kind": "inverter", "name": "Seven"}],
            }
        ).encode(),
    )
    stamps = pd.date_range("2026-01-31T22:00", "2026-02-01T02:00", freq="10min", tz="UTC")
    rows = [{"inversor_id": 7, "datetime": stamp.isoformat(), "potencia_ativa_watt": 3000} for stamp in stamps]
    river.write("plant_measurements", "a.json", json.dumps(rows).encode())

    river.flow()

    days = river.read(
        "SELECT local_date, energy_kwh FROM mart.rollup_day AS r JOIN fleet.series AS s USING (series_id) "
        "WHERE s.origin = 'measured'"
    )
    assert [(str(day), energy) for day, energy in days.values.tolist()] == [("2026-01-31", pytest.approx(12.0))]


DEEP = b"[" * 100_000
REFUSED = {
    "empty.json": (b"", "empty"),
    "blank.json": (b"   \n", "white space"),
    "cut.json": (b'[{"inversor_id": 1, "datetime": "2026-01-01T00:00:00Z"', "cut off"),
    "cut.json.gz": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KL", "gzip"),
    "utf32.json": ("[]".encode("utf-32"), "UTF-32"),
    "deep.json": (DEEP, "nest"),
    "login.json": (b"<!DOCTYPE html><html><body>Login</body></html>", "HTML"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_file_that_cannot_be_read_is_refused_with_a_reason_and_kept(river, name):
    content, word = REFUSED[name]
    river.write("plant_measurements", name, content)

    river.flow()

    reasons = river.refused()
    assert list(reasons) == [name]
    assert word in reasons[name]
    assert (river.settings.drops_path / "demo" / "plant_measurements" / "refused" / name).read_bytes() == content
    assert not [file for file in (river.settings.drops_path / "demo" / "plant_measurements").iterdir() if file.is_file()]


def test_a_gzip_bomb_is_refused_with_a_reason(river):
    import zlib

    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    river.write("telemetry_batches", "bomb.json.gz", bomb)

    river.flow()

    assert list(river.refused()) == ["bomb.json.gz"]


def test_a_csv_without_header_is_refused_with_a_reason(river):
    river.write("consumption", "c.csv", b"b0;2017-01;10,5\nb1;2017-01;11,5\n")

    river.flow()

    assert "header" in river.refused()["c.csv"]


def test_a_sparse_file_of_5_gb_is_refused_by_its_size_without_being_read(river):
    path = river.write("telemetry_batches", "huge.json.gz", b"")
    os.truncate(path, 5_000_000_000)

    assert river.land() == []

    assert list(river.refused()) == ["huge.json.gz"]
    assert "5" in river.refused()["huge.json.gz"]


def test_a_link_is_moved_aside_and_never_followed(river, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("[]")
    folder = river.write("plant_measurements", "x.json", b"[]").parent
    (folder / "link.json").symlink_to(secret)

    river.flow()

    assert "link.json" in river.refused()
    assert secret.read_text() == "[]"
    assert not (folder / "link.json").is_symlink()


def test_a_name_with_newlines_is_landed_and_told_in_one_line(river):
    river.write("registry", "plants\nevil.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")

    river.flow()

    name = river.read("SELECT original_name FROM landing.document")["original_name"].item()
    assert "\n" not in name
    assert river.read("SELECT count(*) AS n FROM fleet.plant")["n"].item() == 1


def test_a_file_that_is_still_being_written_is_left_alone(river):
    path = river.settings.drops_path / "demo" / "plant_measurements" / "growing.json"
    path.parent.mkdir(parents=True)

    with path.open("wb") as writer:
        writer.write(b'[{"inversor_id": 1')
        writer.flush()
        assert river.land() == []
        assert path.exists()
        writer.write(b"]")

    assert len(river.land()) == 1


def test_a_claimed_file_of_a_run_that_died_is_landed_by_the_next(river, monkeypatch):
    river.write("registry", "plants.csv", b"plant_key,name,timezone\np,Plant,America/Sao_Paulo\n")

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("include.steps.land.documents.note_delivery", dies)
    with pytest.raises(KeyboardInterrupt):
        river.land()
    monkeypatch.undo()

    assert len(river.land()) == 1
    assert river.land() == []


def test_a_file_that_cannot_be_landed_holds_back_no_other(river, monkeypatch):
    for number in range(3):
        river.write("registry", f"{number}.csv", f"plant_key,name,timezone\np{number},Plant,UTC\n".encode())
    put = ObjectStore.put

    def fails(self, body, **place):
        if body.name == "0.csv":
            raise ValueError("no such place")
        return put(self, body, **place)

    monkeypatch.setattr(ObjectStore, "put", fails)
    with pytest.raises(ValueError, match="no such place"):
        river.land()
    assert river.read("SELECT original_name FROM landing.document ORDER BY 1")["original_name"].tolist() == ["1.csv", "2.csv"]
    monkeypatch.undo()

    assert len(river.land()) == 1


def test_a_document_that_fails_in_the_middle_leaves_nothing_and_loads_on_retry(river, monkeypatch):
    for file in sample_files():
        if file.parent.name in {"registry", "sensor_readings"}:
            river.drop(file.parent.name, file)
    river.land()
    register.register_landed(river.settings, now=datetime.now(UTC), run_id="test")
    monkeypatch.setattr(
        "include.steps.load.documents.write_load", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("gone"))
    )
    with pytest.raises(ConnectionError):
        load.load_batch(river.settings, load.pending_batches(river.settings)[0], now=datetime.now(UTC), run_id="test")
    monkeypatch.undo()
    assert len(river.state()["readings"]) == 0

    total = river.flow()

    assert total["inserted_rows"] == len(river.state()["readings"]) > 0


def test_a_document_of_no_known_form_is_bad_and_not_a_crash(river):
    river.write("plant_measurements", "numbers.json", b"[1, 2, 3]")

    river.flow()

    assert river.read("SELECT state FROM landing.document")["state"].item() in {"loaded", "refused"}
    assert issubclass(BadDocument, Exception)
