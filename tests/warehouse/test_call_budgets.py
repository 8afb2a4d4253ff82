"""The report on the data tells how much of its vendor's daily quota of calls each account used, where that is known."""

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from include.core.pulls import RateLimit
from include.steps.due_reports import due_reports
from include.steps.report import render_reports
from include.warehouse import vendor_calls
from include.warehouse.engine import transaction
from include.warehouse.vendor_calls import CountedCall
from tests.warehouse.test_reports_and_mail import NOW, filled, plant  # noqa: F401 - fixtures

pytestmark = pytest.mark.postgres

DAY_S = 86_400
LIMITS = (RateLimit("*", 1000, 60), RateLimit("*", 40, DAY_S), RateLimit("plants", 10, DAY_S), RateLimit("one", 1, DAY_S, True))
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The week of the report is that of 2 to 8 March."""


@pytest.fixture
def fleet(plant):  # noqa: F811
    with transaction(plant.url) as connection:
        plant.accounts = {
            name: connection.execute(
                text(
                    "INSERT INTO fleet.integration (tenant_id, vendor, name, connection_id, state, state_set_at, next_due_at, "
                    "last_answer_at) VALUES (:tenant, 'deye', :name, :name, 'active', :at, :at, :at) RETURNING integration_id"
                ),
                {"tenant": plant.tenant_id, "name": name, "at": NOW},
            ).scalar_one()
            for name in ("busy", "calm", "free", "never")
        }
    return plant


def call(fleet, name: str, interface: str, at: datetime, *, times: int, limits=LIMITS, caller: str | None = None) -> None:
    with transaction(fleet.url) as connection:
        for count in range(times):
            one = CountedCall(fleet.accounts[name], caller or name, interface, None)
            assert vendor_calls.spend(connection, one, limits, now=at + timedelta(seconds=count)) is None


def made(fleet, language: str = "en") -> dict:
    (request,) = due_reports(
        fleet.settings, tenant="demo", plants=None, kind="week", day=date(2026, 3, 4), language=language, run_after=NOW,
        about="quality",
    )  # fmt: skip
    (told,) = render_reports(fleet.settings, [request], now=NOW, run_id="t", send=False)["reports"]
    figures = fleet.read(f"SELECT figures FROM mart.report WHERE report_id = {told['report_id']}")["figures"].item()
    (accounts,) = [table for table in figures["tables"] if table["name"] == "budgets"]
    columns = [column["title"] for column in accounts["columns"]]
    told["rows"] = {row[0]: dict(zip(columns, row, strict=True)) for row in accounts["rows"]}
    told["said"] = [observation["text"].replace("\u00a0", " ") for observation in figures["observations"]]
    return told


def quota(row: dict) -> list:
    return [row[name] for name in ("Calls in the period", "Used of the quota", "Quota", "Quota used")]


def test_the_fullest_daily_quota_of_an_account_is_told_and_calls_beyond_the_period_are_not(fleet):
    call(fleet, "busy", "plants", MONDAY - timedelta(days=1), times=9)
    call(fleet, "busy", "devices", MONDAY - timedelta(hours=1), times=3)
    for day in range(7):
        call(fleet, "busy", "plants", MONDAY + timedelta(days=day), times=9)
    call(fleet, "calm", "devices", MONDAY + timedelta(days=5), times=4)
    call(fleet, "free", "devices", MONDAY, times=5, limits=LIMITS[:1])

    rows, said = (told := made(fleet))["rows"], told["said"]

    # Nine of ten calls of `plants` on each of seven days; of all calls 66 of 280, which is less.
    assert quota(rows["busy"]) == [66, 63, 70, pytest.approx(0.9)]
    # Counted for two days of the week, Saturday and Sunday.
    assert quota(rows["calm"]) == [4, 4, 80, pytest.approx(0.05)]
    assert quota(rows["free"]) == [5, None, None, None]
    assert quota(rows["never"]) == [None, None, None, None]
    assert "Account busy used 90.0% of its daily quota of calls: 63 of 70 in the period." in said
    assert said[-1].startswith("Use of the quota of calls is unknown (2): free and never.")


def test_accounts_that_a_vendor_counts_together_share_what_they_used(fleet):
    call(fleet, "busy", "devices", MONDAY, times=10, caller="same")
    call(fleet, "calm", "devices", MONDAY, times=20, caller="same")

    rows = made(fleet)["rows"]

    assert [quota(rows[name]) for name in ("busy", "calm")] == [
        [10, 30, 280, 0.1071],
        [20, 30, 280, 0.1071],
    ]


@pytest.mark.parametrize(("language", "head", "share"), [("en", "Quota used", "90.0%"), ("pt-BR", "Uso da cota", "90,0%")])
def test_pdf_workbook_and_csv_tell_the_same_quota_in_both_languages(fleet, language, head, share):
    for day in range(7):
        call(fleet, "busy", "plants", MONDAY + timedelta(days=day), times=9)

    pdf = Path(made(fleet, language)["uri"])

    page = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.read_bytes())).pages).split())
    page = page.replace("\u00a0", " ").replace(" %", "%")
    assert head in page
    assert share in page
    sheet = next(
        sheet for sheet in openpyxl.load_workbook(pdf.with_suffix(".xlsx")) if any(cell.value == head for cell in sheet[1])
    )
    place = [cell.value for cell in sheet[1]].index(head)
    assert sheet[2][place].value == pytest.approx(0.9)
    with ZipFile(pdf.with_suffix(".csv.zip")) as archive:
        assert any(head in archive.read(name).decode() for name in archive.namelist())


def test_days_that_no_report_tells_are_forgotten_and_the_others_stay(fleet):
    call(fleet, "busy", "plants", NOW - timedelta(days=500), times=2)
    call(fleet, "busy", "plants", NOW - timedelta(days=300), times=2)

    with transaction(fleet.url) as connection:
        vendor_calls.forget_calls(connection, fleet.accounts["busy"], now=NOW)

    assert fleet.read("SELECT count(*) AS n FROM ops.vendor_call")["n"].item() == 0
    assert fleet.read("SELECT interface, calls FROM ops.vendor_call_day ORDER BY 1").to_numpy().tolist() == [
        ["*", 2],
        ["plants", 2],
    ]


def test_a_call_that_a_limit_forbids_is_not_counted(fleet):
    call(fleet, "busy", "plants", MONDAY, times=10)

    with transaction(fleet.url) as connection:
        one = CountedCall(fleet.accounts["busy"], "busy", "plants", None)
        assert vendor_calls.spend(connection, one, LIMITS, now=MONDAY + timedelta(minutes=1)) is not None

    assert set(fleet.read("SELECT calls FROM ops.vendor_call_day")["calls"]) == {10}
