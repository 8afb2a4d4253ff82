"""`helio integration`: accounts in vendor clouds, whether they work, and what the vendors hold against them.

Secrets are never options: they are read from `HELIO_<FIELD>`, such as `HELIO_APP_SECRET`, or asked for without echo.
"""

import inspect
import json
import os
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from getpass import GetPassWarning
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import typer

from cli.completion import complete_tenant, complete_vendor
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.core.vendors import VENDORS, AccountField, Vendor

integrations = typer.Typer(help="Accounts of tenants in the vendors' clouds.", no_args_is_help=True)

_Tenant = Annotated[str, typer.Option(help="Tenant whose account it is.", autocompletion=complete_tenant)]
_Name = Annotated[str, typer.Option(help="Name of the account, as `helio integration list` shows it.")]


def open_fields() -> dict[str, str]:
    """Account fields that are no secret, of all vendors: name -> help for its option."""
    told: dict[str, list[str]] = {}
    for vendor in VENDORS.values():
        for field in vendor.fields:
            if not field.is_secret:
                told.setdefault(field.name, []).append(f"{vendor.name}: {_hint(field)}.")
    return {name: " ".join(lines) for name, lines in told.items()}


def _hint(field: AccountField) -> str:
    choices = f" ({', '.join(field.choices)})" if field.choices else ""
    return f"{field.label}{choices}"


