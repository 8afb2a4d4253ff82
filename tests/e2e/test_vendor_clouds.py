"""Vendor clouds through the real scheduler while `helio run` serves: backfills, refused accounts, no secret in clear."""

import gzip
import json
import os
import re
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from fpdf import FPDF
from pypdf import PdfReader
from sqlalchemy import create_engine, text

from cli.run.demo import DEMO
from cli.run.step_down import programs
from include.core.documents import FLEET_FEEDS
from include.core.vendors import VENDORS
from include.warehouse.vault import Vault
from sandbox.calls import LOGINS
from sandbox.sungrow import APP_ID, AUTHORISATION_CODE
from sandbox.sunshine import Sunshine
from tests.e2e.installation import Airflow, Installation, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(3600)]

CLOUDS = ("sungrow", "deye", "huawei")
"""Those of which the demo has an account."""
TENANT = DEMO["clouds"]["tenant"]["slug"]
OWNERS = "owners"
FIRST, LAST = date(2026, 10, 24), date(2026, 10, 26)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
"""Germany has 25 hours on the second of them."""

ENERGIES = """
SELECT
    p.plant_key, r.local_date,
    max(r.sum) FILTER (WHERE s.plant_id IS NOT NULL AND s.quantity = 'energy_day_kwh') AS vendor_kwh,
    sum(r.energy_kwh) FILTER (WHERE d.kind = 'inverter' AND s.quantity = 'energy_today_kwh') AS counted_kwh,
    max(r.energy_kwh) FILTER (WHERE s.origin = 'derived' AND s.quantity = 'ac_power_kw') AS integrated_kwh,
    count(*) FILTER (WHERE d.kind = 'inverter' AND s.quantity = 'energy_today_kwh') AS inverters
FROM mart.rollup_day AS r
JOIN fleet.series AS s USING (series_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, d.plant_id)
JOIN fleet.integration AS i USING (integration_id)
WHERE i.connection_id = :account AND r.local_date BETWEEN :first AND :last
GROUP BY p.plant_key, r.local_date
"""
HOURS = """
SELECT r.local_date, count(*) AS hours, sum(r.energy_kwh) AS kwh
FROM mart.rollup_hour AS r
JOIN fleet.series AS s USING (series_id)
JOIN fleet.plant AS p USING (plant_id)
JOIN fleet.integration AS i USING (integration_id)
WHERE i.connection_id = :account AND p.timezone = 'Europe/Berlin' AND s.quantity = 'ac_power_kw' AND s.origin = 'derived'
    AND r.local_date BETWEEN :first AND :last
GROUP BY r.local_date
ORDER BY r.local_date
"""
WAITING_ASKS = (
    "SELECT count(*) AS n FROM ops.pull AS a JOIN fleet.integration AS i USING (integration_id) "
    "WHERE a.state = 'waiting' AND a.purpose = 'backfill' AND i.vendor = :vendor"
)
WAITING_DOCUMENTS = "SELECT count(*) AS n FROM landing.document WHERE state = 'landed' AND feed <> ALL (:fleets)"
DIRTY_DAYS = "SELECT count(*) AS n FROM ops.dirty_day"
ACTIVE = "SELECT count(*) AS n FROM fleet.integration WHERE state = 'active' AND connection_id = :account"
CALLS = "SELECT count(*) AS n FROM ops.vendor_call JOIN fleet.integration USING (integration_id) WHERE connection_id = :account"
TOKENS = "SELECT connection_id, tokens FROM ops.vendor_token JOIN fleet.integration USING (integration_id)"
END_TOKENS = (
    "UPDATE ops.vendor_token AS k SET expires_at = k.made_at FROM fleet.integration AS i "
    "WHERE i.integration_id = k.integration_id AND i.connection_id = :account"
)


# ---- accounts that were typed into the UI, with secrets that the clouds do not know --------------------------------------------


def typed_name(vendor: str) -> str:
    return f"typed-{vendor}"


def planted(vendor: str) -> dict[str, str]:
    """A secret of its own for each secret field of a vendor's account."""
    return {field.name: f"planted-{vendor}-{field.name}-7Qx2Lm9" for field in VENDORS[vendor].fields if field.is_secret}


