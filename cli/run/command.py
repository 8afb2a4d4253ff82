"""`helio run`, `helio stop`, `helio airflow`, `helio db-clean`: the stages of a run, in order."""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.pools import pools
from cli.run import airflow, demo, demo_clouds, postgres
from cli.run.airflow_api import AirflowApi
from cli.run.api_client import api_answers
from cli.run.flow import Watch, await_dags, await_runs, follow, remember_runs
from cli.run.progress import Progress
from cli.run.settings import local_settings
from cli.run.summary import Outcome, print_summary
from cli.run.supervisor import Supervisor, wait_until
from include.core.errors import NeedsHuman
from include.core.settings import Settings

HEALTH_LIMIT_S = 180.0


class Stopped(Exception):
    """A signal asked this run to end."""


def run(
    once: Annotated[bool, typer.Option("--once", help="Stop after the summary; status 0 only if everything worked.")] = False,
) -> None:
    """Start everything on this machine, carry the samples through the DAGs, show the result, keep serving until Ctrl-C."""
    console = Console()
    settings, secrets = local_settings()
    installation = Installation(settings, secrets, Progress(console))
    is_up = False
    try:
        with _stop_signals(), installation.supervisor.sole_run(), installation.running():
            facts, clouds = installation.demonstrate()
            is_up = True
            login = (demo.USER, secrets["DEMO_PASSWORD"])
            outcome = Outcome(demo.read_status(settings), facts, clouds, login, demo.first_question(settings))
            print_summary(console, settings, outcome, keeps_serving=not once)
            if not once:
                installation.serve()
    except Stopped as stopped:
        console.print(f"stopped by {stopped}", highlight=False)
        raise typer.Exit(0 if is_up and not once else 130) from None


def stop() -> None:
    """Stop the run of this home, or what a killed one left running, PostgreSQL included."""
    settings, secrets = local_settings()
    installation = Installation(settings, secrets, Progress(Console()))
    installation.supervisor.end_other_run()
    with installation.supervisor.sole_run():
        installation.stop()


def migrate() -> None:
    """Bring the warehouse of HELIOGRAPH_DATABASE_URL to the newest revision; does nothing when it is there."""
    from include.steps.schema import migrate_warehouse

    print(f"warehouse is at revision {migrate_warehouse(Settings.from_environment())}")


def run_airflow(context: typer.Context) -> None:
    """Airflow's own command line in the environment of this installation, for example `helio airflow dags list`."""
    settings, secrets = local_settings()
    command = airflow.airflow_command(*context.args)
    environment = airflow.base_environment() | airflow.airflow_environment(settings, secrets)
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def db_clean(days: Annotated[int, typer.Option(min=1, help="Keep Airflow's own history of this many days.")] = 30) -> None:
    """Delete old rows of Airflow's metadata database: finished runs, task instances, logs. The warehouse is not touched."""
    settings, secrets = local_settings()
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    command = airflow.airflow_command("db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes")
    server = postgres.start(
        settings.home / "pg", port=settings.postgres_port, password=secrets["POSTGRES_PASSWORD"], log=_log(settings)
    )
    was_running = (settings.home / "run" / "scheduler.pid").exists()
    environment = airflow.base_environment() | airflow.airflow_environment(settings, secrets)
    try:
        status = subprocess.run(command, env=environment, check=False).returncode
    finally:
        if not was_running:
            postgres.stop(server)
    raise typer.Exit(status)