def _with_account_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Turn `**fields` of a command into one option per open account field; `include.core.vendors` stays their one home."""
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, typer.Option(help=help_text)]
        )
        for name, help_text in open_fields().items()
    ]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined] # what inspect looks at
    return command


@integrations.command("add")
@_with_account_fields
def add(
    tenant: _Tenant,
    vendor: Annotated[str, typer.Option(help=f"One of {', '.join(VENDORS)}.", autocompletion=complete_vendor)],
    name: Annotated[str | None, typer.Option(help="Name among the tenant's accounts; the vendor's where none is given.")] = None,
    connection: Annotated[
        bool, typer.Option("--connection", help="The credentials are an Airflow connection or AIRFLOW_CONN_*; keep none here.")
    ] = False,
    **fields: str | None,
) -> None:
    """Add an account, or give it new credentials; they are kept sealed in the warehouse. Secrets: HELIO_<FIELD>, or asked for."""
    from include.steps import integrations as steps

    given = {field: value for field, value in fields.items() if value is not None}
    if connection and given:
        raise Refused(f"--connection keeps no credentials here, but {_options(given)} was given; leave out one of them")
    credentials = None if connection else ask_credentials(known_vendor(vendor), given)
    kept = steps.add_integration(
        Settings.from_environment(),
        tenant=tenant,
        vendor=known_vendor(vendor).name,
        name=name,
        credentials=credentials,
        now=datetime.now(UTC),
    )
    label, connection_id = f"{tenant}/{kept['name']}", kept["connection_id"]
    if connection:
        variable = f"AIRFLOW_CONN_{connection_id.upper()}"
        print(
            f"{label} is known; put its credentials into the Airflow connection {connection_id} "
            f"(type heliograph_{vendor}) or {variable}"
        )
    else:
        print(f"{label} is kept; the next run of land_{vendor} pulls it, within five minutes")
        if credentials is not None and credentials.get("login"):
            _try(tenant, kept["name"])
            return
    print(f"try it now: helio integration test --tenant {tenant} --name {kept['name']}")


@integrations.command("list")
def list_accounts(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.", autocompletion=complete_tenant)] = None,
    as_json: AsJson = False,
) -> None:
    """Accounts with their state, what is still to be asked, and what the vendors refuse for now; times are UTC."""
    from include.steps import integrations as steps

    rows = steps.list_integrations(Settings.from_environment(), now=datetime.now(UTC), tenant=tenant)
    if as_json:
        print_json(rows)
        return
    if not rows:
        print("no account yet; add one with `helio integration add`")
        return
    figures = ("plants", "inverters", "waiting", "answered", "next", "calls")
    table = plain_table("account", "vendor", "state", figures=figures)
    for row in rows:
        table.add_row(*_cells(row))
    print_table(table)
    for line in (line for row in rows for line in _remarks(row)):
        print(line)


def _cells(row: Mapping[str, Any]) -> list[str]:
    due = moment(row["next_due_at"])[5:] if row["state"] in {"active", "needs attention"} else "-"
    answered = moment(row["last_answer_at"])[5:] if row["last_answer_at"] else "-"
    figures = (f"{row['plants']:,}", f"{row['devices']:,}", f"{row['waiting']:,}", answered, due, f"{row['calls_today']:,}")
    return [f"{row['tenant']}/{row['name']}", row["vendor"], row["state"], *figures]


def _remarks(row: Mapping[str, Any]) -> list[str]:
    """Why an account is not active, what was refused last, what is left out or blocked, and how far a backfill is."""
    label = f"{row['tenant']}/{row['name']}"
    verb = "" if row["state"] == "needs attention" else "is "
    lines = [f"{label} {verb}{row['state']} since {moment(row['state_since'])}: {row['reason']}"] if row["reason"] else []
    if not row["reason"] and row["troubled_at"]:
        figures = f", last figures {moment(row['figures_at'])}" if row["figures_at"] else ""
        lines.append(f"{label}: last setback {moment(row['last_reason_at'])}{figures}: {row['last_reason']}")
    if row["backfill"]:
        left, ends_at = row["backfill"]["waiting"], moment(row["backfill"]["ends_at"])
        lines.append(f"{label}: {left:,} requests of a backfill wait, until about {ends_at}; helio backfill --cancel ends it")
    if one := row["last_left_out"]:
        span = f"since {moment(one['since'])} until {moment(one['until'])}"
        lines.append(
            f"{label}: plants or devices left out: {row['left_out']:,}; the last is {one['member']} of {one['interface']}, "
            f"{span}: {one['reason']}"
        )
    return lines + [
        f"{label}: {block['interface']} is blocked until {moment(block['until'])}: {block['reason']}" for block in row["blocked"]
    ]


@integrations.command("test")
def test(tenant: _Tenant, name: _Name) -> None:
    """Log in and list the plants; an account that the vendor had rejected is pulled again if it works."""
    _try(tenant, name, _credentials_elsewhere(Settings.from_environment(), tenant, name))


def _try(tenant: str, name: str, credentials: Mapping[str, str] | None = None) -> None:
    from include.steps import integrations as steps

    settings = Settings.from_environment()
    plants = steps.try_integration(settings, tenant=tenant, name=name, clock=_clock, credentials=credentials)["plants"]
    hint = "" if plants else "; let the vendor's administrator give it plants, for it will need attention"
    print(f"{tenant}/{name} works: {plants} plant{'' if plants == 1 else 's'}{hint}")


@integrations.command("disable")
def disable(tenant: _Tenant, name: _Name) -> None:
    """Stop pulling an account; what was pulled stays."""
    from include.steps import integrations as steps

    steps.set_state(Settings.from_environment(), tenant=tenant, name=name, state="disabled", now=datetime.now(UTC))
    print(f"{tenant}/{name} is disabled: nothing is asked until `helio integration enable`")


@integrations.command("enable")
def enable(tenant: _Tenant, name: _Name) -> None:
    """Pull an account again: its blocks are cleared, and what the vendor refused is asked once more."""
    from include.steps import integrations as steps

    steps.set_state(Settings.from_environment(), tenant=tenant, name=name, state="active", now=datetime.now(UTC))
    print(f"{tenant}/{name} is active: the next run pulls it, within five minutes")


@integrations.command("authorize")
def authorize(
    tenant: _Tenant,
    name: _Name,
    code: Annotated[str | None, typer.Option(help="Code, or the whole redirect URL; asked for when it is missing.")] = None,
) -> None:
    """Sungrow, plants of other owners: show the page that the owner opens, and trade the code that it leads to for tokens."""
    from include.steps import integrations as steps

    settings = Settings.from_environment()
    credentials = _credentials_elsewhere(settings, tenant, name)
    if code is None:
        page = steps.authorization_page(settings, tenant=tenant, name=name, credentials=credentials)
        print(f"The owner of the plants opens this page, logs in and picks the plants:\n\n  {page}\n")
        print("The browser then goes to the redirect URL, whose page may well be empty: its address holds the code.")
        code = ask("Paste that address, or the code", instead="give it as --code")
    steps.authorize(settings, tenant=tenant, name=name, code=code_in(code), clock=_clock, credentials=credentials)
    print(f"{tenant}/{name} is authorized; the next run of land_sungrow pulls it, within five minutes")


def code_in(text: str) -> str:
    """The code of a pasted redirect URL, or the text itself where it is no URL; raises `Refused` for a URL without one."""
    text = text.strip()
    if "://" not in text:
        return text
    parts = urlsplit(text)
    found = parse_qs(parts.query) | parse_qs(parts.fragment.rpartition("?")[2])
    if not found.get("code"):
        raise Refused("the pasted address holds no code=...; paste the address to which the browser was sent after the consent")
    return found["code"][0]


# ------------------------------------------------------------------------------------------------------------- credentials


def known_vendor(name: str) -> Vendor:
    """The vendor of that name; raises `Refused` naming those that there are."""
    if name not in VENDORS:
        raise Refused(f"vendor {name!r} is not known; choose one of {', '.join(VENDORS)}")
    return VENDORS[name]


def ask_credentials(vendor: Vendor, given: Mapping[str, str]) -> dict[str, str]:
    """Values of the vendor's fields: given as options, secrets from `HELIO_<FIELD>`; what is required and missing is asked for.

    An optional secret is asked for only where a login is given that it belongs to. Raises `Refused` for a field that the vendor
    does not have, and where nobody answers.
    """
    if strange := given.keys() - {field.name for field in vendor.fields}:
        raise Refused(f"accounts of {vendor.label} have no {_options(strange)}; leave it out")
    values: dict[str, str] = {}
    for field in vendor.fields:
        value = _secret(field, values) if field.is_secret else _open(field, given)
        if value:
            values[field.name] = value
    return values


def _open(field: AccountField, given: Mapping[str, str]) -> str:
    if field.name in given or not field.is_required:
        return given.get(field.name, "").strip()
    return ask(_hint(field), instead=f"give it as {_options([field.name])}")


def _secret(field: AccountField, values: Mapping[str, str]) -> str:
    variable = f"HELIO_{field.name.upper()}"
    if value := os.environ.get(variable, ""):
        return value
    is_wanted = field.is_required or (field.name == "password" and "login" in values)
    return ask(field.label, instead=f"set {variable}", is_secret=True) if is_wanted else ""


def ask(question: str, *, instead: str, is_secret: bool = False) -> str:
    """An answer from the terminal, without echo for a secret; raises `Refused` saying what to do where nobody answers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would echo
            return str(typer.prompt(question, hide_input=is_secret, err=True)).strip()
    except (typer.Abort, GetPassWarning) as error:
        raise Refused(f"{question} is missing; {instead}") from error


