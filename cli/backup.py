"""`helio backup`, `helio restore`, `helio postgres`: keep an installation of this machine, bring it back, look into it."""

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.run import postgres
from cli.run.settings import local_settings
from include.core.errors import Refused
from include.core.settings import Settings


def backup(
    file: Annotated[Path | None, typer.Argument(help="Where to write [heliograph-<date>-<time>.tar].")] = None,
) -> None:
    """Write databases, landing, reports and secrets of this machine's installation into one file; it may go on working."""
    from cli.run.backup import make_backup

    settings, secrets = _installation()
    now = datetime.now(UTC)
    target = (file or Path(f"heliograph-{now:%Y%m%d-%H%M%S}.tar")).absolute()
    manifest = make_backup(settings, secrets, target, now=now)
    print(f"{target}: {target.stat().st_size / 1e6:,.1f} MB, the warehouse at revision {manifest.revision}")
    for name, place in (("landing", settings.landing), ("reports", settings.report_store)):
        if name not in manifest.stores:
            print(f"not in it: {name} at {place}; that store needs a backup of its own")
    print("It holds every password and key of the installation: keep it as safe as those.")


def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `helio backup` wrote.")]) -> None:
    """Make this machine's installation from a backup, into an empty home; then `make run` goes on with it."""
    from cli.run.backup import restore_backup

    settings = Settings.from_environment()
    manifest = restore_backup(settings, file)
    print(f"restored into {settings.home} as of {manifest.made_at}; go on with `make run`")


def serve_postgres() -> None:
    """Start the embedded PostgreSQL alone and serve until Ctrl-C, for other commands or a look into the warehouse."""
    from cli.run.backup import installation_server

    settings, secrets = _installation()
    address = f"127.0.0.1:{settings.postgres_port}"
    if postgres.is_running(settings.home / "pg"):
        print(f"PostgreSQL of {settings.home} serves on {address} already")
        return
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with installation_server(settings, secrets):
        print(f"PostgreSQL of {settings.home} serves on {address} until Ctrl-C; its passwords are in secrets.env", flush=True)
        ended.wait()


def _installation() -> tuple[Settings, dict[str, str]]:
    home = Settings.from_environment().home
    if not (home / "secrets.env").exists():
        raise Refused(f"there is no installation in {home}; `make run` makes one, HELIOGRAPH_HOME names another")
    return local_settings()
