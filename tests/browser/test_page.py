"""What people do with the fleet page, in a real browser. What breaks its policy or throws fails every test (`conftest.py`)."""

import contextlib
import gzip
import io
import json
import re
import urllib.parse
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import text

from include.core.fleet_page import fleet_views
from include.warehouse.engine import transaction
from tests.browser.conftest import NOW, PASSWORD

pytestmark = pytest.mark.postgres
AXE = gzip.decompress((Path(__file__).parent / "axe" / "axe.min.js.gz").read_bytes()).decode()
VIEWS = (
    "/",
    "/plants/2",
    "/customers",
    "/customers/1",
    "/sensors",
    "/sensors/19",
    "/data",
    "/documents/1",
    "/loads?run=scheduled__2026-11-21T14%3A45%3A00%2B00%3A00",
)
RUN = "scheduled__2026-11-21T14:45:00+00:00"
FIRST_VIEW_BYTES = 150 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def cells(page, name: str) -> list[list[str]]:
    """Texts of a table's body, row by row."""
    rows = page.locator(f"table[data-name={name}] tbody tr")
    return [rows.nth(at).locator("th, td").all_text_contents() for at in range(rows.count())]


def problem(status: int, detail: str = "no") -> dict:
    return {
        "status": status, "content_type": "application/problem+json",
        "body": json.dumps({"type": "x", "title": "x", "status": status, "detail": detail, "instance": "/"}),
    }  # fmt: skip


def test_which_inverter_failed_since_when_is_answered_after_one_click_without_colour(visitor):
    visit = visitor()

    visit.follow("Usina da Serra")
    visit.settle()

    assert cells(visit.page, "alarms")[0][:4] == ["■ major", "INV-03", "Does not produce", "19 Nov 2026, 00:00"]
    expect(visit.page.locator("table.heat caption")).to_contain_text("Worst: INV-03, low on 3 of")
    expect(visit.page.locator("table.heat tbody tr", has_text="INV-03").locator("td").last).to_have_text("0✕no production")


def test_the_view_before_stands_and_is_busy_until_the_next_one_is_here(visitor):
    visit = visitor()
    held: list = []
    visit.page.route("**/page/views/plant.js", lambda route: held.append(route))

    with visit.page.expect_request("**/page/views/plant.js"):
        visit.follow("Usina da Serra")
    expect(visit.page.locator("main[aria-busy=true] h1")).to_have_text("Fleet")
    held[0].continue_()
    visit.settle()

    expect(visit.page.locator("main:not([aria-busy]) h1")).to_have_text("Usina da Serra")


def test_the_fleet_is_worst_first_and_has_the_numbers_of_the_api(visitor, host):
    visit = visitor()
    by_name = {row["name"]: row for row in host.get("/fleet")["data"]}
    indices = {row["name"]: row["performance"]["performance_index"] for row in host.get("/performance?window=7_days")["data"]}

    shown = cells(visit.page, "fleet")

    assert [row[0] for row in shown] == [
        "Usina da SerraPetrópolis",
        "Usina do Mar <b>Niterói",
        "Usina do SolCampinas",
        "Usina Nova",
    ]
    assert [row[1] for row in shown] == ["● fresh", "▲ late: 2 days", "● fresh", "○ no data yet"]
    assert [row[2] for row in shown] == ["■ major", "○ none known", "● none", "○ none known"]
    serra, sol = by_name["Usina da Serra"], by_name["Usina do Sol"]
    # Six inverters of 39 to 44 kW at five to noon, the third of which stands still.
    assert serra["power_kw"] == pytest.approx((sum(range(39, 45)) - 41) * 0.99976, rel=1e-4)
    assert [number(row[3]) for row in (shown[0], shown[2])] == [round(serra["power_kw"]), round(sol["power_kw"])]
    assert [row[4] for row in shown] == ["813", "–", "813", "–"]
    assert shown[0][5] == f"{round(serra['energy_change_pct']):+} %"
    assert shown[0][6] == f"{indices['Usina da Serra']:.0%}".replace("%", " %")
    assert shown[0][7] == "1 major, 1 minor"
    assert shown[0][8] == "250 kWhR$200"  # at 0.80 a kWh


