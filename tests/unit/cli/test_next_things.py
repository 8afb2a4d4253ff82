"""What a run says last: where to look, and with which login."""

from collections import defaultdict

from cli.run.airflow import airflow_environment, api_environment
from cli.run.settings import installed_here
from cli.run.summary import DemoApi, next_things
from include.core.settings import Settings


def test_a_run_names_the_page_with_its_login_and_airflow_may_frame_it():
    settings = installed_here(Settings(api_port=8190, airflow_port=8180), defaultdict(str))

    said = next_things(
        settings, defaultdict(str), DemoApi("demo@heliograph.example", "four words", "helio_key", "/api/v1/plants")
    )

    assert "Fleet page   http://127.0.0.1:8190/page/   login demo@heliograph.example / four words" in said
    assert airflow_environment(settings, defaultdict(str))["HELIOGRAPH_PAGE_URL"] == "http://127.0.0.1:8190/page/"
    api = api_environment(settings, {"HELIOGRAPH_JWT_SECRET": "s"})
    assert api["HELIOGRAPH_PAGE_FRAME_ANCESTORS"] == "http://127.0.0.1:8180 http://localhost:8180"
    assert api["HELIOGRAPH_AIRFLOW_URL"] == "http://127.0.0.1:8180"


def test_addresses_that_an_operator_has_set_stay():
    chosen = Settings(
        page_url="https://api.example/page/", airflow_url="https://a.example", page_frame_ancestors="https://a.example"
    )

    kept = installed_here(chosen, defaultdict(str))

    assert (kept.page_url, kept.airflow_url, kept.page_frame_ancestors) == (
        "https://api.example/page/", "https://a.example", "https://a.example",
    )  # fmt: skip
