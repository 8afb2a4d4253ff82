"""`helio tenant` and `helio user` on a real warehouse: what is kept, what is changed, who may log in."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.run.demo import USER, prepare_demo
from include.core.documents import FEEDS
from include.core.settings import Settings
from include.warehouse import fleet, users
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def helio(warehouse_url, tmp_path, monkeypatch):
    """Calls the command line on an empty warehouse."""
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", warehouse_url)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
    monkeypatch.setenv("HELIO_PASSWORD", "four unrelated words")

    def call(*words: str) -> str:
        outcome = CliRunner().invoke(app, words)
        assert outcome.exit_code == 0, outcome.output
        return outcome.output

    call.url, call.home = warehouse_url, tmp_path
    return call


def kept(helio) -> dict[str, fleet.Tenant]:
    with transaction(helio.url) as connection:
        return fleet.read_tenants(connection)


def login_of(helio, email: str, password: str) -> bool:
    with transaction(helio.url) as connection:
        stored = connection.exec_driver_sql("SELECT password_hash FROM fleet.app_user WHERE email = %s", (email,)).scalar_one()
    return users.password_matches(stored, password)


def test_a_tenant_is_added_with_its_drop_folders_and_changed_only_in_what_is_given(helio):
    helio("tenant", "add", "acme", "--name", "Acme", "--timezone", "Europe/Lisbon", "--recipient", "Owner@Example.org")
    helio("tenant", "add", "acme", "--language", "en", "--register-under", "roof")

    tenant = kept(helio)["acme"]
    assert (tenant.name, tenant.timezone, tenant.language) == ("Acme", "Europe/Lisbon", "en")
    assert (tenant.report_recipients, tenant.register_under, tenant.unknown_devices) == (
        ["owner@example.org"],
        "roof",
        "register",
    )
    assert {path.name for path in (helio.home / "drops" / "acme").iterdir()} == set(FEEDS)


def test_an_empty_plant_for_unknown_devices_sends_them_to_quarantine_again(helio):
    helio("tenant", "add", "acme", "--register-under", "roof")
    helio("tenant", "add", "acme", "--register-under", "")

    assert (kept(helio)["acme"].register_under, kept(helio)["acme"].unknown_devices) == (None, "quarantine")


def test_a_user_logs_in_until_shut_out_and_with_the_newest_password_only(helio, monkeypatch):
    helio("tenant", "add", "acme")
    helio("user", "add", "Someone@example.org", "--tenant", "acme", "--role", "admin")
    monkeypatch.setenv("HELIO_PASSWORD", "five other unrelated words")
    helio("user", "password", "someone@example.org")
    helio("user", "shut", "someone@example.org")

    with transaction(helio.url) as connection:
        (someone,) = users.list_users(connection, tenant="acme")
    assert (someone.email, someone.role, someone.is_active) == ("someone@example.org", "admin", False)
    assert login_of(helio, "someone@example.org", "five other unrelated words")
    assert not login_of(helio, "someone@example.org", "four unrelated words")


def test_the_demo_is_prepared_again_without_a_new_password(helio):
    settings = Settings(home=helio.home, database_url=helio.url)

    prepare_demo(settings, "the first password")
    prepare_demo(settings, "another password")

    assert login_of(helio, USER, "the first password")
    assert kept(helio)["demo"].report_recipients == ["reports@heliograph.example"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("user", "add", "a@example.org", "--tenant", "acme", "--role", "owner"), "choose client or admin"),
        (("user", "add", "a@example.org", "--tenant", "nobody"), "tenant 'nobody' does not exist"),
        (("tenant", "add", "Not A Slug"), "slug 'Not A Slug' cannot be; make it of a-z, 0-9"),
        (("tenant", "add", "umläut"), "slug 'umläut' cannot be"),
        (("tenant", "add", "demo", "--language", "de"), "language 'de' (--language) is not printed; choose pt-BR or en"),
        (("tenant", "add", "acme", "--recipient", "nobody"), "is not an e-mail address"),
        (("drop", __file__, "--feed", "consumption", "--tenant", "nobody"), "tenant 'nobody' does not exist"),
    ],
)
def test_what_cannot_be_is_refused_by_a_sentence(helio, words, message):
    outcome = CliRunner().invoke(app, words)

    assert outcome.exit_code == 1
    assert message in outcome.output


def test_the_status_of_a_new_warehouse_has_nothing_to_tell(helio):
    assert json.loads(helio("status", "--json")) == {"feeds": [], "tenants": [], "counters": [], "remarks": []}