def test_plants_are_found_without_accents_filtered_and_sorted(visitor):
    visit = visitor()
    names = lambda: [row[0] for row in cells(visit.page, "fleet")]  # noqa: E731 - what stands there now

    visit.page.get_by_role("searchbox").fill("PETROPOLIS")
    assert names() == ["Usina da SerraPetrópolis"]
    visit.page.get_by_role("searchbox").fill("nothing like it")
    expect(visit.page.locator("main")).to_contain_text("No plant matches")
    visit.page.get_by_role("searchbox").fill("")
    visit.page.get_by_label("Show").select_option("late")
    assert names() == ["Usina do Mar <b>Niterói"]
    visit.page.get_by_label("Show").select_option("all")
    visit.page.get_by_label("Sort by").select_option("power")
    assert names()[:2] == ["Usina do SolCampinas", "Usina da SerraPetrópolis"]


def a_fleet(host, plants: int, **changes: object) -> dict:
    """The API's own answer of all plants, with so many of them."""
    answer = host.get("/fleet")
    well = dict.fromkeys(("critical", "major", "minor", "notice"), 0)
    rows = [
        answer["data"][place % 4] | {"plant_id": place + 1, "name": f"Plant {place + 1}", "open_alarms": dict(well)}
        for place in range(plants)
    ]
    return answer | {"data": rows} | changes


def test_a_thousand_plants_are_shown_in_parts_and_the_worst_of_them_first(visitor, host):
    visit = visitor("/", logged_in=False)
    answer = a_fleet(host, 1000)
    answer["data"][776]["open_alarms"]["critical"] = 1
    visit.page.route("**/api/v1/fleet*", lambda route: route.fulfill(json=answer))
    visit.log_in()
    visit.settle()
    rows = visit.page.locator("table[data-name=fleet] tbody tr")

    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("Plant 777")
    expect(visit.page.locator("main")).to_contain_text("1 of 1000 plants have faults")
    visit.page.get_by_role("button", name="Show 100 more").click()
    expect(rows).to_have_count(200)
    with script_time(visit.page) as took_s:
        visit.page.get_by_role("searchbox").fill("plant 9")
        expect(visit.page.locator("main")).to_contain_text("111 of 1000 plants")
    assert 0 < took_s[0] < 1


@contextlib.contextmanager
def script_time(page):
    """Seconds of a processor that the page's scripts take inside; what others take of it does not count."""
    session, took_s = page.context.new_cdp_session(page), []
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def so_far() -> float:
        return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}["ScriptDuration"]

    began_s = so_far()
    yield took_s
    took_s.append(so_far() - began_s)


def test_a_fleet_of_none_or_one_is_told_as_such(visitor, host):
    visit = visitor("/", logged_in=False)
    visit.page.route("**/api/v1/fleet*", lambda route: route.fulfill(json=a_fleet(host, 0)))
    visit.log_in()
    expect(visit.page.locator("main")).to_contain_text("No plant is registered yet")

    visit.page.unroute("**/api/v1/fleet*")
    visit.page.route("**/api/v1/fleet*", lambda route: route.fulfill(json=a_fleet(host, 1)))
    visit.page.reload()
    visit.log_in()
    expect(visit.page.locator("table[data-name=fleet] tbody tr")).to_have_count(1)


def test_figures_that_could_not_be_refreshed_say_of_when_they_are(visitor):
    visit = visitor()
    visit.page.route("**/api/v1/fleet*", lambda route: route.abort())

    visit.page.get_by_role("button", name="Refresh").click()

    expect(visit.page.locator("main")).to_contain_text("Not refreshed: what you see is of")
    expect(visit.page.locator("table[data-name=fleet] tbody tr")).to_have_count(4)


def test_a_log_in_that_fails_says_why_and_one_that_succeeds_leads_where_the_address_says(visitor):
    visit = visitor("/plants/1", logged_in=False)

    visit.log_in(password="wrong words")
    expect(visit.page.get_by_role("alert")).to_contain_text("E-mail or password is wrong")
    visit.log_in()
    visit.settle()

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Usina do Sol")


def test_the_tokens_are_in_no_storage_and_in_no_cookie(visitor):
    visit = visitor()
    kept = visit.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")

    assert "ey" not in kept
    assert "helior" not in kept
    assert visit.page.context.cookies() == []


