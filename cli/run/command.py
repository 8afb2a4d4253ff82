"""`helio run`, `helio stop`, `helio airflow`, `helio db-clean`: the stages of a run, in order."""

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.pools import pools
from cli.run import airflow, demo, demo_clouds, postgres
from cli.run.airflow_api import AirflowApi
from cli.run.api_client import api_answers
from cli.run.backup import installation_server
from cli.run.flow import Watch, await_dags, await_runs, follow, insist, remember_runs
from cli.run.log_files import cut_logs, forget_logs
from cli.run.progress import Progress
from cli.run.restarts import Restarts
from cli.run.settings import local_settings
from cli.run.summary import DemoApi, Outcome, print_next_things, print_summary
from cli.run.supervisor import Supervisor, wait_until
from include.core.errors import HeliographError, NeedsHuman, Refused
from include.core.settings import Settings
from include.steps.free_space import require_free_space

HEALTH_LIMIT_S = 180.0
LOGS_EVERY_S = 600.0


class Stopped(Exception):
    """A signal asked this run to end."""


def run(
    once: Annotated[bool, typer.Option("--once", help="Stop after the summary; status 0 only if everything worked.")] = False,
    with_demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="With the samples, the imitated clouds and a mail sink.")
    ] = True,
) -> None:
    """Start everything on this machine, carry the samples through the DAGs, show the result, keep serving until Ctrl-C."""
    if once and not with_demo:
        raise Refused("--once ends after the demo, so it makes no sense with --no-demo; leave one of them out")
    settings, secrets = local_settings()
    require_free_space(settings)
    installation = Installation(settings, secrets, Progress(Console()), with_demo=with_demo)
    try:
        with _stop_signals(), installation.supervisor.sole_run(), installation.running():
            if with_demo:
                installation.show_demo(keeps_serving=not once)
            if not once:
                installation.serve()
    except Stopped as stopped:
        installation.progress.console.print(f"stopped by {stopped}", highlight=False)
        raise typer.Exit(0 if installation.is_serving else 130) from None


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
    environment = airflow.base_environment() | airflow.airflow_environment(settings, secrets)
    with installation_server(settings, secrets):
        status = subprocess.run(command, env=environment, check=False).returncode
    raise typer.Exit(status)