def typed_connection(vendor: str, host: str) -> dict[str, Any]:
    """What the form of a vendor sends: right but for its secrets."""
    fields = {**DEMO["clouds"]["accounts"][vendor], **planted(vendor), "host": host}
    standard = {name: fields.pop(name) for name in ("host", "login", "password")}
    connection_id = f"{TENANT}__{typed_name(vendor)}"
    return {"connection_id": connection_id, "conn_type": f"heliograph_{vendor}", **standard, "extra": json.dumps(fields)}


@pytest.fixture(scope="module")
def typed(serving: Installation, airflow: Airflow) -> dict[str, dict[str, Any]]:
    """One account per vendor: tested in the form, saved all the same, activated. Returns what the button *Test* answered."""
    answers = {}
    for vendor in CLOUDS:
        connection = typed_connection(vendor, serving.sandbox_url)
        answers[vendor] = airflow.call("POST", "connections/test", json=connection)
        airflow.call("POST", "connections", json=connection)
    wishes = [{"tenant": TENANT, "vendor": vendor, "name": typed_name(vendor), "action": "activate"} for vendor in CLOUDS]
    runs = [airflow.trigger("set_integration", **wish) for wish in wishes]
    assert [airflow.ended(run) for run in runs] == ["success"] * len(CLOUDS)
    return answers


# ---- three days, ordered and carried through -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokens(serving: Installation) -> set[str]:
    """Every token that the tasks were seen to keep; tests add what they see."""
    return set()


@pytest.fixture(scope="module")
def ordered(serving, airflow, typed, tokens) -> dict[str, Any]:
    """A backfill in the UI for Huawei and by command for the others, carried out by runs that meet the typed accounts too."""
    tokens |= kept_tokens(serving)
    control(serving, "DELETE", "tokens")
    wish = {"dag_id": "land_huawei", "from_date": f"{FIRST}T00:00:00Z", "to_date": f"{LAST}T00:00:00Z"}
    backfill = airflow.call("POST", "backfills", json=wish)
    span = ("--from", str(FIRST), "--to", str(LAST))
    commands = [serving.helio("backfill", "--tenant", TENANT, "--vendor", name, *span, "--yes") for name in ("sungrow", "deye")]
    for vendor in CLOUDS:
        airflow.trigger(f"land_{vendor}")
    authorize_owners(serving, airflow, tokens)
    for vendor in CLOUDS:
        work_off(
            airflow, f"land_{vendor}", lambda vendor=vendor: waiting_requests(serving, vendor) + still_active(serving, vendor)
        )
    eventually(lambda: airflow.call("GET", f"backfills/{backfill['id']}")["completed_at"])
    work_off(airflow, "load_readings", lambda: count(serving, WAITING_DOCUMENTS, fleets=list(FLEET_FEEDS)))
    work_off(airflow, "roll_up_readings", lambda: count(serving, DIRTY_DAYS))
    tokens |= kept_tokens(serving)
    return {"backfill": backfill, "commands": commands}


def authorize_owners(serving: Installation, airflow: Airflow, tokens: set[str]) -> None:
    """An account that works by an owner's consent: its tokens end, and a task trades the refresh token for new ones."""
    account = ("--tenant", OWNERS, "--name", "sungrow")
    demo = DEMO["clouds"]["accounts"]["sungrow"]
    keys = {name: demo[name] for name in ("appkey", "secret_key")}
    app = ("--host", serving.sandbox_url, "--app-id", APP_ID, "--redirect-url", "https://owners.example/back")
    commands = [
        serving.helio("tenant", "add", OWNERS),
        serving.helio("integration", "add", "--tenant", OWNERS, "--vendor", "sungrow", *app, **keys),
        serving.helio("integration", "authorize", *account, "--code", AUTHORISATION_CODE),
    ]
    tokens |= kept_tokens(serving)
    engine = create_engine(serving.database())
    with engine.begin() as connection:
        connection.execute(text(END_TOKENS), {"account": f"{OWNERS}__sungrow"})
    engine.dispose()
    trial = airflow.trigger("set_integration", tenant=OWNERS, vendor="sungrow", action="test")
    assert airflow.ended(trial) == "success", [airflow.log(task) for task in airflow.tasks(trial)]
    commands.append(serving.helio("integration", "disable", *account))
    assert [done.returncode for done in commands] == [0] * len(commands), [done.stderr for done in commands]