def test_the_numbers_of_a_plant_are_those_of_the_api(visitor, host):
    visit = visitor("/plants/2?day=2026-11-20&days=7")
    visit.page.locator("summary").first.wait_for()
    for summary in visit.page.locator("summary").all():
        summary.click()
    days = host.get("/plants/2/energy?grain=day&from=2026-11-14&to=2026-11-21")["data"]
    hours = host.get("/plants/2/rollups?grain=hour&from=2026-11-20&to=2026-11-21&quantity=ac_power_kw")["data"]
    performance = host.get("/plants/2/performance?as_of=2026-11-20")["data"]
    shares = host.get("/plants/2/inverter-days?from=2026-11-14&to=2026-11-21&limit=1000")["data"]
    forecast = host.get("/plants/2/forecast")["data"]["days"]

    assert [row[1] for row in cells(visit.page, "daily")] == [f"{day['energy_kwh']:,.0f}" for day in days]
    assert [row[2] for row in cells(visit.page, "daily")] == ["1,600"] * 7  # 48,000 kWh in a month of 30 days
    assert [number(row[1]) for row in cells(visit.page, "power")] == [pytest.approx(row["mean"], rel=0.01) for row in hours]
    indices = [f"{row['performance_index']:.1%}".replace("%", " %") for row in performance]
    assert [row[3] for row in cells(visit.page, "performance")][:3] == indices
    heat = [int(re.match(r"\d+", text)[0]) for row in cells(visit.page, "heat") for text in row[1:]]
    by_inverter = sorted(shares, key=lambda row: (row["device_id"], row["local_date"]))
    assert heat == [int(row["peer_share"] * 100 + 0.5) for row in by_inverter]
    assert [row[2] for row in cells(visit.page, "forecast")] == [f"{day['p50_kwh']:,.0f}" for day in forecast]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_another_plant_day_range_language_and_theme_are_a_choice_each(visitor):
    visit = visitor("/plants/2")
    page = visit.page

    page.get_by_label("Days until then").select_option("7")
    page.get_by_role("button", name="Day before").click()
    visit.settle()
    assert "day=2026-11-20&days=7" in page.url
    assert len(cells(page, "heat")[0]) == 8

    page.get_by_label("Language").select_option("pt-BR")
    visit.settle()
    expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
    expect(page.get_by_role("heading", name="Energia por dia")).to_be_visible()
    assert cells(page, "alarms")[0][2] == "Não produz"

    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Cores").select_option("dark")
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (light, dark) == ("rgb(246, 248, 250)", "rgb(16, 23, 31)")

    visit.go("/plants/1")
    visit.settle()
    expect(page.get_by_role("heading", level=1)).to_have_text("Usina do Sol")
    expect(page.locator("section[data-section=alarms]")).to_contain_text("Nenhum alarme aberto")


def test_a_chart_is_zoomed_by_the_keyboard_alone(visitor):
    visit = visitor("/plants/2?day=2026-11-20")
    figure = visit.page.locator("figure[data-chart=power]")
    visit.settle()
    before = drawing(figure)

    figure.get_by_role("button", name="Zoom in").focus()
    visit.page.keyboard.press("Enter")
    zoomed = drawing(figure)
    figure.get_by_role("button", name="Show all").press("Enter")

    assert zoomed != before
    assert drawing(figure) == before


def drawing(figure) -> str:
    """What stands on a chart when the frame after this one is drawn: by then it knows its width and what was asked of it."""
    return figure.locator("canvas").evaluate(
        "(canvas) => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => told(canvas.toDataURL()))))"
    )


def test_a_report_is_downloaded_under_its_own_name(visitor):
    visit = visitor("/plants/2")

    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="of October 2026").click()

    assert download.value.suggested_filename.endswith(".pdf")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-1.7 ")


def test_an_alarm_leads_to_the_form_of_airflow(visitor):
    visit = visitor("/plants/2")

    link = visit.page.get_by_role("link", name="Acknowledge alarm 1 in Airflow")

    assert link.get_attribute("href") == "http://127.0.0.1:8080/dags/acknowledge_alarm"
    assert "noopener" in link.get_attribute("rel")


