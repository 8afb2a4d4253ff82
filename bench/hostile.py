"""What documents cost that are made to cost much: memory, CPU and outcome of each, loaded in a process of its own.

    python -m bench.hostile [--only WORDS]

The processes are forked from one that has imported everything, as Airflow's are; their memory includes those imports. CPU is that
of the process, without PostgreSQL. The last line is one JSON object: `peak_mb`, `cpu_s`, the greatest of all.
"""

import argparse
import gzip
import io
import json
import os
import random
import resource
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from bench.cluster import Cluster, cluster, machine
from include.core.settings import Settings
from include.landing.store import ObjectStore
from include.quality.checks import preload
from include.steps.load import load_document
from include.warehouse import documents
from include.warehouse.engine import engine_of, transaction

NOW: Final = datetime(2026, 11, 2, tzinfo=UTC)
READING: Final = b'{"server_ulid":"%d","timestamp":%d,"temperature":%d,"note":"0123456789"},'
_LISTS: Final = (b"[" * 30 + b"{}" + b"]" * 30 + b",", b"[{}],")
_COMMAS: Final = (b",,\n", b", ,\n", b",,\t\n")
CSV_HEAD: Final = b"server_ulid,timestamp,temperature\n"


class Hostile(NamedTuple):
    """One document: what it is, its feed and its bytes as delivered."""

    name: str
    feed: str
    make: Callable[[], bytes]