def _credentials_elsewhere(settings: Settings, tenant: str, name: str) -> dict[str, str] | None:
    """Credentials of an account that keeps none here: from its `AIRFLOW_CONN_*`, else asked for; None where they are kept."""
    from include.steps import integrations as steps

    rows = steps.list_integrations(settings, now=datetime.now(UTC), tenant=tenant)
    row = next((row for row in rows if row["name"] == name), None)
    if row is None:
        known = ", ".join(row["name"] for row in rows) or "none yet"
        raise NeedsHuman(f"tenant {tenant!r} has no account {name!r} (known: {known}); add it with `helio integration add`")
    if row["keeps_credentials"]:
        return None
    variable = f"AIRFLOW_CONN_{row['connection_id'].upper()}"
    if text := os.environ.get(variable, ""):
        return _of_connection(variable, text)
    print(f"the credentials of {tenant}/{name} are in Airflow, out of reach from here; they are used once and not kept")
    return ask_credentials(known_vendor(row["vendor"]), {})


def _of_connection(variable: str, text: str) -> dict[str, str]:
    """Account fields of a connection that is written as JSON."""
    try:
        connection = json.loads(text)
        extra = connection.get("extra") or {}
        more = json.loads(extra) if isinstance(extra, str) else dict(extra)
    except (ValueError, TypeError, AttributeError):
        raise Refused(f"{variable} is not written as a JSON object; write it so, or test it in Airflow's UI") from None
    standard = {name: connection.get(name) for name in ("host", "login", "password")}
    return {name: str(value) for name, value in (standard | more).items() if value}


def _options(names: Any) -> str:  # noqa: ANN401 - anything that can be walked
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def moment(value: Any) -> str:  # noqa: ANN401 - an instant, its ISO text, or nothing
    """An instant for people, in UTC to the minute."""
    if value is None:
        return "-"
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def _clock() -> datetime:
    return datetime.now(UTC)