class Installation:
    """One installation: what is started, in which order, and how it ends."""

    def __init__(self, settings: Settings, secrets: dict[str, str], progress: Progress, *, with_demo: bool = True) -> None:
        """Nothing is started yet."""
        self.settings = settings
        self.secrets = secrets
        self.progress = progress
        self.with_demo = with_demo
        self.is_serving = False
        self.demo_api: DemoApi | None = None
        self.supervisor = Supervisor(settings.home / "run", settings.home / "logs")
        user, secret = next(iter(airflow.USERS.items()))
        self.airflow_api = AirflowApi(f"http://127.0.0.1:{settings.airflow_port}", user, secrets[secret])
        self._postgres_restarts = Restarts()
        self._logs_at = time.monotonic()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Everything up for a block, everything down after it, however it ends."""
        try:
            self._start()
            yield
        finally:
            with _deaf(), self.progress.stage("stopping"):
                self.stop()

    def show_demo(self, *, keeps_serving: bool) -> None:
        """Carry the samples through and tell what came of it; where everything goes on serving, a demo that failed only tells."""
        try:
            facts, clouds = self.demonstrate()
        except HeliographError as error:
            if not keeps_serving:
                raise
            self.progress.console.print(f"the demo was not carried through: {error}", highlight=False, soft_wrap=True)
            return
        print_summary(self.progress.console, Outcome(demo.read_status(self.settings), facts, clouds))
        self.demo_api = DemoApi(
            demo.USER, self.secrets["DEMO_PASSWORD"], self.secrets["DEMO_API_KEY"], demo.first_question(self.settings)
        )

    def demonstrate(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Prepare the demo, drop the samples, pull the clouds, follow it all through the DAGs.

        Returns further facts for the summary: of the samples' tenant, and of each cloud.
        """
        pulls = demo_clouds.stages(self.settings)
        stages = [*demo.landing_stages(self.settings), *pulls, *demo.loading_stages(self.settings)]
        mail = demo.mail_stage(self.settings)
        task_logs = str(self.settings.home / "logs" / "tasks")
        watch = Watch(self.airflow_api, self.progress, self.tend, task_logs, set())
        with self.progress.stage("DAGs are read"):
            await_dags(watch, {stage.dag_id for stage in [*stages, mail]} | {"report_plants"})
        watch.earlier = insist(watch, lambda: remember_runs(self.airflow_api, [*stages, mail]))
        with self.progress.stage("demo tenants and samples"):
            demo.prepare_demo(self.settings, self.secrets["DEMO_PASSWORD"], self.secrets["DEMO_API_KEY"])
            demo_clouds.prepare_clouds(self.settings)
            for pull in pulls:
                insist(watch, partial(self.airflow_api.trigger, pull.dag_id))
            is_known = demo.has_samples(self.settings)
            self.progress.say("samples are there already" if is_known else f"{demo.drop_samples(self.settings)} files dropped")
        for stage in stages:
            with self.progress.stage(f"{stage.label} ({stage.dag_id})"):
                follow(watch, stage)
        with self.progress.stage("rollups to reports (report_plants)"):
            wishes = demo.report_wishes()
            await_runs(watch, [insist(watch, partial(self.airflow_api.trigger, "report_plants", wish)) for wish in wishes])
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
        """Look after everything until a signal comes."""
        self.is_serving = True
        print_next_things(self.progress.console, self.settings, self.secrets, self.demo_api)
        never = threading.Event()
        while not never.wait(1.0):
            self.tend()

    def tend(self) -> None:
        """Start again what ended, the database first; now and then keep the logs bounded."""
        for sentence in (*self._tend_postgres(), *self.supervisor.tend()):
            self.progress.console.print(f"{datetime.now(UTC):%H:%M:%S}Z {sentence}", highlight=False, soft_wrap=True)
        if time.monotonic() - self._logs_at > LOGS_EVERY_S:
            self._logs_at = time.monotonic()
            cut_logs(self.settings.home / "logs", most_bytes=int(self.settings.log_mb * 1e6))
            for part in ("tasks", "dag-files"):
                forget_logs(self.settings.home / "logs" / part, days=self.settings.log_days)

    def _tend_postgres(self) -> list[str]:
        if postgres.is_running(self.settings.home / "pg") or not self._postgres_restarts.is_due("postgres", time.monotonic()):
            return []
        try:
            self._start_postgres()
        except NeedsHuman as error:
            return [f"PostgreSQL ended and cannot be started again yet: {error}"]
        return [f"PostgreSQL ended and was started again; {_log(self.settings)} says why"]

    def stop(self) -> None:
        """Services first, then their database."""
        self.supervisor.stop_all()
        postgres.stop(postgres.Server(self.settings.home / "pg", self.settings.postgres_port, 0, ""))

    def _start(self) -> None:
        """The scheduler comes last: tasks that run before the UI answers would burn their tries."""
        settings, secrets, supervisor = self.settings, self.secrets, self.supervisor
        *others, scheduler = airflow.services(settings, secrets, with_demo=self.with_demo)
        with self.progress.stage("left-overs of an earlier run"):
            supervisor.stop_all()
        with self.progress.stage("PostgreSQL"):
            for service in others:
                if service.port is not None:
                    postgres.require_free(service.port, setting=service.port_setting)
            server = self._start_postgres()
            postgres.provision(server, secrets)
            self.progress.say(f"127.0.0.1:{server.port}")
        with self.progress.stage("schema of the warehouse"):
            self._migrate_warehouse()
        with self.progress.stage("schema of Airflow"):
            self._migrate_airflow()
        with self.progress.stage("Airflow and API"):
            airflow.write_passwords(settings, secrets)
            for service in others:
                supervisor.start(service)
            self._await_health({"metadatabase"})
            self.airflow_api.save_pools(pools())
            supervisor.start(scheduler)
            self._await_health({"metadatabase", "scheduler", "triggerer", "dag_processor"})

    def _start_postgres(self) -> postgres.Server:
        settings, password = self.settings, self.secrets["POSTGRES_PASSWORD"]
        return postgres.start(settings.home / "pg", port=settings.postgres_port, password=password, log=_log(settings))

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

    def _await_health(self, names: set[str]) -> None:
        def ill() -> dict[str, str]:
            return {name: status for name, status in self.airflow_api.health().items() if name in names and status != "healthy"}

        def is_healthy() -> bool:
            waiting = ill()
            self.progress.say(f"waiting for {', '.join(waiting)}" if waiting else "healthy")
            return not waiting

        if not wait_until(is_healthy, limit_s=HEALTH_LIMIT_S, check=self.supervisor.check):
            told = ", ".join(f"{name} is {status}" for name, status in ill().items())
            raise NeedsHuman(f"Airflow is not healthy after {HEALTH_LIMIT_S:.0f} s: {told}; see {self.supervisor.logs}")


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
