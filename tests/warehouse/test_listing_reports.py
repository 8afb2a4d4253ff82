"""Reports of consumption and of the quality of the data say what the warehouse holds, in every form alike."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from cli.main import app
from include.core.errors import Refused, TryLater
from include.reports.mail import MailEnvelope, report_mail
from include.steps.consumption import check_consumption
from include.steps.due_reports import due_reports
from include.steps.report import render_reports
from include.steps.send import send_outbox
from include.steps.subscriptions import list_subscriptions, subscribe, unsubscribe
from include.steps.verify import verify_report
from tests.warehouse.small_river import SmallRiver

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
ROWS = {
    ("A", ""): {"2025-10": 80, "2026-07": 100, "2026-08": 120, "2026-09": 110, "2026-10": 880},
    ("B", "7001"): {"2026-08": 300, "2026-09": 300, "2026-10": 330},
    ("B", "7002"): {"2026-08": 60, "2026-09": 60},
    ("C", ""): {"2026-09": 500, "2026-10": 400},
    ("D", ""): {"2026-08": 70, "2026-09": 70},
}
"""Consumption [kWh]: A's October is eight times September's, one of B's two bills and D's have not come, E is in no group."""


@pytest.fixture(scope="module")
def river(new_warehouse, tmp_path_factory) -> SmallRiver:
    river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))
    customers = [{"document": key, "name": f"Customer {key}", "group_name": "Condomínio Norte"} for key in "ABCD"]
    customers.append({"document": "E", "name": "=cmd|' /C calc'!A0"})
    plants = [{"plant_key": "p", "name": "Silent plant", "timezone": "America/Sao_Paulo"}]
    river.drop({("registry", "registry.json"): json.dumps({"customers": customers, "plants": plants}).encode()})
    river.flow(now=NOW)
    lines = [f"{point};{key};{month};{kwh}" for (key, point), months in ROWS.items() for month, kwh in months.items()]
    lines += [";E;2026-10;10", ";nobody;2026-10;10"]
    river.drop({("consumption", "all.csv"): "\n".join(["uc;documento;mes;consumo_kwh", *lines, ""]).encode()})
    river.drop({("consumption", "broken.csv"): b"%PDF-1.7 not a table"}, wave=1)
    river.flow(now=NOW)
    check_consumption(river.settings, now=NOW)
    return river


def make(river, about: str, *, group: str | None = None, language: str = "en", kind: str = "month") -> tuple[dict, dict]:
    form = {"tenant": "demo", "plants": None, "kind": kind, "day": date(2026, 10, 5), "language": language, "run_after": NOW}
    if about == "quality":
        form["day"] = NOW.date()
    (request,) = due_reports(river.settings, **form, about=about, customer_group=group)
    now = form["run_after"]
    (made,) = render_reports(river.settings, [request], now=now, run_id="test", send=False)["reports"]
    figures = river.read(f"SELECT figures FROM mart.report WHERE report_id = {made['report_id']}")["figures"].item()
    return made, figures


def words(uri: str) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(Path(uri).read_bytes())).pages)
    return " ".join(text.replace("\u00a0", " ").split())


def rows_of(figures: dict, name: str) -> list[list]:
    (table,) = [table for table in figures["tables"] if table["name"] == name]
    return table["rows"]


def test_a_group_is_added_up_by_pencil_and_what_is_missing_is_no_fall(river):
    made, figures = make(river, "consumption", group="Condomínio Norte")

    tiles = {tile["label"]: (tile["value"], tile["note"].replace("\u00a0", " ")) for tile in figures["tiles"]}
    # A, one of B's points, C: 880 + 330 + 400. Both months whole have A and C: 1,280 after 610.
    assert tiles["Consumption"] == ("1,610", "3 of 4 customers")
    assert tiles["vs. month before"] == ("+109.8%", "610 kWh; 2 customers")
    assert tiles["vs. year before"] == ("+1,000.0%", "80 kWh; 1 customers".replace("80 kWh", "80.0 kWh"))
    told = words(made["uri"])
    for sentence in (
        "Customer A: 880 kWh, above the usual most of",
        "The bill of a consumption point is missing (1): Customer B.",
        "No consumption was told for this month (1): Customer D.",
    ):
        assert sentence in told
    assert [row[0] for row in rows_of(figures, "customers")] == ["Customer A", "Customer C", "Customer B", "Customer D"]
    assert rows_of(figures, "months")[-2:] == [["2026-09-01", 110 + 360 + 500 + 70], ["2026-10-01", 1610]]


def test_page_workbook_csv_and_figures_agree_and_hold_no_formula(river):
    made, figures = make(river, "consumption", language="pt-BR")

    sheets = openpyxl.load_workbook(made["uri"].removesuffix(".pdf") + ".xlsx")
    printed = words(made["uri"])
    (sheet,) = [sheets[name] for name in sheets.sheetnames if name == "Clientes"]
    found = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    stored = rows_of(figures, "customers")
    assert [[row[0], row[1] or "", row[-1]] for row in found] == [[row[0], row[1], row[-1]] for row in stored]
    numbers = [[cell or 0 for cell in row[2:-1]] for row in stored]
    assert [[cell or 0 for cell in row[2:-1]] for row in found] == [pytest.approx(row, abs=1e-4) for row in numbers]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    for row in found:
        if row[2] is not None:
            assert f"{row[2]:,.1f}".translate(str.maketrans(",.", ".,")) in printed
    assert "1.620" in printed, "all five customers"


def test_the_mail_of_a_group_says_the_tiles_and_sentences_of_its_page(river):
    made, figures = make(river, "consumption", group="Condomínio Norte", language="pt-BR")
    envelope = MailEnvelope("r@example.org", "a@example.org", "<report-1@heliograph>", NOW)

    mail = report_mail(figures, Path(made["uri"]).read_bytes(), envelope)

    plain = mail.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert mail["Subject"].startswith("Condomínio Norte: Relatório mensal de consumo, 1º a 31 de outubro de 2026")
    for tile in figures["tiles"]:
        assert tile["value"].replace("\u00a0", " ") in plain
    for sentence in figures["observations"]:
        assert sentence["text"].replace("\u00a0", " ") in " ".join(plain.split())


def test_the_lost_file_of_a_group_is_told_with_its_group(river):
    form = {"tenant": "demo", "plants": None, "kind": "month", "day": date(2026, 9, 5), "language": "en", "run_after": NOW}
    wish = {"now": NOW, "run_id": "test", "send": True}
    requests = due_reports(river.settings, **form, about="consumption", customer_group="Condomínio Norte")
    (made,) = render_reports(river.settings, requests, **wish, send_to="a@example.org")["reports"]
    Path(made["uri"]).unlink()

    with pytest.raises(TryLater):
        send_outbox(river.settings, smtp=lambda: {"host": "127.0.0.1", "port": 9, "sender": "r@example.org"}, now=NOW)

    (told,) = river.read("SELECT last_error FROM ops.outbox WHERE recipient = 'a@example.org'")["last_error"]
    assert "tenant demo, about consumption, group Condomínio Norte, period month, day 2026-09-01 and language en" in told
    render_reports(river.settings, requests, **wish)
    assert Path(made["uri"]).exists()


def test_the_same_data_make_no_second_revision_and_the_report_holds_when_it_is_verified(river):
    first, _ = make(river, "consumption", group="Condomínio Norte")
    again, _ = make(river, "consumption", group="Condomínio Norte")

    assert (again["report_id"], again["is_new"]) == (first["report_id"], False)
    assert verify_report(river.settings, Path(first["uri"]).read_bytes()).holds


@pytest.mark.parametrize("groups", [("Norte / A", "Norte ? A"), ("電" * 190 + "1", "電" * 190 + "2"), ("../../etc", ".")])
def test_groups_whose_names_make_no_good_path_rest_apart_and_below_the_store(river, groups):
    places = []
    for group in groups:
        river.read("UPDATE fleet.customer SET group_name = :name WHERE document = 'E' RETURNING 1", name=group)
        made, _ = make(river, "consumption", group=group)
        places.append(Path(made["uri"]).resolve())
    river.read("UPDATE fleet.customer SET group_name = NULL WHERE document = 'E' RETURNING 1")

    assert len(set(places)) == len(groups)
    assert all(place.is_relative_to(Path(river.settings.report_store).resolve()) and place.exists() for place in places)


def test_a_group_that_nobody_is_in_and_consumption_by_the_day_are_refused(river):
    with pytest.raises(Refused, match=r"no group 'Sul' of customers to report on \(groups: Condomínio Norte\)"):
        make(river, "consumption", group="Sul")
    with pytest.raises(Refused, match="by the month"):
        make(river, "consumption", kind="day")


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_who_gets_the_report_of_a_group_that_has_another_name_now_is_told_so_once(river, language):
    begun = datetime(2026, 9, 1, tzinfo=UTC)
    river.read("UPDATE fleet.customer SET group_name = 'Sul' WHERE document = 'E' RETURNING 1")
    wish = {"about": "consumption", "kinds": ["month"], "customer_group": "Sul", "language": language, "now": begun}
    subscribe(river.settings, tenant="demo", email="sul@example.org", **wish)
    river.read("UPDATE fleet.customer SET group_name = NULL WHERE document = 'E' RETURNING 1")
    form = {"tenant": None, "plants": None, "kind": None, "day": None, "language": None}
    morning = datetime(2026, 10, 1, 10, tzinfo=UTC)

    told = render_reports(
        river.settings, due_reports(river.settings, **form, run_after=morning), now=morning, run_id="t", send=True
    )

    assert (told["mails"], told["errors"]) == (1, [])
    (made,) = told["reports"]
    said = {"en": "No customer is registered for this report.", "pt-BR": "Nenhum cliente está cadastrado para este relatório."}
    assert said[language] in words(made["uri"])
    assert due_reports(river.settings, **form, run_after=morning + timedelta(hours=1)) == []
    assert verify_report(river.settings, Path(made["uri"]).read_bytes()).holds
    unsubscribe(river.settings, tenant="demo", email="sul@example.org", now=morning)


def test_the_operator_reads_what_was_refused_held_back_and_missing(river):
    made, figures = make(river, "quality", kind="day")

    loads = river.read(
        "SELECT sum(parsed_rows)::int AS rows, sum(quarantined_rows)::int AS held FROM landing.load "
        "JOIN landing.document USING (document_id) WHERE feed = 'consumption'"
    ).iloc[0]
    (feed,) = [row for row in rows_of(figures, "feeds") if row[0] == "consumption"]
    assert feed[1:6] == [2, 0, 1, int(loads["rows"]), int(loads["held"])]
    assert loads["held"] == 1
    told = words(made["uri"])
    assert "Refused documents (1); the newest, broken.csv:" in told
    assert "1 rows of consumption were put into quarantine: unregistered device." in told
    assert "Silent plant: coverage of 0.0%, " in told
    assert verify_report(river.settings, Path(made["uri"]).read_bytes()).holds


def test_what_is_wrong_with_the_data_is_not_for_the_users_of_the_tenant(river):
    make(river, "quality", kind="day")

    assert "quality" not in river.read("SELECT DISTINCT about FROM api.report")["about"].tolist()


def test_each_group_has_a_calendar_of_its_own_and_gets_its_month(river, monkeypatch):
    started = {"now": datetime(2026, 10, 1, tzinfo=UTC)}
    for group in ("Condomínio Norte", None):
        wish = {"about": "consumption", "kinds": ["month"], "customer_group": group, "language": "en"}
        subscribe(river.settings, tenant="demo", email="owner@example.org", **wish, **started)
    with pytest.raises(Refused, match="known: Condomínio Norte"):
        subscribe(
            river.settings,
            tenant="demo",
            email="a@example.org",
            about="consumption",
            kinds=["month"],
            customer_group="Sul",
            **started,
        )

    form = {"tenant": None, "plants": None, "kind": None, "day": None, "language": None}
    morning = datetime(2026, 11, 1, 10, tzinfo=UTC)
    due = due_reports(river.settings, **form, run_after=morning)
    told = render_reports(river.settings, due, now=morning, run_id="test", send=True)

    assert sorted(json.dumps([row["about"], row["customer_group"]]) for row in due) == [
        '["consumption", "Condom\\u00ednio Norte"]', '["consumption", null]'
    ]  # fmt: skip
    assert told["mails"] == 2
    assert due_reports(river.settings, **form, run_after=morning) == []

    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", river.settings.database_url)
    stopped = CliRunner().invoke(app, ["recipient", "stop", "demo", "owner@example.org", "--group", "Condomínio Norte"])

    assert stopped.exit_code == 0, stopped.output
    assert [row["customer_group"] for row in list_subscriptions(river.settings, "demo")] == [None]
    waiting = river.read(
        "SELECT customer_group FROM ops.outbox JOIN mart.report USING (report_id) WHERE recipient = 'owner@example.org'"
    )
    assert waiting["customer_group"].tolist() == [None]
