"""`helio integration` and `helio backfill` with stand-ins for the steps: what is asked, shown, refused and handed on."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from typer.testing import CliRunner

from cli import backfill, vendor_accounts
from cli.main import app
from include.core.errors import NeedsHuman, Refused
from include.core.vendors import VENDORS
from include.steps import backfill as backfill_steps
from include.steps import integrations

RUNNER = CliRunner()
DEYE = {
    "host": "europe",
    "login": "a@example.org",
    "password": "pass",
    "app_id": "4711",
    "app_secret": "hush",
    "company_id": "10016",
}


class Steps:
    """Remembers what the commands asked of the steps and answers what the test put into `answers`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict]] = []
        self.answers: dict[str, object] = {}

    def asked(self, name: str) -> list[dict]:
        return [given for called, given in self.calls if called == name]

    def step(self, name: str):
        def step(settings, *wish, **given):
            self.calls.append((name, given | {"wish": wish[0]} if wish else given))
            answer = self.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return step


@pytest.fixture
def steps(monkeypatch, tmp_path) -> Steps:
    made = Steps()
    for name in ("add_integration", "list_integrations", "try_integration", "set_state", "authorize", "authorization_page"):
        monkeypatch.setattr(integrations, name, made.step(name))
    for name in ("plan_backfill", "order_backfill", "cancel_backfill"):
        monkeypatch.setattr(backfill_steps, name, made.step(name))
    monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path))
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", "postgresql+psycopg2://nobody@127.0.0.1:1/nothing")
    for field in {field.name for vendor in VENDORS.values() for field in vendor.fields}:
        monkeypatch.delenv(f"HELIO_{field.upper()}", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    made.answers["add_integration"] = {"name": "deye", "connection_id": "sol__deye"}
    made.answers["list_integrations"] = [row()]
    made.answers["try_integration"] = {"plants": 3}
    return made


def row(**changes) -> dict:
    return {
        "tenant": "sol", "name": "deye", "vendor": "deye", "connection_id": "sol__deye", "keeps_credentials": True,
        "state": "active", "reason": None, "state_since": "2026-06-16T12:00:00+00:00", "plants": 3, "devices": 12, "waiting": 5,
        "refused": 0, "next_due_at": datetime(2026, 6, 16, 12, 5, tzinfo=UTC), "last_answer_at": None, "blocked": [],
        "left_out": 0, "last_left_out": None,
        "calls_today": 41, "figures_at": None, "troubled_at": None, "last_reason": None, "last_reason_at": None,
        "backfill": None,
    } | changes  # fmt: skip


def helio(*words: str, typed: str | None = None):
    return RUNNER.invoke(app, [str(word) for word in words], input=typed)


# ------------------------------------------------------------------------------------------------------------------ accounts


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_every_field_has_an_option_unless_it_is_a_secret_which_never_is_one(vendor):
    said = helio("integration", "add", "--help").output

    for field in vendor.fields:
        assert (f"--{field.name.replace('_', '-')} " in said) is not field.is_secret, field.name


def test_an_account_is_added_with_options_and_secrets_of_the_environment(steps, monkeypatch):
    monkeypatch.setenv("HELIO_PASSWORD", "pass")
    monkeypatch.setenv("HELIO_APP_SECRET", "hush")

    done = helio(
        "integration", "add", "--tenant", "sol", "--vendor", "deye", "--host", "europe", "--login", "a@example.org",
        "--app-id", "4711", "--company-id", "10016",
    )  # fmt: skip

    (given,) = steps.asked("add_integration")
    assert done.exit_code == 0, done.output
    assert given["credentials"] == DEYE
    assert (given["tenant"], given["vendor"], given["name"]) == ("sol", "deye", None)
    assert "sol/deye is kept" in done.output


def test_what_is_missing_is_asked_for_and_secrets_are_not_echoed(steps):
    done = helio("integration", "add", "--tenant", "sol", "--vendor", "deye", typed="europe\na@example.org\npass\n4711\nhush\n")

    (given,) = steps.asked("add_integration")
    assert given["credentials"] == {name: value for name, value in DEYE.items() if name != "company_id"}
    assert "europe, americas, india" in done.output
    assert "hush" not in done.output
    assert "pass\n" not in done.output


def test_a_password_that_is_optional_is_asked_for_only_beside_a_login(steps, monkeypatch):
    monkeypatch.setenv("HELIO_APPKEY", "A")
    monkeypatch.setenv("HELIO_SECRET_KEY", "s")
    base = ("integration", "add", "--tenant", "sol", "--vendor", "sungrow", "--host", "europe")

    helio(*base, "--app-id", "4711", "--redirect-url", "https://sol.example.org/back")
    helio(*base, "--login", "sg@example.org", typed="sgpass\n")

    consent, login = (given["credentials"] for given in steps.asked("add_integration"))
    assert consent == {
        "host": "europe", "appkey": "A", "secret_key": "s", "app_id": "4711", "redirect_url": "https://sol.example.org/back"
    }  # fmt: skip
    assert login["password"] == "sgpass"


def test_where_nobody_answers_a_sentence_says_what_to_set(steps, monkeypatch):
    monkeypatch.setenv("HELIO_PASSWORD", "pass")

    done = helio(
        "integration", "add", "--tenant", "sol", "--vendor", "deye", "--host", "europe", "--login", "a", "--app-id", "1", typed=""
    )

    assert done.exit_code == 1
    assert "helio: App secret is missing; set HELIO_APP_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
    assert steps.calls == []


def test_a_connection_keeps_no_credentials_and_says_where_they_belong(steps):
    done = helio("integration", "add", "--tenant", "sol", "--vendor", "deye", "--connection")

    assert steps.asked("add_integration")[0]["credentials"] is None
    assert "sol__deye (type heliograph_deye) or AIRFLOW_CONN_SOL__DEYE" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--vendor", "sunny"), "vendor 'sunny' is not known; choose one of sungrow, deye, huawei"),
        (("--vendor", "huawei", "--company-id", "1"), "accounts of Huawei FusionSolar have no --company-id; leave it out"),
        (("--vendor", "deye", "--connection", "--login", "a"), "--connection keeps no credentials here, but --login was given"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(steps, words, sentence):
    done = helio("integration", "add", "--tenant", "sol", *words)

    assert done.exit_code == 1
    assert sentence in done.stderr
    assert steps.calls == []


def test_the_list_shows_state_work_and_what_the_vendor_refuses_until_when(steps):
    block = {"interface": "getKpiStationDay", "until": "2026-06-17T00:05:00+00:00", "reason": "the budget of the day is used up"}
    steps.answers["list_integrations"] = [
        row(blocked=[block]),
        row(name="old", state="rejected", reason="the password is wrong"),
    ]

    said = helio("integration", "list").output

    assert "sol/deye: getKpiStationDay is blocked until 2026-06-17 00:05: the budget of the day is used up\n" in said
    assert "sol/old is rejected since 2026-06-16 12:00: the password is wrong\n" in said
    assert "06-16 12:05" in said
    assert max(len(line) for line in said.splitlines()[:3]) <= 80


def test_the_list_tells_of_plants_that_are_left_out_though_the_account_is_well(steps):
    last = {"interface": "sites/energy", "member": "2934501", "since": "2026-06-16T12:00:00+00:00"}
    last |= {"until": "2026-06-16T13:00:00+00:00", "reason": "403 (the app may not see this site)"}
    steps.answers["list_integrations"] = [row(left_out=2, last_left_out=last)]

    assert (
        "sol/deye: plants or devices left out: 2; the last is 2934501 of sites/energy, since 2026-06-16 12:00 until "
        "2026-06-16 13:00: 403 (the app may not see this site)\n"
    ) in helio("integration", "list").output


def test_the_list_is_json_for_programs(steps):
    told = json.loads(helio("integration", "list", "--json", "--tenant", "sol").output)

    assert told[0]["waiting"] == 5
    assert told[0]["next_due_at"] == "2026-06-16T12:05:00+00:00"
    assert steps.asked("list_integrations")[0]["tenant"] == "sol"


def test_nothing_of_the_list_is_cut_off_however_long_a_name_is(steps, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    steps.answers["list_integrations"] = [row(name="usina-do-sertão-central-de-pernambuco-2", vendor="sungrow")]

    said = helio("integration", "list").output

    assert "…" not in said
    for whole in ("sol/usina-do-sertão-central-de-pernambuco-2", "sungrow", "active", "06-16 12:05"):
        assert whole in said


def test_an_empty_list_says_how_to_begin(steps):
    steps.answers["list_integrations"] = []

    assert "helio integration add" in helio("integration", "list").output


def test_the_list_tells_why_an_account_needs_attention_and_when_a_backfill_ends(steps):
    needy = {
        "state": "needs attention",
        "reason": "no figures since noon",
        "last_answer_at": datetime(2026, 6, 16, 9, tzinfo=UTC),
    }
    backfill = {"waiting": 1200, "ends_at": "2026-06-18T10:00:00+00:00"}
    steps.answers["list_integrations"] = [row(**needy, backfill=backfill)]

    said = helio("integration", "list").output

    assert "sol/deye needs attention since 2026-06-16 12:00: no figures since noon" in said
    assert "06-16 09:00" in said
    assert "sol/deye: 1,200 requests of a backfill wait, until about 2026-06-18 10:00; helio backfill --cancel ends it" in said


def test_the_list_tells_the_last_setback_of_an_account_that_is_active(steps):
    at = datetime(2026, 6, 16, 9, tzinfo=UTC)
    steps.answers["list_integrations"] = [row(troubled_at=at, last_reason="busy", last_reason_at=at, figures_at=at)]

    assert "sol/deye: last setback 2026-06-16 09:00, last figures 2026-06-16 09:00: busy" in helio("integration", "list").output


def test_a_backfill_is_cancelled(steps):
    steps.answers["cancel_backfill"] = 1200

    done = helio("backfill", "--tenant", "sol", "--from", "2026-01-01", "--to", "2026-01-31", "--cancel")

    assert done.output == "1,200 requests are asked no more; what was answered stays\n"
    assert steps.asked("plan_backfill") == steps.asked("order_backfill") == []


def test_an_account_is_tried_as_soon_as_it_is_added_and_stays_where_that_fails(steps, monkeypatch):
    monkeypatch.setenv("HELIO_PASSWORD", "pass")
    monkeypatch.setenv("HELIO_APP_SECRET", "hush")
    steps.answers["try_integration"] = NeedsHuman("Deye Cloud refuses the login; correct the password")

    done = helio("integration", "add", "--tenant", "sol", "--vendor", "deye", typed="europe\na@example.org\n4711\n")

    assert "sol/deye is kept" in done.output
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, "helio: Deye Cloud refuses the login; correct the password")


def test_a_kept_account_is_tried_with_what_is_kept(steps):
    steps.answers["try_integration"] = {"plants": 3}

    done = helio("integration", "test", "--tenant", "sol", "--name", "deye")

    (given,) = steps.asked("try_integration")
    assert given["credentials"] is None
    assert given["clock"]().tzinfo is UTC
    assert done.output == "sol/deye works: 3 plants\n"


def test_an_account_of_the_environment_is_tried_with_its_connection(steps, monkeypatch):
    steps.answers["list_integrations"] = [row(keeps_credentials=False)]
    steps.answers["try_integration"] = {"plants": 1}
    extra = {"app_id": "4711", "app_secret": "hush", "company_id": "10016"}
    connection = {"conn_type": "heliograph_deye", "host": "europe", "login": "a@example.org", "password": "pass", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SOL__DEYE", json.dumps(connection))

    helio("integration", "test", "--tenant", "sol", "--name", "deye")
    monkeypatch.setenv("AIRFLOW_CONN_SOL__DEYE", json.dumps(connection | {"extra": json.dumps(extra)}))
    helio("integration", "test", "--tenant", "sol", "--name", "deye")

    assert [given["credentials"] for given in steps.asked("try_integration")] == [DEYE, DEYE]


def test_an_account_whose_credentials_are_out_of_reach_is_tried_with_typed_ones(steps, monkeypatch):
    steps.answers["list_integrations"] = [row(keeps_credentials=False)]
    steps.answers["try_integration"] = {"plants": 1}
    monkeypatch.setenv("HELIO_PASSWORD", "pass")

    helio("integration", "test", "--tenant", "sol", "--name", "deye", typed="europe\na@example.org\n4711\nhush\n")

    assert steps.asked("try_integration")[0]["credentials"] == {name: DEYE[name] for name in DEYE if name != "company_id"}
    assert steps.asked("add_integration") == []


def test_a_secret_in_an_unreadable_connection_is_not_told(steps, monkeypatch):
    steps.answers["list_integrations"] = [row(keeps_credentials=False)]
    monkeypatch.setenv("AIRFLOW_CONN_SOL__DEYE", "heliograph-deye://a:hush@europe")

    done = helio("integration", "test", "--tenant", "sol", "--name", "deye")

    assert done.exit_code == 1
    assert "AIRFLOW_CONN_SOL__DEYE is not written as a JSON object" in done.stderr
    assert "hush" not in done.output


def test_an_error_of_the_vendor_is_one_sentence(steps):
    steps.answers["try_integration"] = NeedsHuman("Deye Cloud refuses the login of a@example.org; correct the password")

    done = helio("integration", "test", "--tenant", "sol", "--name", "deye")

    assert done.exit_code == 1
    assert done.stderr.strip() == "helio: Deye Cloud refuses the login of a@example.org; correct the password"


def test_an_account_that_does_not_exist_is_told_with_those_that_do(steps):
    done = helio("integration", "test", "--tenant", "sol", "--name", "dye")

    assert "tenant 'sol' has no account 'dye' (known: deye)" in done.stderr


@pytest.mark.parametrize(("verb", "state"), [("disable", "disabled"), ("enable", "active")])
def test_an_account_is_switched(steps, verb, state):
    done = helio("integration", verb, "--tenant", "sol", "--name", "deye")

    (given,) = steps.asked("set_state")
    assert (given["tenant"], given["name"], given["state"]) == ("sol", "deye", state)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "pasted",
    [
        "code01",
        " code01\n",
        "https://sol.example.org/back?code=code01&state=x",
        "https://sol.example.org/back?state=x&code=code01#/",
        "https://sol.example.org/#/back?code=code01",
    ],
)
def test_the_code_of_a_consent_may_be_pasted_as_the_whole_address(pasted):
    assert vendor_accounts.code_in(pasted) == "code01"


def test_the_owners_page_is_shown_before_the_code_is_asked_for(steps):
    page = "https://web3.isolarcloud.eu/#/authorized-app?cloudId=3&applicationId=4711&redirectUrl=https://sol.example.org/back"
    steps.answers["authorization_page"] = page

    done = helio("integration", "authorize", "--tenant", "sol", "--name", "deye", typed="https://sol.example.org/back?code=c9\n")

    assert page in done.output
    assert steps.asked("authorize")[0]["code"] == "c9"


def test_an_address_without_a_code_is_refused_and_nothing_is_traded(steps):
    done = helio(
        "integration", "authorize", "--tenant", "sol", "--name", "deye", "--code", "https://sol.example.org/back?error=denied"
    )

    assert "holds no code=" in done.stderr
    assert steps.asked("authorize") == steps.asked("authorization_page") == []


# ------------------------------------------------------------------------------------------------------------------ backfill


@pytest.fixture
def plan(steps) -> dict:
    planned = {
        "integration_id": 1, "label": "sol/huawei", "vendor": "huawei", "plants": 3, "devices": 6, "days": 31, "until_now": 7,
        "calls": {"getDevHistoryKpi": 62, "getKpiStationDay": 2}, "total_calls": 64, "seconds": 7_500.0, "last_day": "2026-05-31",
        "ends_at": "2026-06-16T14:05:00+00:00",
    }  # fmt: skip
    steps.answers["plan_backfill"] = steps.answers["order_backfill"] = [planned]
    return planned


MAY = ("backfill", "--tenant", "sol", "--from", "2026-05-01", "--to", "2026-05-31")


def test_the_cost_is_shown_before_anything_is_ordered(steps, plan):
    done = helio(*MAY, typed="n\n")

    assert "getDevHistoryKpi" in done.output
    assert "64 calls, about 2 h 5 min within the vendor's limits, until 2026-06-16 14:05 UTC; 7 calls wait already" in done.output
    assert "helio: nothing was ordered" in done.stderr
    assert done.exit_code == 1
    assert steps.asked("order_backfill") == []


def test_a_confirmed_backfill_is_ordered_with_both_days_included(steps, plan):
    done = helio(*MAY, "--plant", "NE=1", "--plant", "NE=2", "--vendor", "huawei", typed="y\n")

    (given,) = steps.asked("order_backfill")
    assert given["wish"] == backfill_steps.BackfillWish(date(2026, 5, 1), date(2026, 5, 31), "sol", "huawei", ("NE=1", "NE=2"))
    assert given["run_id"].startswith("helio_backfill__20")
    assert "scheduled runs of land_huawei carry it out" in done.output
    assert "helio integration list" in done.output


def test_a_dry_run_orders_nothing_and_asks_nothing(steps, plan):
    done = helio(*MAY, "--dry-run")

    assert done.exit_code == 0
    assert steps.asked("order_backfill") == []
    assert "this was a dry run" in done.output


def test_json_is_the_plan_and_nothing_else(steps, plan):
    told = json.loads(helio(*MAY, "--yes", "--json").stdout)

    assert told == [plan]
    assert len(steps.asked("order_backfill")) == 1


def test_a_question_that_nobody_answers_orders_nothing(steps, plan):
    done = helio(*MAY, typed="")

    assert "nobody answered; add --yes" in done.stderr
    assert steps.asked("order_backfill") == []


def test_a_plan_without_calls_is_not_ordered(steps, plan):
    steps.answers["plan_backfill"] = [plan | {"calls": {}, "total_calls": 0}]

    done = helio(*MAY, "--yes")

    assert "there is nothing to ask" in done.output
    assert steps.asked("order_backfill") == []


def test_no_account_means_no_order(steps, plan):
    steps.answers["plan_backfill"] = []

    done = helio(*MAY, "--yes")

    assert "no account with these plants is active" in done.output
    assert steps.asked("order_backfill") == []


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-05-01", "2999-01-01", "--to 2999-01-01 is not over yet; ask for days before 20"),
        ("31.05.2026", "2026-05-31", "--from '31.05.2026' is not a day; write it as 2026-01-31"),
        ("2026-05-01", "yesterday", "--to 'yesterday' is not a day; write it as 2026-01-31"),
    ],
)
def test_days_that_cannot_be_are_refused_with_a_sentence(steps, plan, first, last, sentence):
    done = helio("backfill", "--tenant", "sol", "--from", first, "--to", last)

    assert done.exit_code == 1
    assert sentence in done.stderr
    assert steps.calls == []


