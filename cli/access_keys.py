"""`helio key`: how programs come in to the API without a password."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.completion import complete_tenant
from cli.plain_table import plain_table, print_table
from cli.printed_json import AsJson, print_json
from include.core.errors import Refused
from include.core.settings import Settings
from include.steps import access_keys

keys = typer.Typer(help="API keys of programs: Home Assistant, Grafana, spreadsheets.", no_args_is_help=True)

_LONGEST_DAYS = 3650
Email = Annotated[str, typer.Argument(help="E-mail of the user whose key it is; tenant and role are the user's.")]
Name = Annotated[str, typer.Argument(help="Name of the key, such as the program that uses it.")]


def _complete_scope() -> list[str]:
    return list(access_keys.SCOPES)


@keys.command("add")
def add_key(
    email: Email,
    name: Name,
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope",
            help="What it may read; repeat for more. "
            + "; ".join(f"{scope}: {told}" for scope, told in access_keys.SCOPES.items()),
            autocompletion=_complete_scope,
        ),
    ],
    days: Annotated[int, typer.Option(help=f"Days that it lasts, at most {_LONGEST_DAYS}; 0: for ever.")] = 365,
) -> None:
    """Make a key and print it, this once: only its digest is kept."""
    if not 0 <= days <= _LONGEST_DAYS:
        raise Refused(f"--days {days} is not between 0 and {_LONGEST_DAYS}")
    now = datetime.now(UTC)
    key, expires_at = access_keys.add_key(
        Settings.from_environment(), email=email, name=name, scopes=scopes, now=now, days=days or None
    )
    print(key)
    typer.echo(f"this is shown once; it reads {', '.join(sorted(set(scopes)))} until {_day(expires_at)}", err=True)


@keys.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.", autocompletion=complete_tenant)] = None,
    user: Annotated[str | None, typer.Option(help="Only this user's (e-mail).")] = None,
    as_json: AsJson = False,
) -> None:
    """Keys with their state and last use, revoked ones included; times are UTC."""
    now = datetime.now(UTC)
    found = access_keys.list_keys(Settings.from_environment(), tenant=tenant, email=user)
    if as_json:
        print_json([asdict(key) | {"state": key.state(now)} for key in found])
        return
    if not found:
        print("no key yet; make one with `helio key add`")
        return
    names = ("user", "key", "begins", "state", "expires", "last used", "scopes")
    table = plain_table(*names)
    for key in found:
        used = f"{key.last_used_at.astimezone(UTC):%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        state, expires = key.state(now), _day(key.expires_at)
        table.add_row(key.email, key.name, f"{key.beginning}…", state, expires, used, " ".join(key.scopes))
    print_table(table)


@keys.command("revoke")
def revoke_key(email: Email, name: Name) -> None:
    """Revoke a key: the next request with it is refused."""
    access_keys.revoke_key(Settings.from_environment(), email=email, name=name, now=datetime.now(UTC))
    print(f"the key {name!r} of {email} is revoked")


def _day(at: datetime | None) -> str:
    return "ever" if at is None else f"{at.astimezone(UTC):%Y-%m-%d}"