def main() -> None:
    """Run and print a table in Markdown."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default="", help="documents whose name has these words")
    only = arguments.parse_args().only
    preload()
    print(f"Documents that are made to cost much; {machine()}\n")
    print("| document | delivered | peak MB | CPU s | outcome |\n|---|---|---|---|---|", flush=True)
    told = []
    with cluster() as on:
        settings = _make_tenant(on)
        for hostile in (one for one in DOCUMENTS if only in one.name):
            body = hostile.make()
            document_id = _land(settings, hostile, body)
            size = f"{len(body) / 1e6:.1f} MB" if len(body) > 1e6 else f"{len(body) / 1e3:.0f} kB"
            del body
            told.append(_loaded(settings, document_id))
            peak_mb, cpu_s = told[-1]
            print(f"| {hostile.name} | {size} | {peak_mb:.0f} | {cpu_s:.1f} | {_outcome(settings, document_id)} |", flush=True)
    print(json.dumps({"peak_mb": round(max(peak for peak, _ in told)), "cpu_s": round(max(cpu for _, cpu in told), 1)}))


def _packed(parts: Iterable[bytes], level: int = 1) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=level, mtime=0) as file:
        for part in parts:
            file.write(part)
    return packed.getvalue()


def _workbook(rows: str, strings: str = "") -> bytes:
    """A workbook of one sheet, with the XML of its rows and its shared strings."""
    space = "http://schemas.openxmlformats.org"
    kinds = f"{space}/officeDocument/2006/relationships"
    relation = f'<Relationships xmlns="{space}/package/2006/relationships">{{}}</Relationships>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/sharedStrings.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
        "_rels/.rels": relation.format(f'<Relationship Id="r1" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/>'),
        "xl/workbook.xml": f'<workbook xmlns="{space}/spreadsheetml/2006/main" xmlns:r="{kinds}">'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relation.format(
            f'<Relationship Id="r1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{kinds}/sharedStrings" Target="sharedStrings.xml"/>'
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{space}/spreadsheetml/2006/main">{strings}</sst>',
    }
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return body.getvalue()


def _short_rows(count: int) -> Iterator[bytes]:
    yield CSV_HEAD
    for minute in range(count // 100):
        stamp = datetime.fromtimestamp(1_700_000_000 + 60 * (minute % 1_000_000), UTC).strftime("%Y-%m-%dT%H:%MZ")
        yield "".join(f"{device},{stamp},2\n" for device in range(100)).encode()


def _shuffled(kinds: Sequence[bytes], size_bytes: int) -> bytes:
    """Kinds in random order, as else they would be refused for how much they grow."""
    return b"".join(random.Random(1).choices(kinds, k=100_000)) * (size_bytes // (100_000 * len(kinds[0])))


def _long_text() -> bytes:
    return os.urandom(10_000_000).hex().encode() * 15


def _readings(count: int) -> Iterator[bytes]:
    yield b"["
    values = range(100_000)
    for start in range(0, count, len(values)):
        yield b"".join(READING % (n % 100, start + n, n) for n in values)
    yield READING[:-1] % (0, 0, 0) + b"]"


DOCUMENTS: Final = (
    Hostile("JSON nested 100,000 deep", "telemetry_batches", lambda: b"[" * 100_000),
    Hostile("3 M empty records", "telemetry_batches", lambda: _packed([b"[", b"{}," * 2_999_999, b"{}]"], 9)),
    Hostile("the same as sensor readings", "sensor_readings", lambda: _packed([b"[", b"{}," * 2_999_999, b"{}]"], 9)),
    Hostile("a workbook of 200,000 empty rows", "consumption", lambda: _workbook("<row/>" * 200_000)),
    Hostile("a workbook of 8 M empty rows", "consumption", lambda: _workbook("<row/>" * 8_000_000)),
    Hostile("a workbook of 3 M shared strings", "consumption", lambda: _workbook("<row/>", "<si><t>a</t></si>" * 3_000_000)),
    Hostile("60 MB of lines with {}", "sensor_readings", lambda: _shuffled((b"{}\n", b"{ }\n", b"{\t}\n"), 60_000_000)),
    Hostile("60 MB of {} in 30 lists", "telemetry_batches", lambda: _packed([b"[", _shuffled(_LISTS, 60_000_000), b"{}]"])),
    Hostile("60 MB of blank lines, CSV", "sensor_readings", lambda: CSV_HEAD + _shuffled((b"\n", b" \n", b"\t\n"), 60_000_000)),
    Hostile("60 MB of commas alone, CSV", "sensor_readings", lambda: CSV_HEAD + _shuffled(_COMMAS, 60_000_000)),
    Hostile("a text of 300 MB, JSON", "sensor_readings", lambda: _packed([b'[{"a":"', _long_text(), b'"}]'])),
    Hostile("a line of 300 MB, CSV", "sensor_readings", lambda: _packed([CSV_HEAD, _long_text()])),
    Hostile("590 MB of readings, JSON", "sensor_readings", lambda: _packed(_readings(7_500_000))),
    Hostile("9.9 M short rows, CSV", "sensor_readings", lambda: _packed(_short_rows(9_900_000))),
)  # fmt: skip
"""Sizes as delivered are small where a document is packed."""


def _make_tenant(on: Cluster) -> Settings:
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo')")
    on.run("INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (1, 'p', 'P', 'America/Sao_Paulo')")
    on.run(
        "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
        "SELECT 1, n, 1, 'sensor', n FROM generate_series(0, 99) AS n"
    )
    return Settings(home=on.folder / "home", database_url=on.url)


def _land(settings: Settings, hostile: Hostile, body: bytes) -> int:
    stored = ObjectStore(settings.landing).put_bytes(body, extension="bin", tenant="bench", feed=hostile.feed, received_at=NOW)
    with transaction(settings.database_url) as connection:
        check = documents.note_delivery(
            connection,
            tenant_id=1,
            tenant="bench",
            feed=hostile.feed,
            stored=asdict(stored) | {"original_name": "hostile"},
            received_at=NOW,
        )
    return check.document_id


def _loaded(settings: Settings, document_id: int) -> tuple[float, float]:
    """Peak memory [MB] and CPU [s] of a process that loads it."""
    engine_of(settings.database_url).dispose()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            load_document(settings, document_id, now=NOW, run_id="bench")
        finally:
            peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
            used = resource.getrusage(resource.RUSAGE_SELF)
            os.write(writing, json.dumps([peak / 1024, used.ru_utime + used.ru_stime]).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    os.waitpid(child, 0)
    peak_mb, cpu_s = json.loads(text)
    return peak_mb, cpu_s


def _outcome(settings: Settings, document_id: int) -> str:
    with transaction(settings.database_url) as connection:
        ((state, reason),) = documents.read_states(connection, [document_id])
    return f"{state}: {reason}" if reason else state


if __name__ == "__main__":
    main()