def test_a_day_that_is_over_nowhere_is_refused_and_the_day_before_is_not(steps, plan):
    today = datetime.now(timezone(timedelta(hours=14))).date()

    refused = helio("backfill", "--tenant", "sol", "--from", "2026-05-01", "--to", today, "--dry-run")
    planned = helio("backfill", "--tenant", "sol", "--from", "2026-05-01", "--to", today - timedelta(days=1), "--dry-run")

    assert f"--to {today} is not over yet" in refused.stderr
    assert planned.exit_code == 0, planned.output


def test_days_that_are_left_out_because_they_are_not_over_at_the_plants_are_told(steps, plan):
    steps.answers["plan_backfill"] = [plan | {"last_day": "2026-05-30"}]

    done = helio(*MAY, "--dry-run")

    assert "sol/huawei: only until 2026-05-30, later days are not over yet at all of its plants" in done.output


def test_what_the_step_refuses_is_one_sentence_and_nothing_is_ordered(steps, plan):
    steps.answers["plan_backfill"] = Refused("no account pulls the plant NE=9; see `helio integration list`")

    done = helio(*MAY, "--yes")

    assert done.exit_code == 1
    assert done.stderr.strip() == "helio: no account pulls the plant NE=9; see `helio integration list`"
    assert steps.asked("order_backfill") == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (60, "about 1 min"),
        (7_500, "about 2 h 5 min"),
        (90_000, "about 1 d 1 h"),
        (86_460, "about 1 d 1 min"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds, words):
    assert backfill.duration(seconds) == words