def calls_of(visit, path: str) -> list[int]:
    """Statuses of what is asked at this path of the API from now on, in order."""
    told: list[int] = []

    def note(answer) -> None:
        if urllib.parse.urlsplit(answer.url).path == f"/api/v1{path}":
            told.append(answer.status)

    visit.page.on("response", note)
    return told


def test_a_token_that_ended_is_renewed_once_for_all_that_wait_and_nobody_is_asked(visitor, host):
    visit = visitor("/plants/2")
    refused: list[str] = []
    visit.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 401 else None)
    renewals = calls_of(visit, "/auth/refresh")

    for minutes in (20, 40, 60):
        host.clock[0] = NOW + timedelta(minutes=minutes)
        refused.clear()
        visit.go(f"/plants/2?days=7&at={minutes}")
        visit.settle()
        assert len(refused) >= 3

    expect(visit.page.locator("dialog")).to_be_hidden()
    assert len(cells(visit.page, "heat")[0]) == 8
    assert renewals == [200, 200, 200]


def test_a_token_is_renewed_before_it_ends(visitor, host):
    visit = visitor("/", logged_in=False)
    visit.page.clock.install()
    visit.page.reload()
    visit.log_in()
    visit.settle()
    renewals, fleets = calls_of(visit, "/auth/refresh"), calls_of(visit, "/fleet")

    visit.page.clock.fast_forward(13 * 60 * 1000)
    host.clock[0] = NOW + timedelta(minutes=13)
    again(visit)
    assert (renewals, set(fleets)) == ([], {200})

    visit.page.clock.fast_forward(60 * 1000)
    host.clock[0] = NOW + timedelta(minutes=14)
    again(visit)
    assert (renewals, set(fleets)) == ([200], {200})


def again(visit) -> None:
    """Go away and come back to the fleet."""
    visit.go("/data")
    visit.settle()
    visit.go("/")
    visit.settle()


def test_a_session_that_ends_asks_again_and_goes_on_where_it_was(visitor, host):
    visit = visitor("/plants/2")
    host.end_sessions()
    host.clock[0] = NOW + timedelta(minutes=20)

    visit.page.get_by_label("Days until then").select_option("7")
    expect(visit.page.locator("dialog")).to_contain_text("Your session has ended")
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_label("Password").press("Enter")
    visit.settle()

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Usina da Serra")
    assert len(cells(visit.page, "heat")[0]) == 8


def test_a_renewal_that_the_api_cannot_answer_now_is_tried_again_and_the_session_goes_on(visitor, host):
    visit = visitor("/")
    host.clock[0] = NOW + timedelta(minutes=20)
    visit.page.route("**/api/v1/auth/refresh", lambda route: route.fulfill(**problem(503, "the warehouse is busy")))

    visit.go("/customers")
    part = visit.page.locator("section[data-section=ranking]")
    expect(part.get_by_role("alert")).to_contain_text("The warehouse is busy or away")
    expect(visit.page.locator("dialog")).to_be_hidden()
    visit.page.unroute("**/api/v1/auth/refresh")
    part.get_by_role("button", name="Try again").click()

    expect(part.locator("table")).to_be_visible()
    expect(visit.page.locator("dialog")).to_be_hidden()


def test_who_logs_out_ends_the_session_at_the_api_too(visitor, host):
    visit = visitor("/")
    with visit.page.expect_request("**/api/v1/auth/log-out") as left:
        visit.page.get_by_role("button", name="Log out").click()
    assert left.value.response().status == 204

    expect(visit.page.locator("dialog")).to_contain_text("Log in with the e-mail and password")
    refused = httpx.post(f"{host.url}/api/v1/auth/refresh", content=left.value.post_data, headers=FORM, timeout=60)
    assert refused.status_code == 401


def test_who_logs_out_during_a_renewal_stays_logged_out(visitor, host):
    visit = visitor("/")
    host.clock[0] = NOW + timedelta(minutes=20)
    held: list = []
    visit.page.route("**/api/v1/auth/refresh", lambda route: held.append(route))
    with visit.page.expect_request("**/api/v1/auth/refresh"):
        visit.go("/customers")

    visit.page.get_by_role("button", name="Log out").click()
    held[0].continue_()

    expect(visit.page.locator("dialog")).to_contain_text("Log in with the e-mail and password")
    visit.log_in()
    expect(visit.page.locator("table[data-name=fleet] tbody tr")).to_have_count(4)


