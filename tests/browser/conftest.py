"""The fleet page in a real browser: one Chromium, one API above a small sample warehouse, at a standing clock."""

import contextlib
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import text

from api.main import create_app
from cli.run.postgres import free_port
from include.core.settings import Settings
from include.warehouse.api_key import save_api_key
from include.warehouse.engine import transaction
from include.warehouse.users import hash_password

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
PASSWORD = "four unrelated words here"
SECRET = "a key of more than thirty-two bytes"
PDF = b"%PDF-1.7 " + b"x" * 2000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=20_000)
AIRFLOW = "http://127.0.0.1:8080"


@dataclass
class PageHost:
    """Where the page is, a way to ask its API by hand, and the clock of its tokens."""

    url: str
    token: str
    clock: list[datetime]
    owner_url: str

    def get(self, path: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def end_sessions(self) -> None:
        """End every session, as a new password of its user does; tokens stay good until they end by themselves."""
        with transaction(self.owner_url) as connection:
            connection.execute(text("DELETE FROM access.user_session"))


@pytest.fixture(scope="package")
def host(new_warehouse: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageHost]:
    store = tmp_path_factory.mktemp("reports")
    (store / "report.pdf").write_bytes(PDF)
    url = new_warehouse()
    values = {
        "password_hash": hash_password(PASSWORD),
        "report": str(store / "report.pdf"),
        "report_sha256": hashlib.sha256(PDF).hexdigest(),
    }
    with transaction(url) as connection:
        save_api_key(connection, SECRET)
        for statement in Path(__file__).with_name("sample_fleet.sql").read_text().split(";\n"):
            if statement.strip():
                connection.execute(text(statement), values)
    settings = Settings(
        api_database_url=url.replace("heliograph:owner@", "heliograph_api:reader@"), jwt_secret=SECRET,
        report_store_url=str(store), airflow_url=AIRFLOW, page_frame_ancestors=AIRFLOW,
        api_address_requests_per_minute=0, api_user_requests_per_minute=0,
    )  # fmt: skip
    clock = [NOW]
    with serving(create_app(settings, clock=lambda: clock[0])) as address:
        who = {"username": "admin@sample.example", "password": PASSWORD}
        # The first call compiles what it needs, on a machine that may be busy.
        token = httpx.post(f"{address}/api/v1/auth/token", data=who, timeout=60)
        yield PageHost(address, token.json()["access_token"], clock, url)


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="package")
def browser(torture: bool) -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        missing = f"none of {', '.join(CHROMIUM)} is installed (Debian: apt-get install chromium)"
        pytest.fail(missing) if torture else pytest.skip(missing)
    with sync_playwright() as started:
        # As root Chromium has no sandbox; it sees nothing here but our own page.
        chromium = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page of a person of its own, and what it broke."""

    page: Any
    host: PageHost
    violations: list[str]
    errors: list[str]

    def log_in(self, user: str = "admin@sample.example", password: str = PASSWORD) -> None:
        self.page.get_by_label("E-mail").fill(user)
        self.page.get_by_label("Password").or_(self.page.get_by_label("Senha")).fill(password)
        self.page.locator("dialog button[type=submit]").click()
        if password == PASSWORD:
            self.page.locator("dialog").wait_for(state="hidden")

    def url_of(self, address: str) -> str:
        return f"{self.host.url}/page/#{address}"

    def go(self, address: str) -> None:
        if self.page.url != self.url_of(address):
            with self.leaving():
                self.page.goto(self.url_of(address))

    def follow(self, name: str) -> None:
        """Click on a link."""
        with self.leaving():
            self.page.get_by_role("link", name=name, exact=True).click()

    @contextlib.contextmanager
    def leaving(self) -> Iterator[None]:
        """What is done inside leads to another address; at the end the page has heard of it, and `settle` means that one."""
        # The page listens since it was loaded, and so hears of it first.
        heard = self.page.evaluate_handle(
            "() => ({ of: new Promise((hear, fail) => { addEventListener('hashchange', () => hear(), { once: true });"
            " setTimeout(() => fail(new Error(`it stays at ${location.hash}`)), 20000); }) })"
        )
        yield
        heard.evaluate("(heard) => heard.of")

    def settle(self) -> None:
        """Wait until nothing loads."""
        self.page.locator("main h1").wait_for()
        expect(self.page.locator("main[aria-busy], main [aria-busy]")).to_have_count(0)


@pytest.fixture
def visitor(browser: Any, host: PageHost) -> Iterator[Callable[..., Visit]]:
    """Opens the page for a new person; what broke the policy, or threw, fails the test at its end."""
    visits: list[Visit] = []

    def open_page(address: str = "/", *, logged_in: bool = True, **context: Any) -> Visit:
        chosen = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | context
        page = browser.new_context(**chosen).new_page()
        page.set_default_timeout(20_000)
        visit = Visit(page, host, [], [])
        page.expose_function("violated", lambda what: visit.violations.append(what))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', "
            "(e) => violated(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))"
        )
        page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visits.append(visit)
        page.goto(visit.url_of(address))
        if logged_in:
            visit.log_in()
            visit.settle()
        return visit

    host.clock[0] = NOW
    # All tests come from one address, and their clock stands: its window of log-ins would never end.
    with transaction(host.owner_url) as connection:
        connection.execute(text("TRUNCATE ops.log_in_limit"))
    yield open_page
    broken = [(visit.page.url, visit.violations, visit.errors) for visit in visits if visit.violations or visit.errors]
    for visit in visits:
        visit.page.context.close()
    assert broken == []