def work_off(airflow: Airflow, dag_id: str, waiting: Callable[[], int]) -> None:
    """Wait until nothing waits and no run is left; a DAG that sleeps although work waits is triggered."""

    def is_done() -> bool:
        is_busy = airflow.is_busy(dag_id)
        left = waiting()
        if left and not is_busy:
            airflow.trigger(dag_id)
        return not left and not is_busy

    eventually(is_done, limit_s=1200, every_s=1)


def count(serving: Installation, query: str, **parameters: Any) -> int:
    return int(serving.read(query, **parameters)[0]["n"].item())


def waiting_requests(serving: Installation, vendor: str) -> int:
    return count(serving, WAITING_ASKS, vendor=vendor)


def still_active(serving: Installation, vendor: str) -> int:
    """1 until the vendor has refused the typed account."""
    return count(serving, ACTIVE, account=f"{TENANT}__{typed_name(vendor)}")


def control(serving: Installation, method: str, path: str) -> Any:
    """The door behind the imitated clouds."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{serving.sandbox_url}/control/{path}", timeout=300).json()


@pytest.mark.parametrize("vendor", CLOUDS)
def test_backfilled_days_equal_what_the_plants_really_made_in_their_own_days(serving, ordered, vendor):
    (found,) = serving.read(ENERGIES, account=f"{TENANT}__{vendor}", first=FIRST, last=LAST)
    energies = found.set_index(["plant_key", "local_date"])
    sunshine = Sunshine()
    integrated = 0

    for day in DAYS:
        for truth in control(serving, "GET", f"truth/{vendor}/{day}"):
            energy = energies.loc[(truth["plant"], day)]
            inverters = sunshine.find_plant(truth["plant"]).inverters
            is_silent = any("offline" in sunshine.day(inverter, day).state for inverter in inverters)

            assert truth["energy_kwh"] > 0
            assert energy["inverters"] == len(inverters)
            assert energy["vendor_kwh"] == pytest.approx(truth["energy_kwh"], rel=0.005)
            assert energy["counted_kwh"] == pytest.approx(truth["energy_kwh"], rel=0.005)
            assert is_silent or energy["integrated_kwh"] == pytest.approx(truth["energy_kwh"], rel=0.005)
            integrated += not is_silent

    assert len(energies) == 9
    assert integrated >= 6


@pytest.mark.parametrize("vendor", CLOUDS)
def test_the_day_on_which_the_clocks_change_has_its_twenty_five_hours(serving, ordered, vendor):
    (found,) = serving.read(HOURS, account=f"{TENANT}__{vendor}", first=FIRST, last=LAST)
    truths = [plant for day in DAYS for plant in control(serving, "GET", f"truth/{vendor}/{day}")]
    german = [plant["energy_kwh"] for plant in truths if plant["timezone"] == "Europe/Berlin"]

    assert dict(zip(found["local_date"], found["hours"], strict=True)) == dict(zip(DAYS, (24, 25, 24), strict=True))
    assert found["kwh"].to_list() == pytest.approx(german, rel=0.005)


def test_a_backfill_is_over_in_the_ui_when_its_days_are_answered(airflow, ordered):
    runs = [run for run in airflow.runs("land_huawei") if run["run_type"] == "backfill"]

    assert [run["state"] for run in runs] == ["success"]
    assert runs[0]["data_interval_end"].startswith("2026-10-27T00:00:00")
    assert [task["rendered_map_index"] for task in airflow.tasks(runs[0]) if task["task_id"] == "pull"] == [f"{TENANT}/huawei"]


def test_a_backfill_by_command_says_that_it_was_ordered(ordered):
    for done in ordered["commands"]:
        assert done.returncode == 0, done.stderr
        assert re.search(r"3 plants, \d+ devices, 3 days: \d+ calls", done.stdout)
        assert "ordered; the scheduled runs of land_" in done.stdout


# ---- accounts that are refused -------------------------------------------------------------------------------------------------

REASONS = {"huawei": "login with 20400", "sungrow": "login with E00000", "deye": "account/token with 2101021"}


def pulls(airflow: Airflow, vendor: str, name: str) -> list[dict[str, Any]]:
    """Tasks that pulled an account, the newest run first."""
    tasks = [task for run in airflow.runs(f"land_{vendor}") for task in airflow.tasks(run)]
    return [task for task in tasks if task["rendered_map_index"] == f"{TENANT}/{name}"]


def accounts(serving: Installation) -> dict[str, dict[str, Any]]:
    """What `helio integration list` tells, by name."""
    done = serving.helio("integration", "list", "--tenant", TENANT, "--json")
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("vendor", CLOUDS)
def test_the_button_test_tells_the_vendors_reason(typed, vendor):
    assert typed[vendor]["status"] is False
    assert REASONS[vendor] in typed[vendor]["message"]


def calls(serving: Installation) -> dict[str, Any]:
    """Calls counted for each typed account, and what the clouds themselves saw of logins."""
    counted = {vendor: count(serving, CALLS, account=f"{TENANT}__{typed_name(vendor)}") for vendor in CLOUDS}
    return counted | {"logins": [row for row in control(serving, "GET", "calls") if row["interface"] in LOGINS[row["vendor"]]]}


@pytest.fixture(scope="module")
def went_on(serving, airflow, ordered) -> dict[str, Any]:
    """One more day is ordered of all accounts and done, after the typed ones were refused."""
    before = calls(serving)
    done = serving.helio("backfill", "--tenant", TENANT, "--from", "2026-10-23", "--to", "2026-10-23", "--yes")
    assert done.returncode == 0, done.stderr
    runs = {vendor: airflow.trigger(f"land_{vendor}") for vendor in CLOUDS}
    states = {vendor: airflow.ended(run) for vendor, run in runs.items()}
    for vendor in CLOUDS:
        work_off(airflow, f"land_{vendor}", lambda vendor=vendor: waiting_requests(serving, vendor))
    return {"before": before, "after": calls(serving), "runs": runs, "states": states}


@pytest.mark.parametrize("vendor", CLOUDS)
def test_an_account_that_is_refused_fails_its_own_task_with_the_reason(serving, airflow, ordered, vendor):
    failed = [task for task in pulls(airflow, vendor, typed_name(vendor)) if task["state"] == "failed"]

    reason = accounts(serving)[typed_name(vendor)]["reason"]
    assert failed
    assert {task["try_number"] for task in failed} == {1}
    assert REASONS[vendor] in reason
    assert any(reason in airflow.log(task) for task in failed)


def test_the_operator_reads_which_accounts_are_rejected_and_why(serving, ordered):
    listed = accounts(serving)

    rejected = {typed_name(vendor): "rejected" for vendor in CLOUDS}
    assert {name: row["state"] for name, row in listed.items()} == rejected | dict.fromkeys(CLOUDS, "active")
    assert [vendor for vendor in CLOUDS if REASONS[vendor] not in listed[typed_name(vendor)]["reason"]] == []
    assert [vendor for vendor in CLOUDS if listed[vendor]["reason"]] == []


@pytest.mark.parametrize("vendor", CLOUDS)
def test_the_other_account_of_the_vendor_goes_on(airflow, went_on, vendor):
    refused, others = pulls(airflow, vendor, typed_name(vendor)), pulls(airflow, vendor, vendor)

    assert went_on["states"][vendor] == "success"
    assert {task["state"] for task in others} == {"success"}
    assert max(task["end_date"] for task in others) > max(task["end_date"] for task in refused)


def test_no_further_call_is_made_for_an_account_that_is_rejected(airflow, went_on):
    tasks = [task for run in went_on["runs"].values() for task in airflow.tasks(run)]

    assert {vendor: went_on["after"][vendor] for vendor in CLOUDS} == dict.fromkeys(CLOUDS, 1)
    assert went_on["after"] == went_on["before"]
    assert [task["rendered_map_index"] for task in tasks if "typed" in (task["rendered_map_index"] or "")] == []


def test_trying_a_rejected_account_again_tells_the_reason_again(airflow, went_on):
    run = airflow.trigger("set_integration", tenant=TENANT, vendor="deye", name=typed_name("deye"), action="test")

    assert airflow.ended(run) == "failed"
    assert [REASONS["deye"] in airflow.log(task) for task in airflow.tasks(run)] == [True]


# ---- secrets -------------------------------------------------------------------------------------------------------------------


def kept_tokens(serving: Installation) -> set[str]:
    """Access and refresh tokens as the tasks read them: unsealed with the vault's key."""
    vault = Vault(serving.secrets["HELIOGRAPH_VAULT_KEYS"])
    (rows,) = serving.read(TOKENS)
    opened = [vault.open(bytes(sealed)) for sealed in rows["tokens"]]
    refresh = {value for kept in opened for name, value in kept["more"].items() if "token" in name}
    return {kept["access"] for kept in opened} | refresh


