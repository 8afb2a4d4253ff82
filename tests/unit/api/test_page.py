"""How the fleet page is served, and that it has a word for everything that it says. Browsers look at it in `tests/browser`."""

import re
from dataclasses import replace
from functools import cache

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.routers.page import FOLDER
from include.core.documents import FLEET_FEEDS, READING_FEEDS
from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.core.vendors import VENDORS

SETTINGS = Settings(api_database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none", jwt_secret="k" * 32)
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.js") if path.parent.name != "uplot"}


@cache
def a_client(**settings: str) -> TestClient:
    return TestClient(create_app(replace(SETTINGS, **settings)), follow_redirects=False)


def test_the_page_may_load_nothing_but_itself_and_stands_in_no_frame():
    answer = a_client().get("/page/")

    policy = dict(part.partition(" ")[::2] for part in answer.headers["content-security-policy"].split("; "))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_the_named_origins_may_frame_the_page_and_nobody_the_json():
    client = a_client(page_frame_ancestors="https://airflow.example.org http://127.0.0.1:8080")

    assert (
        client.get("/page/")
        .headers["content-security-policy"]
        .endswith("frame-ancestors https://airflow.example.org http://127.0.0.1:8080")
    )
    assert client.get("/api/v1/health/live").headers["content-security-policy"].endswith("frame-ancestors 'none'")


@pytest.mark.parametrize(
    "origins", ["*", "https://a.example; script-src *", "https:", "airflow", "https://a.example/path", "data:"]
)
def test_a_frame_ancestor_that_is_no_origin_is_refused_at_the_start(origins):
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_PAGE_FRAME_ANCESTORS"):
        a_client(page_frame_ancestors=origins)


@pytest.mark.parametrize("url", ["javascript:alert(1)", 'https://a.example"><script>', "airflow.example.org"])
def test_an_address_of_airflow_that_is_none_is_refused_at_the_start(url):
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_AIRFLOW_URL"):
        a_client(airflow_url=url)


def test_a_known_file_costs_no_body_and_a_changed_setting_makes_it_another():
    client = a_client()
    first = client.get("/page/")

    again = client.get("/page/", headers={"If-None-Match": first.headers["etag"]})
    other = a_client(airflow_url="https://airflow.example.org/").get("/page/", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200
    assert 'name="airflow-url" content="https://airflow.example.org"' in other.text


def test_a_caller_that_cannot_unpack_gets_plain_bytes():
    plain = a_client().get("/page/page.css", headers={"Accept-Encoding": "identity"})

    assert "content-encoding" not in plain.headers
    assert plain.content == (FOLDER / "page.css").read_bytes()


@pytest.mark.parametrize("name", ["../main.py", "..%2fmain.py", "views", "nothing.js", "%00", "page.css/", "/etc/passwd"])
def test_only_files_of_the_page_exist(name):
    assert a_client().get(f"/page/{name}").status_code in {400, 404}


def test_the_front_leads_to_the_page():
    answer = a_client().get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/page/")


def words() -> dict[str, list[str]]:
    pairs = re.findall(r'^  (?:"([^"]+)"|(\w+)): \[\s*"([^\n]+?)",\s+"([^\n]+?)",?\s*\],$', SCRIPTS["words.js"], re.MULTILINE)
    return {quoted or bare: [english, portuguese] for quoted, bare, english, portuguese in pairs}


def test_every_text_that_the_page_asks_for_exists_and_every_text_is_asked_for():
    others = "\n".join(text for name, text in SCRIPTS.items() if name != "words.js")
    asked = set(re.findall(r'\bt\("([^"]+)"', others))
    begun = {*re.findall(r"\bt\(`([\w-]+ )\$\{", others), *(f"{kind} " for kind in re.findall(r'\bword\("(\w+)"', others))}
    begun |= {f"{kind} " for kind in re.findall(r', "(\w+)"\)[,;]', others)}

    assert len(asked) > 150
    assert asked - set(words()) == set()
    unused = {key for key in words() if f'"{key}"' not in others and not key.startswith(tuple(begun))}
    assert unused == set()


def test_every_feed_has_words_in_both_languages():
    kinds = "|".join(key.removeprefix("vendor ") for key in words() if key.startswith("vendor ") and key != "vendor says")
    told = dict(re.findall(r'(\w+): "([^"]+)"', SCRIPTS["format.js"].partition("const VENDORS = {")[2].partition("}")[0]))

    assert f"_({kinds})$/" in SCRIPTS["format.js"]
    assert told == {vendor.name: vendor.label for vendor in VENDORS.values()}
    for feed in {*READING_FEEDS, *FLEET_FEEDS}:
        vendor, kind = feed.rsplit("_", 1) if "_" in feed else ("", feed)
        assert f"feed {feed}" in words() or (vendor in told and f"vendor {kind}" in words()), feed


def test_both_languages_fill_in_the_same_values():
    filled = {key: [set(re.findall(r"\{(\w+)\}", text)) for text in texts] for key, texts in words().items()}

    assert len(filled) > 250
    assert {key: found for key, found in filled.items() if found[0] != found[1]} == {}
