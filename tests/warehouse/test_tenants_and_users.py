"""`helio tenant` and `helio user` on a real warehouse: what is kept, what is changed, who may log in."""

import json
import re

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from cli.run.demo import USER, prepare_demo
from include.core.documents import FEEDS
from include.core.settings import Settings
from include.steps.subscriptions import list_subscriptions
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


def test_the_tenants_are_listed_with_their_plants(helio):
    assert helio("tenant", "list") == "no tenant yet; add one with `helio tenant add`\n"
    helio("tenant", "add", "acme", "--timezone", "Europe/Lisbon", "--name", "A rather long name of an organisation")

    said = helio("tenant", "list")

    assert "Europe/Lisbon" in said
    assert "…" not in said
    assert json.loads(helio("tenant", "list", "--json")) == [
        {
            "tenant": "acme", "name": "A rather long name of an organisation", "timezone": "Europe/Lisbon", "language": "pt-BR",
            "unknown_devices": "quarantine", "register_under": None, "date_order": None, "plants": 0,
        }
    ]  # fmt: skip


def test_a_tenant_is_added_with_its_drop_folders_and_changed_only_in_what_is_given(helio):
    helio("tenant", "add", "acme", "--name", "Acme", "--timezone", "Europe/Lisbon")
    helio("tenant", "add", "acme", "--language", "en", "--register-under", "roof")

    tenant = kept(helio)["acme"]
    assert (tenant.name, tenant.timezone, tenant.language) == ("Acme", "Europe/Lisbon", "en")
    assert (tenant.register_under, tenant.unknown_devices) == ("roof", "register")
    assert {path.name for path in (helio.home / "drops" / "acme").iterdir()} == set(FEEDS)


def test_a_tenants_look_is_changed_in_what_is_given_and_refused_where_it_cannot_be_read(helio, tmp_path):
    helio("tenant", "add", "acme")
    assert helio("tenant", "brand", "acme") == "acme: #1f4e79, #f0a830, no logo, foot: none\n"
    logo = tmp_path / "logo.png"
    Image.new("RGB", (90, 30), "navy").save(logo)

    helio("tenant", "brand", "acme", "--logo", str(logo), "--main-colour", "#5B2A86", "--footer", "Acme \u202e Ltda.")
    assert re.fullmatch(
        r"acme: #5b2a86, #f0a830, logo of \d+ bytes, foot: Acme Ltda\.\n",
        helio("tenant", "brand", "acme", "--accent-colour", "#f0a830"),
    )
    assert helio("tenant", "brand", "acme", "--no-logo", "--footer", "") == "acme: #5b2a86, #f0a830, no logo, foot: none\n"
    for words, said in (
        (("--main-colour", "#ffff00"), "1.07:1"),
        (("--footer", "x" * 161), "160 are the most"),
        (("--logo", __file__), "the logo is no whole PNG or JPEG; export it as PNG"),
    ):
        outcome = CliRunner().invoke(app, ["tenant", "brand", "acme", *words])
        assert outcome.exit_code == 1
        assert said in outcome.output
    assert helio("tenant", "brand", "acme") == "acme: #5b2a86, #f0a830, no logo, foot: none\n"


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

    prepare_demo(settings, "the first password", "helio_" + "k" * 43)
    prepare_demo(settings, "another password", "helio_" + "k" * 43)

    assert login_of(helio, USER, "the first password")
    assert [(row["email"], row["kind"]) for row in list_subscriptions(settings, "demo")] == [
        ("reports@heliograph.example", "day"),
        ("reports@heliograph.example", "month"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("user", "add", "a@example.org", "--tenant", "acme", "--role", "owner"), "choose client or admin"),
        (("user", "add", "a@example.org", "--tenant", "nobody"), "tenant 'nobody' does not exist"),
        (("tenant", "add", "Not A Slug"), "slug 'Not A Slug' cannot be; make it of a-z, 0-9"),
        (("tenant", "add", "umläut"), "slug 'umläut' cannot be"),
        (("tenant", "add", "demo", "--language", "de"), "language 'de' (--language) is not printed; choose pt-BR or en"),
        (("recipient", "add", "demo", "nobody"), "is not an e-mail address"),
        (("recipient", "add", "nobody", "a@example.org"), "tenant 'nobody' does not exist"),
        (("drop", __file__, "--feed", "consumption", "--tenant", "nobody"), "tenant 'nobody' does not exist"),
    ],
)
def test_what_cannot_be_is_refused_by_a_sentence(helio, words, message):
    outcome = CliRunner().invoke(app, words)

    assert outcome.exit_code == 1
    assert message in outcome.output


def test_the_status_of_a_new_warehouse_has_nothing_to_tell(helio):
    assert json.loads(helio("status", "--json")) == {"incidents": [], "feeds": [], "tenants": [], "counters": [], "remarks": []}
