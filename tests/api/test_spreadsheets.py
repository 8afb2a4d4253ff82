"""A real LibreOffice opens what the API answers, in an English and in a Brazilian sheet."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import text

from include.reports.tables import ReportColumn, ReportTable
from include.reports.workbook import workbook
from include.warehouse.engine import transaction

pytestmark = [pytest.mark.postgres, pytest.mark.torture]

PROGRAM = "soffice"
ENGLISH, BRAZILIAN = 1033, 1046
"""Locales as the dialogue for CSV hands them on."""
OFFICE, TABLE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text"))
Cell = str | float | date | None


def csv_filter(separator: str, locale: int) -> str:
    """Separator, quote, UTF-8, from the first line on, as what LibreOffice finds, in a locale."""
    return f"CSV:{ord(separator)},34,76,1,,{locale}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[list[Cell]]]:
    if shutil.which(PROGRAM) is None:
        pytest.fail(f"{PROGRAM} is not installed (Debian: apt-get install libreoffice-calc)")
    profile = tmp_path_factory.mktemp("libreoffice")

    def cells(content: bytes, suffix: str, infilter: str | None = None) -> list[list[Cell]]:
        folder = tmp_path_factory.mktemp("sheet")
        (folder / f"answer{suffix}").write_bytes(content)
        convert = ["--convert-to", "fods:OpenDocument Spreadsheet Flat XML", "--outdir", folder, folder / f"answer{suffix}"]
        chosen = [] if infilter is None else [f"--infilter={infilter}"]
        subprocess.run(
            [PROGRAM, f"-env:UserInstallation={profile.as_uri()}", "--headless", *chosen, *convert],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        return read_cells(folder / "answer.fods")

    return cells


def read_cells(path: Path) -> list[list[Cell]]:
    """Cells of the first sheet with their types."""
    sheet = ElementTree.parse(path).getroot().find(f".//{TABLE}table")
    return [
        [cell for cell in row.iter(f"{TABLE}table-cell") for cell in [value_of(cell)] * repeated(cell)]
        for row in sheet.iter(f"{TABLE}table-row")
    ]


def repeated(cell: ElementTree.Element) -> int:
    return min(100, int(cell.get(f"{TABLE}number-columns-repeated", 1)))


def value_of(cell: ElementTree.Element) -> Cell:
    match cell.get(f"{OFFICE}value-type"):
        case "float" | "percentage" | "currency":
            return float(cell.get(f"{OFFICE}value"))
        case "date":
            return date.fromisoformat(cell.get(f"{OFFICE}date-value")[:10])
        case "string":
            return "\n".join("".join(paragraph.itertext()) for paragraph in cell.iter(f"{TEXT}p"))
    return None


@pytest.fixture
def days(stage, as_east) -> Callable[[str], bytes]:
    def ask(more: str) -> bytes:
        path = f"/plants/{stage.east.plant_id}/energy?grain=day&from=2026-11-20&to=2026-11-22"
        answer = as_east(f"{path}&fields=local_date,energy_kwh,mean_completeness&format=csv{more}")
        assert answer.status_code == 200, answer.text
        return answer.content

    return ask


TOLD = [
    ["local_date", "energy_kwh", "mean_completeness"],
    [date(2026, 11, 20), 98.5, 0.96],
    [date(2026, 11, 21), 98.5, 0.96],
]


def test_an_english_sheet_reads_the_days_of_a_plant_as_dates_and_numbers(days, opened):
    assert opened(days(""), ".csv", csv_filter(",", ENGLISH)) == TOLD


def test_a_brazilian_sheet_reads_the_same_days_with_the_decimal_comma(days, opened):
    assert opened(days("&decimal=comma"), ".csv", csv_filter(";", BRAZILIAN)) == TOLD


def test_a_brazilian_sheet_would_read_points_wrongly_which_is_why_there_is_the_comma(days, opened):
    rows = opened(days(""), ".csv", csv_filter(",", BRAZILIAN))

    assert rows[1][0] == date(2026, 11, 20)
    assert rows[1][1] == "98.5"


@pytest.mark.parametrize(("more", "separator", "locale"), [("", ",", ENGLISH), ("&decimal=comma", ";", BRAZILIAN)])
def test_a_name_with_accents_and_signs_is_the_same_text_in_both(stage, as_east, opened, rename_device, more, separator, locale):
    rename_device('Usina "São José"; Norte, 1')

    rows = opened(as_east(f"/devices?format=csv&fields=device_id,model{more}").content, ".csv", csv_filter(separator, locale))

    assert rows[1] == [float(stage.east.device_id), 'Usina "São José"; Norte, 1']


@pytest.mark.parametrize(("more", "separator", "locale"), [("", ",", ENGLISH), ("&decimal=comma", ";", BRAZILIAN)])
def test_a_name_that_is_a_formula_is_never_computed(as_east, opened, rename_device, more, separator, locale):
    rename_device("=1+1")

    rows = opened(as_east(f"/devices?format=csv&fields=model{more}").content, ".csv", csv_filter(separator, locale))

    assert rows[1][0] in {"=1+1", "'=1+1"}


def test_the_workbook_of_a_report_has_dates_numbers_and_texts_in_any_locale(opened):
    columns = (ReportColumn("Dia", "date"), ReportColumn("Energia", "number"), ReportColumn("PR", "ratio"), ReportColumn("Usina"))
    rows = (("2026-11-20", 1234.5, 0.123, "São José; Norte"), ("2026-11-21", None, -0.5, "=1+1"))
    table = ReportTable("days", "Dias", columns, rows)
    content = workbook([table], title="Relatório", issued_at=datetime(2026, 11, 22, tzinfo=UTC))

    told = opened(content, ".xlsx")

    assert told[0][:4] == ["Dia", "Energia", "PR", "Usina"]
    assert told[1][:4] == [date(2026, 11, 20), 1234.5, 0.123, "São José; Norte"]
    assert told[2][:3] == [date(2026, 11, 21), None, -0.5]
    assert told[2][3] in {"=1+1", "'=1+1"}


@pytest.fixture
def rename_device(stage):
    def rename(name: str | None) -> None:
        with transaction(stage.url) as connection:
            connection.execute(
                text("UPDATE fleet.device SET model = :n WHERE device_id = :d"), {"n": name, "d": stage.east.device_id}
            )

    yield rename
    rename(None)
