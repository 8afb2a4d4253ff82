"""Re-encode the real measurements that the demo drops; run again only to change the samples.

    python samples/encode.py --from FOLDER

FOLDER holds the publishers' original files (see README.md here for where they come from). The repository itself needs only the
result: `drops/`, `expected.json` and `demo.json` beside this file. The same originals give the same bytes.
"""

import argparse
import csv
import gzip
import io
import json
import shutil
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

HERE = Path(__file__).resolve().parent
DROPS = HERE / "drops"

DENVER = "America/Denver"
LOS_ANGELES = "America/Los_Angeles"
OFFICE_ZONE = "Europe/Brussels"

SERF_EAST, SERF_WEST, RSF_2, RSF_REST, SMA, SYSTEM_50 = range(1, 7)
UNKNOWN_INVERTER = 99

_NAMES = uuid.UUID("6f1a3d52-53d0-4b1c-9d6b-0c0ffee05a1e")
EQUIPMENT = str(uuid.uuid5(_NAMES, "office"))
SENSORS = {kind: str(uuid.uuid5(_NAMES, kind)) for kind in ("temperatura", "umidade", "status")}
SERVER_OFFICE = "01KAHE110GRAPH000000000001"
SERVER_STRING = "01KAHE110GRAPH000000000002"

GATEWAY_READY = pd.Timestamp("2015-02-03 00:03")
"""Planted: before this the office's status is `unknown`, as a gateway reports it while it starts."""

MONTHLY_YIELD = {1: 105, 3: 132, 7: 150, 8: 145}
"""Targets: capacity [kWp] times these [kWh/kWp]; round figures of ours for a fixed array at 34 to 40 degrees north."""

PLANTS = [
    # plant_key, name, timezone, latitude, longitude, capacity_kwp, capacity_kw, city, commissioned_on
    ("golden-campus", "Golden Campus", DENVER, 39.74, -105.17, 210.12, None, "Golden, Colorado", None),
    ("serf-east", "SERF East", DENVER, 39.74, -105.17, 6.0, 6.0, "Golden, Colorado", None),
    ("southern-california", "Southern California", LOS_ANGELES, 34.0, -118.5, 7.5, 7.0, None, None),
    ("system-50", "System 50", DENVER, 39.7, -105.0, 4.0, None, None, None),
]
DEVICES = [
    # device_key, plant_key, kind, name, model, capacity_kw, parent_key
    (SERF_EAST, "serf-east", "inverter", "SERF East", None, 6.0, None),
    (SERF_WEST, "golden-campus", "inverter", "SERF West", None, 6.0, None),
    (RSF_2, "golden-campus", "inverter", "RSF II inverter 2", None, None, None),
    (RSF_REST, "golden-campus", "inverter", "RSF II other inverters", None, None, None),
    (SMA, "southern-california", "inverter", "SMA 1913110809", "SMA SB 7000TL-US-22", 7.0, None),
    (SYSTEM_50, "system-50", "inverter", "System 50", None, None, None),
    (EQUIPMENT, None, "equipment", "Office climate", None, None, None),
    (SENSORS["temperatura"], None, "sensor", "Office temperature", None, None, EQUIPMENT),
    (SENSORS["umidade"], None, "sensor", "Office humidity", None, None, EQUIPMENT),
    (SENSORS["status"], None, "sensor", "Office occupancy", None, None, EQUIPMENT),
    (SERVER_OFFICE, None, "equipment", "Office server", None, None, None),
    (SERVER_STRING, "golden-campus", "equipment", "SERF West string monitor", None, None, None),
]
TARGET_MONTHS = {"golden-campus": [(2022, 1)], "system-50": [(2012, 3)]} | {
    key: [(2016, 7), (2016, 8)] for key in ("serf-east", "southern-california")
}


class Written:
    """What was written, file by file; becomes `expected.json`."""

    def __init__(self) -> None:
        """Begin with an empty drop folder."""
        shutil.rmtree(DROPS, ignore_errors=True)
        self.files: dict[str, dict[str, Any]] = {}

    def put(self, name: str, body: bytes, **expected: Any) -> None:  # noqa: ANN401 - any JSON value
        """Write one file, gzipped where its name ends so, and keep what a load of it must find."""
        path = DROPS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body, 9, mtime=0) if name.endswith(".gz") else body)
        self.files[name] = {"outcome": "loaded", **expected}

    def readings(self, name: str, body: bytes, *, records: int, readings: int, missing: int, **rest: Any) -> None:  # noqa: ANN401
        """Write one file of readings; `rest` may hold `quarantined` (rows per rule) and `unchanged` (rows known already)."""
        counts = {"records": records, "readings": readings, "missing": missing, "quarantined": rest.pop("quarantined", {})}
        self.put(name, body, **counts, **rest)