def secrets_of(installation: Installation, tokens: set[str]) -> dict[str, str]:
    """Everything that nobody may read, by a name that may be told. The logins that a run prints are left out."""
    printed = {"DEMO_PASSWORD", "DEMO_API_KEY", "AIRFLOW_ADMIN_PASSWORD", "AIRFLOW_VIEWER_PASSWORD"}
    named = {name: value for name, value in installation.secrets.items() if name not in printed}
    for vendor in CLOUDS:
        known = {name: DEMO["clouds"]["accounts"][vendor][name] for name in planted(vendor)}
        named |= {f"{vendor} {name}": value for name, value in known.items()}
        named |= {f"{vendor} typed {name}": value for name, value in planted(vendor).items()}
    # Deye's cloud takes the digest for the password.
    named |= {f"{name} digest": sha256(named[name].encode()).hexdigest() for name in ("deye password", "deye typed password")}
    for number, token in enumerate(sorted(tokens)):
        named[f"token {number}"] = re.sub(r"^(x-|\d+_)", "", token)
    return named


def forms(secret: str) -> set[bytes]:
    """How a secret may be written: as it is, for URLs, in hex, in base64 wherever it begins; and what it is itself a text of."""
    plain = secret.encode()
    contents = {plain, *_decoded(secret)}
    written = {plain, quote(secret, safe="").encode()}
    for content in contents:
        written |= {content, content.hex().encode(), content.hex().upper().encode()}
        for shift in range(3):
            packed = b64encode(b"\0" * shift + content).rstrip(b"=")
            middle = packed[(0, 2, 3)[shift] : len(packed) - bool((len(content) + shift) % 3)]
            written |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")} if len(middle) >= 7 else set()
    # A pattern of grep is one line.
    lines = {max(re.split(rb"[\0\n]", form), key=len) for form in written}
    return {line for line in lines if len(line) >= 6}