class Installation:
    """One installation: what is started, in which order, and how it ends."""

    def __init__(self, settings: Settings, secrets: dict[str, str], progress: Progress) -> None:
        """Nothing is started yet."""
        self.settings = settings
        self.secrets = secrets
        self.progress = progress
        self.supervisor = Supervisor(settings.home / "run", settings.home / "logs")
        user, password = next(iter(airflow.USERS.items()))
        self.airflow_api = AirflowApi(f"http://127.0.0.1:{settings.airflow_port}", user, password)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Everything up for a block, everything down after it, however it ends."""
        try:
            self._start()
            yield
        finally:
            with _deaf(), self.progress.stage("stopping"):
                self.stop()

    def demonstrate(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Prepare the demo, drop the samples, pull the clouds, follow it all through the DAGs.

        Returns further facts for the summary: of the samples' tenant, and of each cloud.
        """
        pulls = demo_clouds.stages(self.settings)
        stages = [*demo.landing_stages(self.settings), *pulls, *demo.loading_stages(self.settings)]
        mail = demo.mail_stage(self.settings)
        task_logs = str(self.settings.home / "logs" / "tasks")
        watch = Watch(self.airflow_api, self.progress, self.supervisor.check, task_logs, set())
        with self.progress.stage("DAGs are read"):
            await_dags(watch, {stage.dag_id for stage in [*stages, mail]} | {"report_plants"})
        watch.earlier = remember_runs(self.airflow_api, [*stages, mail])
        with self.progress.stage("demo tenants and samples"):
            demo.prepare_demo(self.settings, self.secrets["DEMO_PASSWORD"])
            demo_clouds.prepare_clouds(self.settings)
            for pull in pulls:
                self.airflow_api.trigger(pull.dag_id)
            self.progress.say(f"{demo.drop_samples(self.settings)} files dropped")
        for stage in stages:
            with self.progress.stage(f"{stage.label} ({stage.dag_id})"):
                follow(watch, stage)
        with self.progress.stage("rollups to reports (report_plants)"):
            await_runs(watch, [self.airflow_api.trigger("report_plants", wish) for wish in demo.report_wishes()])
        with self.progress.stage(f"{mail.label} ({mail.dag_id})"):
            follow(watch, mail)
        with self.progress.stage("API answers the demo login"):
            answered = api_answers(self.settings, demo.USER, self.secrets["DEMO_PASSWORD"], demo.first_question(self.settings))
            self.progress.say(answered)
        facts, clouds = demo.overview(self.settings), demo_clouds.clouds(self.settings)
        if faults := demo.faults(facts) + demo_clouds.faults(clouds):
            raise NeedsHuman(f"the run is over, but {'; '.join(faults)}")
        return facts, clouds

    def serve(self) -> None:
        """Wait for a signal; raises `ServiceFailed` when a service ends on its own."""
        never = threading.Event()
        while not never.wait(1.0):
            self.supervisor.check()

    def stop(self) -> None:
        """Services first, then their database."""
        self.supervisor.stop_all()
        postgres.stop(postgres.Server(self.settings.home / "pg", self.settings.postgres_port, 0, ""))

    def _start(self) -> None:
        settings, secrets, supervisor = self.settings, self.secrets, self.supervisor
        with self.progress.stage("left-overs of an earlier run"):
            supervisor.stop_all()
        with self.progress.stage("PostgreSQL"):
            for service in airflow.services(settings, secrets):
                if service.port is not None:
                    postgres.require_free(service.port, setting=service.port_setting)
            server = postgres.start(
                settings.home / "pg", port=settings.postgres_port, password=secrets["POSTGRES_PASSWORD"], log=_log(settings)
            )
            postgres.provision(server, secrets)
            self.progress.say(f"127.0.0.1:{server.port}")
        with self.progress.stage("schema of the warehouse"):
            self._migrate_warehouse()
        with self.progress.stage("schema of Airflow"):
            self._migrate_airflow()
        with self.progress.stage("Airflow, API, mail sink and clouds"):
            airflow.write_passwords(settings)
            for service in airflow.services(settings, secrets):
                supervisor.start(service)
            self._await_health()
            self.airflow_api.save_pools(pools())

    def _migrate_warehouse(self) -> None:
        from include.steps.schema import migrate_warehouse

        self.progress.say(f"revision {migrate_warehouse(self.settings)}")

    def _migrate_airflow(self) -> None:
        """Run `airflow db migrate`, or skip its five seconds when this Airflow has left the database at the revision it has."""
        stamp = self.settings.home / "airflow" / "migrated"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == self._airflow_revision():
            self.progress.say("up to date")
            return
        environment = airflow.base_environment() | airflow.airflow_environment(self.settings, self.secrets)
        self.supervisor.run("airflow-migrate", airflow.airflow_command("db", "migrate"), environment)
        stamp.write_text(self._airflow_revision(), encoding="utf-8")

    def _airflow_revision(self) -> str:
        from importlib.metadata import version

        url = postgres.database_url(self.settings.postgres_port, "airflow", "airflow", self.secrets["AIRFLOW_DB_PASSWORD"])
        revision = postgres.revision_of(url)
        return "empty" if revision is None else f"{version('apache-airflow')} {revision}"

    def _await_health(self) -> None:
        def is_healthy() -> bool:
            report = self.airflow_api.health()
            ill = [name for name, status in report.items() if status != "healthy"]
            self.progress.say(f"waiting for {', '.join(ill)}" if ill else "healthy")
            return not ill

        if not wait_until(is_healthy, limit_s=HEALTH_LIMIT_S, check=self.supervisor.check):
            ill = ", ".join(f"{name} is {status}" for name, status in self.airflow_api.health().items() if status != "healthy")
            raise NeedsHuman(f"Airflow is not healthy after {HEALTH_LIMIT_S:.0f} s: {ill}; see {self.supervisor.logs}")


def _log(settings: Settings) -> Path:
    return settings.home / "logs" / "postgres.log"


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the block by an exception, so that everything that was started is stopped."""

    def end(number: int, _: object) -> None:
        raise Stopped(signal.Signals(number).name)

    earlier = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, previous in earlier.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Finish stopping even when the impatient press Ctrl-C again; it takes 20 s at most."""
    earlier = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, previous in earlier.items():
            signal.signal(number, previous)