# -------------------------------------------------------------------------------------------------------------- originals
def serf_east(originals: Path) -> pd.Series:
    """AC power [W] at UTC instants. The original's stamps carry -07:00."""
    table = pd.read_csv(originals / "nrel_pv/serf_east_15min_ac_power.csv")
    return pd.Series(table["ac_power"].to_numpy(), index=pd.to_datetime(table["measured_on"], utc=True))


def serf_west(originals: Path) -> pd.DataFrame:
    """All channels at UTC instants. The stamps are mountain standard time: solar noon lies at 12:00."""
    table = pd.read_csv(originals / "nrel_pv/serf_west_15min.csv", index_col=0, parse_dates=True)
    return table.tz_localize("Etc/GMT+7").tz_convert("UTC")


def rsf_2(originals: Path) -> pd.DataFrame:
    """All channels at UTC instants. The stamps run two hours ahead of SERF West's on the same days at the same site."""
    table = pd.read_csv(originals / "nrel_pv/nrel_RSF_II.csv", index_col=0)
    table.index = pd.to_datetime(table.index, format="%m/%d/%Y %H:%M").tz_localize("Etc/GMT+5").tz_convert("UTC")
    return table


def system_50(originals: Path) -> pd.Series:
    """AC power [W] at UTC instants. The stamps say -07:00, yet the sun shows that they follow daylight saving time."""
    table = pd.read_parquet(originals / "nrel_pv/system_50_ac_power_2_full_DST.parquet")
    wall = pd.DatetimeIndex(table["measured_on"]).tz_localize(None)
    march = (wall >= "2012-03-01") & (wall < "2012-04-01")
    power = pd.Series(table["ac_power_2"].to_numpy(dtype="float64"), index=wall)[march]
    local = power.index.tz_localize(DENVER, nonexistent="NaT")
    if power[local.isna()].notna().any():
        raise ValueError("an hour that daylight saving time skips has values; the stamps are not what they were thought to be")
    power.index = local.tz_convert("UTC")
    return power[power.index.notna()]


def sma(originals: Path) -> pd.Series:
    """AC power [W] at UTC instants; the original is in kW."""
    table = pd.read_csv(originals / "sdt_pv/TAEFC1044741.csv")
    return pd.Series(table["meas_val_f"].to_numpy() * 1000, index=pd.to_datetime(table["ts"], utc=True))


def office(originals: Path) -> pd.DataFrame:
    """Temperature [°C], humidity [%] and occupancy at naive local times."""
    return pd.read_csv(originals / "sensors/datatest.txt", parse_dates=["date"]).set_index("date")


def local_month(series: Any, year: int, month: int, zone: str) -> Any:  # noqa: ANN401 - a Series stays one, a DataFrame too
    """The rows of one local month."""
    local = series.index.tz_convert(zone)
    return series[(local.year == year) & (local.month == month)]


# ----------------------------------------------------------------------------------------------------- plant measurements
def number(value: float, decimals: int) -> float | int | None:
    """JSON form of a number: null where there is none, no needless decimals."""
    if pd.isna(value):
        return None
    rounded = round(float(value), decimals)
    return int(rounded) if rounded.is_integer() else rounded


