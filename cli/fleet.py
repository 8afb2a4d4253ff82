"""`helio tenant`, `helio user`, `helio drop`, `helio status`: who is served, who may log in, what is where."""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from include.core.documents import FEEDS
from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import zone
from include.steps import users
from include.steps.land import deliver_drop
from include.steps.overview import read_health
from include.steps.tenants import require_tenant, save_tenant

tenants = typer.Typer(help="Organisations whose data is kept.", no_args_is_help=True)
people = typer.Typer(help="People and programs that may log in to the API.", no_args_is_help=True)


@tenants.command("add")
def add_tenant(  # noqa: PLR0913 - the options of a command
    slug: Annotated[str, typer.Argument(help="Short name: a-z, 0-9, - and _; also its drop folder.")],
    name: Annotated[str | None, typer.Option(help="Name as people write it.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone of naive times in its drops [America/Sao_Paulo].")] = None,
    language: Annotated[str | None, typer.Option(help="Language of its reports: pt-BR or en [pt-BR].")] = None,
    recipient: Annotated[list[str] | None, typer.Option(help="E-mail that receives reports; repeat for more.")] = None,
    date_order: Annotated[
        str | None,
        typer.Option(help="How its files write dates such as 05/07/2025: day first, or month first [the file proves it]."),
    ] = None,
    register_under: Annotated[
        str | None, typer.Option(help="Register unknown devices under this plant; empty text: they wait in quarantine.")
    ] = None,
) -> None:
    """Add a tenant, or change what is given of it; its drop folders are made too."""
    settings = Settings.from_environment()
    options: dict[str, Any] = {
        "name": name,
        "timezone": timezone and zone(timezone).key,
        "language": language,
        "report_recipients": recipient or None,
        "date_order": date_order and date_order.replace("-", " "),
        "register_under": register_under,
        "unknown_devices": None if register_under is None else ("register" if register_under else "quarantine"),
    }
    save_tenant(settings, slug, {field: value for field, value in options.items() if value is not None})
    print(f"tenant {slug} is ready; drop files into {settings.drops_path / slug}/<feed>/")


@people.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="E-mail, the login name.")],
    tenant: Annotated[str, typer.Option(help="Tenant whose data the user reads.")],
    role: Annotated[
        str, typer.Option(help="client reads measurements and reports; admin also documents and quarantine.")
    ] = "client",
    generate: Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")] = False,
) -> None:
    """Add a user; the password is asked for, read from HELIO_PASSWORD, or generated."""
    if role not in users.ROLES:
        raise Refused(f"role {role!r} does not exist; choose client or admin")
    password = _password(generate)
    users.add_user(Settings.from_environment(), tenant=tenant, email=email, password=password, role=role, now=datetime.now(UTC))
    print(f"user {email} may log in" + (f" with password {password}" if generate else ""))


@people.command("password")
def set_password(
    email: Annotated[str, typer.Argument(help="E-mail, the login name.")],
    generate: Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")] = False,
) -> None:
    """Give a user a new password; every token issued before is void at once."""
    password = _password(generate)
    users.set_password(Settings.from_environment(), email=email, password=password, now=datetime.now(UTC))
    print(f"user {email} has a new password" + (f": {password}" if generate else ""))


@people.command("shut")
def shut_user(
    email: Annotated[str, typer.Argument(help="E-mail, the login name.")],
    reopen: Annotated[bool, typer.Option("--reopen", help="Let the user in again.")] = False,
) -> None:
    """Shut a user out; the tokens are void at once, also when the user is let in again."""
    users.set_active(Settings.from_environment(), email=email, is_active=reopen)
    print(f"user {email} is {'open' if reopen else 'shut'}")


def _password(generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(15)
    given = os.environ.get("HELIO_PASSWORD", "")
    return given or str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def drop(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to deliver.")],
    feed: Annotated[str, typer.Option(help=f"One of {', '.join(FEEDS)}.")],
    tenant: Annotated[str, typer.Option(help="Tenant that delivers it.")],
) -> None:
    """Put a copy of a file into a tenant's drop folder, whole or not at all."""
    settings = Settings.from_environment()
    require_tenant(settings, tenant)
    print(deliver_drop(settings, file, tenant=tenant, feed=feed))


def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Per tenant and feed: what came, what waits, how fresh it is; what the roll-up has to do, and counters that misbehave."""
    found = read_health(Settings.from_environment(), now=datetime.now(UTC))
    if as_json:
        print(json.dumps(found, default=str, indent=2))
        return
    feeds = Table("tenant", "feed", "documents", "waiting", "refused", "rows", "quarantined", "received", "measured until")
    tenants = Table("tenant", "dirty days", "dirty plant days", "counters that misbehaved in 7 days")
    counters = Table("tenant", "plant", "device", "counter", "series", "days", "held back", "resets", "dips", "zeros")
    counters.title = "Counters that misbehaved most in 7 days"
    remarks = Table("tenant", "feed", "document", "name", "not used", title="What the newest loads did not use")
    sections = {"feeds": feeds, "tenants": tenants, "counters": counters, "remarks": remarks}
    for name, table in sections.items():
        for row in found[name]:
            table.add_row(*(_cell(value) for value in row.values()))
        if found[name] or name in {"feeds", "tenants"}:
            Console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(value)
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