def test_who_logs_in_as_another_sees_nothing_of_the_one_before(visitor, host):
    visit = visitor("/plants/2")
    host.end_sessions()
    host.clock[0] = NOW + timedelta(minutes=20)

    visit.page.get_by_label("Days until then").select_option("7")
    visit.log_in("client@sample.example")

    expect(visit.page.locator("main h1")).to_have_text("Fleet")
    assert visit.page.url.endswith("#/")


BRAND = (
    "INSERT INTO fleet.brand (tenant_id, main_colour, accent_colour, footer, logo_png, set_at) "
    "SELECT tenant_id, '#5b2a86', '#ffd166', '<b>Acme</b> Ltda.', decode(:logo, 'hex'), now() FROM fleet.tenant"
)


@pytest.fixture
def branded(host):
    logo = io.BytesIO()
    Image.new("RGB", (120, 40), (255, 0, 0)).save(logo, "PNG")
    with transaction(host.owner_url) as connection:
        connection.execute(text(BRAND), {"logo": logo.getvalue().hex()})
    yield
    with transaction(host.owner_url) as connection:
        connection.execute(text("DELETE FROM fleet.brand"))


@pytest.mark.usefixtures("branded")
def test_the_page_wears_the_tenants_look_from_the_log_in_to_the_log_out(visitor):
    visit = visitor("/", logged_in=False)
    head, foot, ours = visit.page.locator("#header"), visit.page.locator("#footer"), "rgb(31, 78, 121)"
    expect(head).to_have_css("background-color", ours)
    visit.log_in()
    visit.settle()

    expect(head).to_have_css("background-color", "rgb(91, 42, 134)")
    expect(head).to_have_css("border-bottom-color", "rgb(255, 209, 102)")
    expect(foot).to_have_text("<b>Acme</b> Ltda.")
    logo = visit.page.get_by_role("img", name="Sample")
    assert logo.evaluate("(canvas) => [...canvas.getContext('2d').getImageData(5, 5, 1, 1).data]") == [255, 0, 0, 255]
    visit.page.get_by_label("Language").select_option("pt-BR")
    expect(visit.page.get_by_role("img", name="Sample")).to_be_visible()
    assert findings(visit.page) == []

    visit.page.get_by_role("button", name="Sair").click()
    expect(head).to_have_css("background-color", ours)
    expect(visit.page.get_by_role("img", name="Sample")).to_have_count(0)
    expect(foot).to_have_text("")


@pytest.mark.usefixtures("branded")
def test_who_logs_in_as_another_does_not_stand_under_the_look_of_the_one_before(visitor, host):
    visit = visitor("/plants/2")
    expect(visit.page.locator("#footer")).to_have_text("<b>Acme</b> Ltda.")
    visit.page.route("**/api/v1/brand", lambda route: route.fulfill(**problem(503, "the warehouse is busy")))
    host.end_sessions()
    host.clock[0] = NOW + timedelta(minutes=20)

    visit.page.get_by_label("Days until then").select_option("7")
    visit.log_in("client@sample.example")

    expect(visit.page.locator("main h1")).to_have_text("Fleet")
    expect(visit.page.locator("#footer")).to_have_text("")
    expect(visit.page.locator("#header")).to_have_css("background-color", "rgb(31, 78, 121)")


def test_a_client_is_told_that_documents_are_for_administrators(visitor):
    visit = visitor("/", logged_in=False)
    visit.log_in("client@sample.example")
    visit.go("/data")
    visit.settle()

    for name in ("documents", "quarantine"):
        expect(visit.page.locator(f"section[data-section={name}]")).to_contain_text("Only administrators may see this")
    expect(visit.page.locator("section[data-section=feeds]")).to_contain_text("telemetry")