def _decoded(secret: str) -> Iterator[bytes]:
    if re.fullmatch(r"([0-9a-f]{2}){8,}", secret):
        yield bytes.fromhex(secret)
    elif re.fullmatch(r"[\w-]{43}=", secret):
        yield b64decode(secret, altchars=b"-_")


def holders(form: bytes, folders: list[Path], patterns: Path) -> list[Path]:
    return holders_of_any({form}, folders, patterns)


def holders_of_any(wanted: set[bytes], folders: list[Path], patterns: Path) -> list[Path]:
    """Files that hold any of these byte strings."""
    patterns.write_bytes(b"\n".join(sorted(wanted)) + b"\n")
    command = ["grep", "-rlaF", "--null", "-f", str(patterns), *map(str, folders)]
    found = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True)
    assert found.returncode in {0, 1}, found.stderr[-500:]
    return [Path(os.fsdecode(name)) for name in found.stdout.split(b"\0") if name]


def is_in(form: bytes, content: bytes) -> bool:
    """Whether it stands there; one letter many times over also stands in longer rows of that letter, which tell nothing."""
    if len(set(form)) > 1:
        return form in content
    letter = re.escape(form[:1])
    return re.search(rb"(?<!%b)%b(?!%b)" % (letter, re.escape(form), letter), content) is not None


