"""`helio tenant`, `helio user`, `helio drop`: who is served, who may log in, what is delivered."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.completion import complete_feed, complete_language, complete_tenant
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.documents import FEEDS
from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import zone
from include.steps import users
from include.steps.land import deliver_drop
from include.steps.tenants import list_tenants, require_tenant, save_brand, save_tenant

tenants = typer.Typer(help="Organisations whose data is kept.", no_args_is_help=True)
people = typer.Typer(help="People and programs that may log in to the API.", no_args_is_help=True)


@tenants.command("add")
def add_tenant(
    slug: Annotated[str, typer.Argument(help="Short name: a-z, 0-9, - and _; also its drop folder.")],
    name: Annotated[str | None, typer.Option(help="Name as people write it.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone of naive times in its drops [America/Sao_Paulo].")] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of its reports: pt-BR or en [pt-BR].", autocompletion=complete_language)
    ] = None,
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
        "date_order": date_order and date_order.replace("-", " "),
        "register_under": register_under,
        "unknown_devices": None if register_under is None else ("register" if register_under else "quarantine"),
    }
    save_tenant(settings, slug, {field: value for field, value in options.items() if value is not None})
    print(f"tenant {slug} is ready; drop files into {settings.drops_path / slug}/<feed>/")


@tenants.command("brand")
def set_brand(
    slug: Annotated[str, typer.Argument(help="The tenant.", autocompletion=complete_tenant)],
    logo: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="PNG or JPEG, for a light ground.")] = None,
    no_logo: Annotated[bool, typer.Option("--no-logo", help="Take the logo away.")] = False,
    main_colour: Annotated[str | None, typer.Option(help="Of bands with white text, such as #1f4e79.")] = None,
    accent_colour: Annotated[str | None, typer.Option(help="Of the line beside it, such as #f0a830.")] = None,
    footer: Annotated[str | None, typer.Option(help="One line at the foot; empty text: none.")] = None,
) -> None:
    """Change how a tenant's reports, mails and page look from now on, or show it; reports that were issued stay as they are."""
    options: dict[str, Any] = {
        "main_colour": main_colour and main_colour.lower(),
        "accent_colour": accent_colour and accent_colour.lower(),
        "logo": logo and logo.read_bytes(),
    }
    fields = {field: value for field, value in options.items() if value is not None}
    fields |= {"logo": None} if no_logo else {}
    fields |= {} if footer is None else {"footer": footer or None}
    brand = save_brand(Settings.from_environment(), slug, fields, now=datetime.now(UTC))
    logo_told = f"logo of {len(brand.logo_png):,} bytes" if brand.logo_png else "no logo"
    print(f"{slug}: {brand.main_colour}, {brand.accent_colour}, {logo_told}, foot: {brand.footer or 'none'}")


@tenants.command("list")
def show_tenants(as_json: AsJson = False) -> None:
    """Tenants with their plants, their zone and their language."""
    rows = list_tenants(Settings.from_environment())
    if as_json:
        print_json(rows)
        return
    if not rows:
        print("no tenant yet; add one with `helio tenant add`")
        return
    table = plain_table("tenant", "plants", "time zone", "language", "name")
    for row in rows:
        table.add_row(row["tenant"], f"{row['plants']:,}", row["timezone"], row["language"], row["name"])
    print_table(table)


@people.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="E-mail, the login name.")],
    tenant: Annotated[str, typer.Option(help="Tenant whose data the user reads.", autocompletion=complete_tenant)],
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
    users.set_active(Settings.from_environment(), email=email, is_active=reopen, now=datetime.now(UTC))
    print(f"user {email} is {'open' if reopen else 'shut'}")


def _password(generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(15)
    given = os.environ.get("HELIO_PASSWORD", "")
    return given or str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def drop(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to deliver.")],
    feed: Annotated[str, typer.Option(help=f"One of {', '.join(FEEDS)}.", autocompletion=complete_feed)],
    tenant: Annotated[str, typer.Option(help="Tenant that delivers it.", autocompletion=complete_tenant)],
) -> None:
    """Put a copy of a file into a tenant's drop folder, whole or not at all."""
    settings = Settings.from_environment()
    require_tenant(settings, tenant)
    print(deliver_drop(settings, file, tenant=tenant, feed=feed))