def test_the_tab_of_a_run_in_airflow_says_what_the_run_loaded(visitor, host):
    (tab,) = [view for view in fleet_views(f"{host.url}/page/") if view["destination"] == "dag_run"]
    visit = visitor()
    told = host.get(f"/loads/summary?run_id={urllib.parse.quote(RUN)}")["data"]

    # As Airflow's page fills it in.
    with visit.leaving():
        visit.page.goto(tab["href"].replace("{RUN_ID}", urllib.parse.quote(RUN, safe="")))
    visit.settle()

    names = ("inserted_rows", "updated_rows", "unchanged_rows", "duplicate_rows", "quarantined_rows")
    ((rows, *figures),) = cells(visit.page, "counts")
    assert [number(figure) for figure in figures] == [told[name] for name in names]
    assert rows == f"{told['parsed_rows']:,} (documents: {told['documents']})"
    assert told["quarantined_rows"] == 3
    assert cells(visit.page, "rules") == [["plant, device or customer is not registered", "2"], ["its value cannot be read", "1"]]
    plants = visit.page.locator("ul.plants a")
    assert sorted(plants.all_text_contents()) == ["Usina da Serra", "Usina do Mar <b>", "Usina do Sol"]
    visit.page.get_by_role("link", name="batch.json.gz").click()
    visit.page.locator("h1", has_text="batch.json.gz").wait_for()
    visit.settle()
    assert [row[0] for row in cells(visit.page, "quarantine")] == ["row 1", "row 2", "row 3"]
    visit.page.get_by_role("link", name=RUN).click()
    visit.page.locator("h1", has_text="What this load did").wait_for()


def test_a_run_that_loaded_nothing_and_an_address_without_a_run_say_so(visitor):
    visit = visitor("/loads?run=manual__2026-11-21T12%3A00%3A00%2B00%3A00")

    expect(visit.page.locator("section[data-section=summary]")).to_contain_text("Nothing was loaded under this run")
    visit.go("/loads")
    expect(visit.page.locator("main")).to_contain_text("The address names no run")


def test_rows_of_a_plant_that_were_held_back_have_their_reason_in_both_languages_and_lead_to_their_document(visitor):
    visit = visitor("/plants/2")
    part = visit.page.locator("section[data-section=quarantine]")
    expect(part).to_contain_text("its value cannot be read")
    assert cells(visit.page, "quarantine")[0][1:5] == ["telemetry", "INV-03", "its value cannot be read", "▲ 1"]

    visit.page.locator("select[name=language]").select_option("pt-BR")
    expect(part).to_contain_text("valor ilegível")
    part.get_by_role("link").click()
    visit.page.locator("h1", has_text="batch.json.gz").wait_for()
    with visit.page.expect_download() as saved:
        visit.page.get_by_role("button", name="linhas em CSV").click()
    assert saved.value.suggested_filename == "quarantine.csv"
    assert "value_readable" in Path(saved.value.path()).read_text(encoding="utf-8")

    visit.go("/plants/1")
    expect(part).to_contain_text("Nenhuma linha em quarentena.")


def test_a_client_sees_what_of_a_plant_was_held_back_but_not_the_document(visitor):
    visit = visitor("/plants/2", logged_in=False)
    visit.log_in("client@sample.example")

    visit.page.locator("section[data-section=quarantine]").get_by_role("link").click()

    expect(visit.page.locator("section[data-section=document]")).to_contain_text("Only administrators may see this")


def test_one_part_that_fails_takes_no_other_with_it_and_can_be_tried_again(visitor):
    visit = visitor()
    visit.page.route("**/api/v1/plants/2/forecast*", lambda route: route.fulfill(**problem(503, "the warehouse is busy")))

    visit.go("/plants/2")
    part = visit.page.locator("section[data-section=forecast]")
    expect(part.get_by_role("alert")).to_contain_text("The warehouse is busy or away")
    expect(visit.page.locator("table.heat")).to_be_visible()
    visit.page.unroute("**/api/v1/plants/2/forecast*")
    part.get_by_role("button", name="Try again").click()

    expect(part.locator("canvas")).to_be_visible()