@pytest.fixture(scope="module")
def ended(installation, went_on, tokens) -> dict[str, Any]:
    """The databases written out, then Ctrl-C, then what has landed unpacked: all beside the home."""
    tokens |= kept_tokens(installation)
    folder = installation.home.parent / "evidence"
    folder.mkdir()
    for database in ("heliograph", "airflow"):
        url = installation.database(database).replace("+psycopg2", "")
        dump = [str(programs() / "pg_dump"), f"--dbname={url}", f"--file={folder / database}.sql"]
        subprocess.run(dump, check=True, capture_output=True, text=True)
    status = installation.interrupt()
    for number, file in enumerate(sorted((installation.home / "landing").rglob("*.gz"))):
        (folder / f"landed-{number}").write_bytes(gzip.decompress(file.read_bytes()))
    for number, mail in enumerate(mails(installation)):
        (folder / f"mail-{number}").write_bytes(b"\n".join(readable(mail)))
    for number, report in enumerate(sorted(installation.home.rglob("*.pdf"))):
        (folder / f"report-{number}").write_bytes(words(report.read_bytes()))
    return {"status": status, "folder": folder}


def mails(installation: Installation) -> list[Path]:
    return sorted((installation.home / "mail").rglob("*.eml"))


def readable(mail: Path) -> Iterator[bytes]:
    """A mail's headers and parts decoded: base64 of a PDF holds rows of one letter that look like the sandbox's app key."""
    for part in message_from_bytes(mail.read_bytes(), policy=default_policy).walk():
        yield from (f"{name}: {value}".encode() for name, value in part.items())
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content
            yield words(content) if part.get_content_type() == "application/pdf" else b""


def words(pdf: bytes) -> bytes:
    reader = PdfReader(BytesIO(pdf))
    metadata = reader.root_object.get("/Metadata")
    described = metadata.get_object().get_data() if metadata else b""
    return described + repr([page.extract_text() for page in reader.pages]).encode()


def test_ctrl_c_ends_a_run_that_serves_well_and_nothing_keeps_running(installation, ended):
    left = subprocess.run(["pgrep", "-f", str(installation.home)], capture_output=True, text=True).stdout.split()

    assert ended["status"] == 0
    assert left == []


def test_no_secret_stands_anywhere_in_clear(installation, ended, tokens, tmp_path):
    named = secrets_of(installation, tokens)
    folders = [installation.home, installation.said, ended["folder"]]
    allowed = {installation.home / "secrets.env", installation.home / "airflow" / "airflow.cfg", *mails(installation)}
    wanted = {form for secret in named.values() for form in forms(secret)}

    leaks = {
        (str(file), name)
        for file in set(holders_of_any(wanted, folders, tmp_path / "patterns")) - allowed
        for name, secret in named.items()
        if any(is_in(form, file.read_bytes()) for form in forms(secret))
    }

    assert leaks == set()
    assert len(tokens) >= 8, "an access token of each cloud before and after it ended, and the owner's pairs"
    assert len(set(named.values())) >= 30


@pytest.mark.parametrize(
    ("public", "places"),
    [
        ("typed-huawei", ["heliograph.sql", "airflow.sql", "logs/tasks", "said"]),
        ("NE=50331701", ["heliograph.sql", "evidence/landed", "pg/base"]),
        ("reports@heliograph.example", ["evidence/mail"]),
        ("Heliograph", ["evidence/mail", "evidence/report"]),
    ],
)
def test_the_search_finds_what_is_no_secret_everywhere(installation, ended, tmp_path, public, places):
    folders = [installation.home, installation.said, ended["folder"]]

    found = [str(file) for file in holders(public.encode(), folders, tmp_path / "patterns")]

    assert [place for place in places if not any(place in file for file in found)] == []


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("write", [str.encode, lambda text: b64encode(text.encode()), lambda text: text.encode().hex().encode()])
def test_the_search_knows_a_secret_in_other_forms(write, before):
    written = write(f"{before}planted-secret{before}")

    assert any(form in written for form in forms("planted-secret"))


def test_the_search_reads_a_mail_with_its_report(tmp_path):
    report = FPDF()
    report.add_page()
    report.set_font("helvetica")
    report.cell(text="planted-in-the-report")
    mail = EmailMessage()
    mail["Subject"] = "planted-in the-subject-não"
    mail.set_content("planted-in-the-text", cte="base64")
    mail.add_attachment(bytes(report.output()), maintype="application", subtype="pdf", filename="report.pdf")
    file = tmp_path / "a.eml"
    file.write_bytes(mail.as_bytes())

    planted = [b"planted-in the-subject-n", b"planted-in-the-text", b"planted-in-the-report"]
    assert [words for words in planted if words in file.read_bytes()] == []
    assert [words for words in planted if words not in b"\n".join(readable(file))] == []
