"""The command `helio`: each noun is a Typer app of its own file, mounted here."""

import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import access_keys, fleet, recipients, reports, targets, vendor_accounts
from cli.aggregates import audit, recompute
from cli.backfill import backfill
from cli.backup import backup, restore, serve_postgres
from cli.home_assistant import home_assistant
from cli.metrics import metrics
from cli.pools import print_pools
from cli.run import command
from cli.run.settings import complete_environment
from cli.status import status
from cli.synthesize import synthesize
from cli.verify import verify
from include.core.errors import HeliographError


class _Sentences(TyperGroup):
    """An error of ours is one sentence on stderr and status 1, not a traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - a click context; what the command returns
        try:
            return super().invoke(ctx)
        except HeliographError as error:
            print(f"\nhelio: {error}", file=sys.stderr)
            raise typer.Exit(1) from error


app = typer.Typer(
    name="helio",
    cls=_Sentences,
    help="Heliograph: solar fleets and energy telemetry on Apache Airflow.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

# Nouns: one line each.
app.add_typer(fleet.tenants, name="tenant")
app.add_typer(fleet.people, name="user")
app.add_typer(recipients.recipients, name="recipient")
app.add_typer(reports.reports, name="report")
app.add_typer(access_keys.keys, name="key")
app.add_typer(vendor_accounts.integrations, name="integration")
app.add_typer(targets.targets, name="target")
app.command()(backfill)
app.command()(fleet.drop)
app.command()(status)
app.command()(metrics)
app.command("home-assistant")(home_assistant)
app.command()(synthesize)
app.command()(audit)
app.command()(recompute)
app.command()(verify)

# The machine.
app.command()(command.run)
app.command()(command.stop)
app.command()(command.migrate)
app.command()(backup)
app.command()(restore)
app.command("postgres")(serve_postgres)
app.command("airflow", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})(
    command.run_airflow
)
app.command("db-clean")(command.db_clean)
app.command("pools")(print_pools)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        print(f"heliograph {version('heliograph')}")
        raise typer.Exit


@app.callback()
def _prepare(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    complete_environment(os.environ)