def test_a_server_that_is_away_is_named_and_a_slow_one_too(visitor):
    visit = visitor()
    visit.page.route("**/api/v1/customers*", lambda route: route.abort())
    visit.page.route("**/api/v1/consumption/*", lambda route: route.abort())
    visit.page.route("**/api/v1/health/devices*", lambda route: None)

    visit.go("/customers")
    expect(visit.page.get_by_role("alert").first).to_contain_text("The server cannot be reached")
    visit.go("/sensors")

    expect(visit.page.locator("section[data-section=devices]")).to_contain_text("takes longer than usual")


def test_a_plant_without_anything_says_so_part_by_part(visitor):
    visit = visitor("/plants/4")

    for words in (
        "never spoke",
        "No open alarm",
        "No power was measured",
        "No energy is known",
        "no inverters",
        "No forecast yet",
    ):
        expect(visit.page.locator("main")).to_contain_text(words)


def test_what_a_tenant_wrote_is_text_and_never_markup(visitor):
    visit = visitor("/plants/3")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Usina do Mar <b>")
    visit.go("/data")

    expect(visit.page.locator("table[data-name=quarantine] code").first).to_have_text('{"note":"<script>alert(1)</script>"}')


@pytest.mark.parametrize("address", ["/plants/2/../../x", "/plants/abc", "/nowhere", "/__proto__", "/plants/99999"])
def test_an_address_that_leads_nowhere_says_so(visitor, address):
    visit = visitor(address, logged_in=False)
    if address == "/plants/99999":
        visit.log_in()

    expect(visit.page.get_by_text(re.compile("There is no such"))).to_be_visible()


def test_the_first_view_is_small_and_asks_nobody_else(visitor, host):
    visit = visitor("/", logged_in=False)
    asked: list[tuple[str, int]] = []
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("Network.enable")
    urls: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    session.on(
        "Network.loadingFinished", lambda event: asked.append((urls.get(event["requestId"], ""), event["encodedDataLength"]))
    )
    visit.page.reload()
    session.send("Network.clearBrowserCache")
    asked.clear()
    visit.page.reload()
    visit.log_in()
    visit.settle()

    hosts = {urllib.parse.urlsplit(url).netloc for url, _ in asked if url.startswith("http")}
    assert hosts == {urllib.parse.urlsplit(host.url).netloc}
    assert 30_000 < sum(size for _, size in asked) <= FIRST_VIEW_BYTES


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_view_is_free_of_serious_findings_of_axe(visitor, look):
    visit = visitor(
        color_scheme=look, viewport={"width": 390, "height": 844} if look == "dark" else {"width": 1280, "height": 900}
    )
    found = {}
    # Colours and cards are what dark and a phone change: two views have them all.
    views = VIEWS if look == "light" else VIEWS[:2]
    for address in views:
        visit.go(address)
        visit.settle()
        found[address] = findings(visit.page)

    assert found == {address: [] for address in views}


def test_the_log_in_is_free_of_serious_findings_of_axe(visitor):
    visit = visitor(logged_in=False)
    visit.page.get_by_label("Password").wait_for()

    assert findings(visit.page) == []


def findings(page) -> list[str]:
    """Serious and critical findings of axe; it is put in through the debugger, which the policy does not bind."""
    page.evaluate(AXE + "; undefined")
    answer = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}"
        for each in answer["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_a_phone_never_scrolls_sideways_and_paper_shows_no_buttons(visitor):
    visit = visitor(viewport={"width": 360, "height": 740})
    for address in VIEWS:
        visit.go(address)
        visit.settle()
        assert visit.page.evaluate("() => document.documentElement.scrollWidth") <= 360, address
    for language in ("en", "pt-BR"):
        visit.page.locator("select[name=language]").select_option(language)
        for row in ("#header nav a", "#header select, #log-out"):
            assert len({place.bounding_box()["y"] for place in visit.page.locator(row).all()}) == 1, (language, row)

    visit.page.emulate_media(media="print")
    expect(visit.page.locator("#header")).to_be_hidden()


def test_the_keyboard_reaches_the_content_first_and_then_every_view(visitor):
    visit = visitor("/customers")

    visit.page.keyboard.press("Tab")
    expect(visit.page.locator(":focus")).to_have_text("Skip to the content")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(":focus")).to_have_attribute("id", "main")
    visit.page.get_by_role("link", name="Sensors", exact=True).press("Enter")

    expect(visit.page.locator("h1:focus")).to_have_text("Sensors")
