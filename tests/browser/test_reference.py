"""The API's interactive documentation in a real browser; what breaks its policy or throws fails every test (`conftest.py`)."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.postgres


@pytest.fixture
def reader(visitor, host):
    """A page of someone who reads, and every address that it asked for."""
    page = visitor(logged_in=False).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert asked
    assert [url for url in asked if not url.startswith((host.url, "data:"))] == []


def test_a_route_is_tried_with_a_log_in_on_the_page_itself(reader, host):
    reader.goto(f"{host.url}/docs#/plants/list_plants")
    reader.get_by_role("button", name="Authorize").first.click()
    reader.get_by_label("username").fill("admin@sample.example")
    reader.get_by_label("password").fill(PASSWORD)
    reader.get_by_role("button", name="Apply given OAuth2 credentials").click()
    expect(reader.get_by_role("button", name="Remove authorization")).to_have_count(1)
    reader.get_by_role("button", name="Close").first.click()
    reader.get_by_role("button", name="Try it out").click()
    reader.get_by_role("button", name="Execute").click()

    expect(reader.locator("tr.response").first).to_contain_text("Usina da Serra")


def test_the_document_is_read_without_any_other_host(reader, host):
    reader.goto(f"{host.url}/redoc")

    expect(reader.get_by_role("heading", name=re.compile("^Heliograph"))).to_be_visible()
    expect(reader.get_by_role("heading", name="Plants at this moment")).to_be_attached()
    expect(reader.locator("body")).to_contain_text("Null means unknown, never zero.")


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_nothing_but_files_of_this_house_may_run(path, host):
    import httpx

    policy = dict(
        part.split(" ", 1) for part in httpx.get(host.url + path, timeout=60).headers["content-security-policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|unsafe|\*", str(policy))