def mongo_stamp(instant: pd.Timestamp) -> dict[str, str]:
    """A date as MongoDB exports it."""
    return {"$date": instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def measurements(inverter: int, power: pd.Series, temperature: pd.Series | None = None) -> list[dict[str, Any]]:
    """Records of one inverter as the plant's database exports them; power in W to 0.1 W."""
    temperatures = [np.nan] * len(power) if temperature is None else temperature
    return [
        {
            "datetime": mongo_stamp(instant),
            "inversor_id": inverter,
            "potencia_ativa_watt": number(watt, 1),
            "temperatura_celsius": number(celsius, 1),
        }
        for instant, watt, celsius in zip(power.index, power, temperatures, strict=True)
    ]


def array_of(records: list[dict[str, Any]]) -> bytes:
    """A JSON array, one record a line."""
    lines = ",\n".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    return f"[\n{lines}\n]\n".encode()


def lines_of(records: list[dict[str, Any]]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records).encode()


def counts(records: list[dict[str, Any]], *fields: str) -> dict[str, int]:
    """How many records, readings and missing values these fields hold."""
    values = [record[field] for record in records for field in fields]
    return {"records": len(records), "readings": sum(v is not None for v in values), "missing": sum(v is None for v in values)}


def put_measurements(written: Written, originals: Path) -> dict[str, dict[str, float]]:
    """Write the feed `plant_measurements`; returns energy [kWh] per plant and local month."""
    fields = ("potencia_ativa_watt", "temperatura_celsius")
    east, west, rsf, fifty, small = (read(originals) for read in (serf_east, serf_west, rsf_2, system_50, sma))
    energies: dict[str, dict[str, float]] = {}
    for name, inverter, series, zone, year, month in [
        ("serf-east-2016-07.json", SERF_EAST, east, DENVER, 2016, 7),
        ("serf-east-2016-08.json.gz", SERF_EAST, east, DENVER, 2016, 8),
        ("southern-california-2016-07.json.gz", SMA, small, LOS_ANGELES, 2016, 7),
        ("southern-california-2016-08.json.gz", SMA, small, LOS_ANGELES, 2016, 8),
        ("system-50-2012-03.json.gz", SYSTEM_50, fifty, DENVER, 2012, 3),
    ]:
        power = local_month(series, year, month, zone)
        records = measurements(inverter, power)
        sentinels = int((power < -1e6).sum())
        held = {"within_physical_limits": sentinels} if sentinels else {}
        written.readings(f"plant_measurements/{name}", array_of(records), **counts(records, *fields), quarantined=held)
        plant = next(row[1] for row in DEVICES if row[0] == inverter)
        energies.setdefault(plant, {})[f"{year}-{month:02}"] = energy_kwh(power[power > -1e6])
    again = (DROPS / "plant_measurements/serf-east-2016-08.json.gz").read_bytes()
    (DROPS / "plant_measurements/serf-east-2016-08 (copy).json.gz").write_bytes(again)
    written.files["plant_measurements/serf-east-2016-08 (copy).json.gz"] = {
        "outcome": "known",
        "same_as": "plant_measurements/serf-east-2016-08.json.gz",
    }
    energies["golden-campus"] = {"2022-01": put_campus(written, west, rsf)}
    put_defects(written, east)
    return energies


def put_campus(written: Written, west: pd.DataFrame, rsf: pd.DataFrame) -> float:
    """Write three inverters of one site as JSON lines with English names; returns their energy [kWh]."""
    rest = rsf["ac_power_kw_1137"] * 1000 - rsf["inv2_ac_power_w__1047"]
    if (rest < -50).any():
        raise ValueError("inverter 2 makes more than the whole system; the two columns are not what they were thought to be")
    none = pd.Series(np.nan, index=rsf.index)
    parts = [
        (SERF_WEST, west["ac_power__773"], west["inveter_temp__784"]),
        (RSF_2, rsf["inv2_ac_power_w__1047"], rsf["inv2_temp__1050"]),
        (RSF_REST, rest, none),
    ]
    records = [
        {
            "timestamp": instant.tz_convert("Etc/GMT+7").isoformat(),
            "plant_id": "golden-campus",
            "inverter_id": inverter,
            "ac_power_w": number(watt, 1),
            "temperature_celsius": number(celsius, 1),
        }
        for inverter, power, temperature in parts
        for instant, watt, celsius in zip(power.index, power, temperature, strict=True)
    ]
    records.sort(key=lambda record: (record["timestamp"], record["inverter_id"]))
    both_zero = sum(record["ac_power_w"] == 0 and record["temperature_celsius"] == 0 for record in records)
    found = counts(records, "ac_power_w", "temperature_celsius")
    found |= {"readings": found["readings"] - both_zero, "missing": found["missing"] + both_zero}
    written.readings("plant_measurements/golden-campus-2022-01.jsonl", lines_of(records), **found)
    return sum(energy_kwh(power) for _, power, _ in parts)


def put_defects(written: Written, east: pd.Series) -> None:
    """Write the planted defects: three bad records in a good file, and a file that breaks off."""
    local = east.index.tz_convert(DENVER)
    good = measurements(SERF_EAST, east[(local >= "2016-09-01 06:00") & (local < "2016-09-01 12:00")])
    unreadable = good[0] | {"datetime": {"$date": "2016-13-45T99:99:99.000Z"}}
    impossible = measurements(SERF_EAST, east[local == "2016-09-01 12:00"])[0] | {"potencia_ativa_watt": 1_000_000_000_000}
    unknown = good[3] | {"inversor_id": UNKNOWN_INVERTER}
    records = [*good[:8], unreadable, *good[8:16], unknown, *good[16:], impossible]
    written.readings(
        "plant_measurements/three-bad-records.json",
        array_of(records),
        **counts(records, "potencia_ativa_watt", "temperatura_celsius"),
        quarantined={"time_readable": 1, "subject_known": 1, "within_physical_limits": 1},
    )
    broken = array_of(measurements(SERF_EAST, east[local.date == datetime(2016, 9, 2, tzinfo=UTC).date()]))
    written.put("plant_measurements/breaks-off.json", broken[: len(broken) * 2 // 3], outcome="refused")


def energy_kwh(power_w: pd.Series) -> float:
    """Trapezoid over steps of at most 30 min [kWh]; negative draw counts as such. For tests, it is not the rule."""
    power = power_w.dropna()
    hours = np.diff(power.index.as_unit("ns").asi8) / 3.6e12
    mean = (power.to_numpy()[1:] + power.to_numpy()[:-1]) / 2
    return round(float((mean * hours)[hours <= 0.5].sum() / 1000), 1)


# -------------------------------------------------------------------------------------------------- telemetry and servers
def put_telemetry(written: Written, originals: Path) -> None:
    """Write the feed `telemetry_batches`: a day and a bit of office climate, sent in batches, the second sent again."""
    table = office(originals)
    sent: set[pd.Timestamp] = set()
    for name, start, end in [
        ("batch-1.json.gz", "2015-02-03 00:00", "2015-02-03 12:00"),
        ("batch-2.json.gz", "2015-02-03 12:00", "2015-02-04 00:00"),
        # The client keeps its queue until it is answered with 200: the last batch comes once more, and more behind it.
        ("batch-3-with-2-again.json.gz", "2015-02-03 12:00", "2015-02-04 06:00"),
    ]:
        rows = table[(table.index >= start) & (table.index < end)]
        items = [telemetry_item(row) for row in rows.itertuples()]
        unknown = int((rows.index < GATEWAY_READY).sum())
        repeated = [instant for instant in rows.index if instant in sent]
        sent.update(rows.index)
        written.readings(
            f"telemetry_batches/{name}",
            json.dumps(items, ensure_ascii=False, separators=(",", ":")).encode(),
            records=3 * len(items),
            readings=3 * len(items) - unknown,
            missing=unknown,
            unchanged=3 * len(repeated),
        )


def telemetry_item(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a named tuple of the table
    """One collection of the office's equipment; a status is unknown while the gateway starts."""
    occupied = "on" if row.Occupancy else "off"
    values = [
        ("temperatura", "°C", str(number(row.Temperature, 3))),
        ("umidade", "%", str(number(row.Humidity, 3))),
        ("status", None, "unknown" if row.Index < GATEWAY_READY else occupied),
    ]
    return {
        "equip_uuid": EQUIPMENT,
        "equip_nome": "Office climate",
        "equip_local": "Office",
        "equip_status": "ATIVO",
        "equip_intervalo_coleta": 60,
        "sensor": [
            {
                "sensor_uuid": SENSORS[kind],
                "sensor_nome": f"Office {kind}",
                "sensor_status": "ATIVO",
                "sensor_tipo": kind,
                "sensor_unidade": unit,
                "sensor_telemetria": value,
                "sensor_datahora_coleta": row.Index.isoformat(),
            }
            for kind, unit, value in values
        ],
    }


def put_servers(written: Written, originals: Path) -> None:
    """Write the feed `sensor_readings`: the office's first afternoon as JSON lines, SERF West's DC string as CSV."""
    afternoon = office(originals).loc["2015-02-02"].tz_localize(OFFICE_ZONE)
    records = [
        {
            "server_ulid": SERVER_OFFICE,
            "timestamp": row.Index.isoformat(),
            "temperature": number(row.Temperature, 3),
            "humidity": number(row.Humidity, 3),
        }
        for row in afternoon.itertuples()
    ]
    written.readings("sensor_readings/office-2015-02-02.jsonl", lines_of(records), **counts(records, "temperature", "humidity"))

    west = serf_west(originals).tz_convert("Etc/GMT+7")
    table = io.StringIO()
    out = csv.writer(table, lineterminator="\n")
    out.writerow(["server_ulid", "timestamp", "temperature", "humidity", "voltage", "current"])
    for row in west.itertuples():
        voltage, current = number(row.dc_pos_voltage__774, 2), number(row.dc_pos_current__775, 3)
        out.writerow([SERVER_STRING, row.Index.isoformat(), number(row.ambient_temp__780, 2), "", voltage, current])
    written.readings(
        "sensor_readings/serf-west-string-2022-01.csv",
        table.getvalue().encode(),
        records=len(west),
        readings=3 * len(west),
        missing=len(west),
    )


# ------------------------------------------------------------------------------------------------------------ consumption
def put_consumption(written: Written, originals: Path) -> list[str]:
    """Write the feed `consumption`, a year in each format; returns the meters' ids."""
    table = pd.read_csv(originals / "consumption/demo_consumos_2016_2019.csv")
    years = {year: table[table["mes"].str.startswith(str(year))] for year in (2017, 2018, 2019)}

    semicolons = "cliente;documento;mes;consumo_kwh\n" + "".join(
        f"Meter {row.customer};{row.customer};{row.mes[5:7]}/{row.mes[:4]};{f'{row.consumo_kwh:.1f}'.replace('.', ',')}\n"
        for row in years[2017].itertuples()
    )
    objects = [
        {"cliente": f"Meter {row.customer}", "documento": row.customer, "mes": row.mes, "consumo_kwh": row.consumo_kwh}
        for row in years[2018].itertuples()
    ]
    for name, year, body in [
        ("consumo-2017.csv", 2017, semicolons.encode()),
        ("consumo-2018.json", 2018, array_of(objects)),
        ("consumo-2019.xlsx", 2019, workbook_of(years[2019])),
    ]:
        rows = len(years[year])
        written.readings(f"consumption/{name}", body, records=rows, readings=rows, missing=0)
    return list(dict.fromkeys(table["customer"]))


def workbook_of(table: pd.DataFrame) -> bytes:
    """An Excel workbook that is the same bytes each time."""
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime(2020, 1, 1)  # noqa: DTZ001 - openpyxl takes naive UTC
    sheet = book.active
    sheet.title = "Consumo"
    sheet.append(["Cliente", "Documento", "Mês", "Consumo (kWh)"])
    for row in table.itertuples():
        month = datetime.fromisoformat(row.mes)
        sheet.append([f"Meter {row.customer}", row.customer, month, row.consumo_kwh])
        sheet.cell(sheet.max_row, 3).number_format = "mm/yyyy"
    first = io.BytesIO()
    book.save(first)
    second = io.BytesIO()
    with zipfile.ZipFile(first) as old, zipfile.ZipFile(second, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            body = old.read(entry)
            if entry.filename == "docProps/core.xml":
                # Saving stamps the moment over the properties.
                body = _fixed_modified(body)
            new.writestr(zipfile.ZipInfo(entry.filename, (2020, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return second.getvalue()


def _fixed_modified(body: bytes) -> bytes:
    start, end = body.index(b"<dcterms:modified"), body.index(b"</dcterms:modified>")
    return body[: body.index(b">", start) + 1] + b"2020-01-01T00:00:00Z" + body[end:]


# --------------------------------------------------------------------------------------------------------------- registry
def put_registry(written: Written, meters: list[str]) -> None:
    """Write the feed `registry`: one CSV per table."""
    capacity = {row[0]: row[5] for row in PLANTS}
    targets = [
        (plant, f"{year}-{month:02}-01", round(capacity[plant] * MONTHLY_YIELD[month], 1))
        for plant, months in TARGET_MONTHS.items()
        for year, month in months
    ]
    plant_columns = "plant_key name timezone latitude longitude capacity_kwp capacity_kw city commissioned_on"
    tables = {
        "plants.csv": (plant_columns, PLANTS),
        "devices.csv": ("device_key plant_key kind name model capacity_kw parent_key", DEVICES),
        "customers.csv": ("document name", [(meter, f"Meter {meter}") for meter in meters]),
        "targets.csv": ("plant_key month target_kwh", targets),
        "tariffs.csv": (
            "plant_key valid_from price_per_kwh currency",
            [(row[0], "2010-01-01", 0.18 if row[2] == LOS_ANGELES else 0.12, "USD") for row in PLANTS],
        ),
    }
    for name, (header, rows) in tables.items():
        table = io.StringIO()
        out = csv.writer(table, lineterminator="\n")
        out.writerow(header.split())
        out.writerows(rows)
        written.put(f"registry/{name}", table.getvalue().encode(), rows=len(rows), outcome="registered")


def main() -> None:
    """Write everything anew."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--from", dest="originals", type=Path, required=True, help="folder of the publishers' files")
    originals = arguments.parse_args().originals
    written = Written()
    energies = put_measurements(written, originals)
    put_telemetry(written, originals)
    put_servers(written, originals)
    put_registry(written, put_consumption(written, originals))
    expected = {"files": dict(sorted(written.files.items())), "energy_kwh": energies}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in DROPS.rglob("*") if path.is_file())
    print(f"{len(written.files)} files, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
