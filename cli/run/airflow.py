"""Airflow on one machine: its environment, its four services, its pools."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from cli.run.postgres import database_url
from cli.run.supervisor import Service
from include.core.settings import Settings

REPOSITORY: Final = Path(__file__).resolve().parents[2]
USERS: Final = {"admin": "AIRFLOW_ADMIN_PASSWORD", "viewer": "AIRFLOW_VIEWER_PASSWORD"}
"""Logins of the Airflow UI, each with the secret that is its password; the role is named like the user."""

_SECRET_SETTINGS: Final = {"jwt_secret", "api_database_url"}


def base_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every program of ours inherits: the caller's environment without settings of ours and without Airflow's configuration.

    Connections and variables given as `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` stay, and proxies are told to leave loopback alone.
    """
    source = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in source.items()
        if not name.startswith(("HELIOGRAPH_", "AIRFLOW__")) and name not in {"AIRFLOW_HOME", "AIRFLOW_CONFIG", "PYTHONHOME"}
    }
    bypass = ",".join(filter(None, (kept.get("NO_PROXY", ""), "127.0.0.1,localhost")))
    return kept | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath))),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "GX_ANALYTICS_ENABLED": "False",
        "NO_PROXY": bypass,
        "no_proxy": bypass,
    }


def settings_environment(settings: Settings, *, leave_out: frozenset[str] | set[str] = frozenset()) -> dict[str, str]:
    """The settings as `HELIOGRAPH_*` variables, without those that are empty or left out."""
    pairs = ((entry.name, str(getattr(settings, entry.name))) for entry in fields(settings) if entry.name not in leave_out)
    return {f"HELIOGRAPH_{name.upper()}": value for name, value in pairs if value}


def airflow_environment(settings: Settings, secrets: Mapping[str, str]) -> dict[str, str]:
    """Environment of Airflow's services and tasks: the settings with the owner's URL, none of the API's secrets.

    Log servers stay off (`services`): one machine reads its log files itself. Their ports are set all the same, next to the UI's,
    so that two checkouts with different `HELIOGRAPH_AIRFLOW_PORT` never meet.
    """
    home = settings.home / "airflow"
    address = f"http://127.0.0.1:{settings.airflow_port}"
    database = database_url(settings.postgres_port, "airflow", "airflow", secrets["AIRFLOW_DB_PASSWORD"])
    return {
        **settings_environment(settings, leave_out=_SECRET_SETTINGS),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "16",
        "AIRFLOW__CORE__MP_START_METHOD": "fork",
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES": "appkey",
        "AIRFLOW__WORKERS__SECRETS_BACKEND": "plugins.integration_secrets.IntegrationSecretsBackend",
        # A first run begins a dozen tasks at once; on a busy machine it takes longer than the usual 5 s to admit one.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
        "AIRFLOW__CORE__FERNET_KEY": secrets["AIRFLOW_FERNET_KEY"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{user}" for user in USERS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(settings)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        # A request to the API server holds one until it is answered, and nothing is answered while one is waited for: above
        # the usual 15 at once all stand still for 30 s, tasks among them.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW": "75",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__INSTANCE_NAME": "Heliograph",
        "AIRFLOW__API__SECRET_KEY": secrets["AIRFLOW_SECRET_KEY"],
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets["AIRFLOW_JWT_SECRET"],
        "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "3600",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "90",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.home / "logs" / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(settings.home / "logs" / "dag-files"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "plugins.task_logs.DEFAULT_LOGGING_CONFIG",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.airflow_port + 1),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.airflow_port + 2),
    }


def api_environment(settings: Settings, secrets: Mapping[str, str]) -> dict[str, str]:
    """Environment of the API: its read-only URL and its key, not the owner's URL, the vault's keys or a secret of Airflow."""
    key = settings.jwt_secret or secrets["HELIOGRAPH_JWT_SECRET"]
    unknown = {"database_url", "vault_keys", "signing_file", "signing_password"}
    return settings_environment(settings, leave_out=unknown) | {"HELIOGRAPH_JWT_SECRET": key}


def airflow_command(*arguments: str) -> tuple[str, ...]:
    """Airflow's own command of this very Python."""
    return (sys.executable, "-m", "airflow", *arguments)


def services(settings: Settings, secrets: Mapping[str, str], *, with_demo: bool) -> list[Service]:
    """Airflow's four services and the API; with the demo also its mail sink and imitated clouds.

    The UI comes first because it takes longest; the scheduler comes last, for its tasks speak through the UI.
    """
    airflow = _environment(settings, secrets, with_demo=with_demo)
    api = base_environment() | api_environment(settings, secrets)
    return [
        Service("api-server", airflow_command("api-server"), airflow, settings.airflow_port, "HELIOGRAPH_AIRFLOW_PORT"),
        *(_demo_services(settings) if with_demo else ()),
        Service("dag-processor", airflow_command("dag-processor"), airflow),
        Service("triggerer", airflow_command("triggerer", "--skip-serve-logs"), airflow),
        Service("api", (sys.executable, "-m", "api"), api, settings.api_port, "HELIOGRAPH_API_PORT"),
        Service("scheduler", airflow_command("scheduler", "--skip-serve-logs"), airflow),
    ]


def _demo_services(settings: Settings) -> list[Service]:
    mail = ("-m", "sandbox.mail_sink", "--port", str(settings.smtp_port), "--folder", str(settings.home / "mail"))
    clouds = ("-m", "sandbox", "--port", str(settings.sandbox_port), "--limits", "off")
    bare = base_environment()
    return [
        Service("mail-sink", (sys.executable, *mail), bare, settings.smtp_port, "HELIOGRAPH_SMTP_PORT"),
        Service("sandbox", (sys.executable, *clouds), bare, settings.sandbox_port, "HELIOGRAPH_SANDBOX_PORT"),
    ]


def _environment(settings: Settings, secrets: Mapping[str, str], *, with_demo: bool) -> dict[str, str]:
    """Environment of Airflow's services; with the demo its mail goes to the sink, else where the operator's connection says.

    Somebody watches the demo: its scheduler looks ten times a second. One that is left alone looks twice.
    """
    demo = {"AIRFLOW_CONN_SMTP_DEFAULT": _mail_connection(settings)}
    alone = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5"}
    return base_environment() | airflow_environment(settings, secrets) | (demo if with_demo else alone)


def passwords_file(settings: Settings) -> Path:
    """Where the logins of the UI are written."""
    return settings.home / "airflow" / "passwords.json"


def write_passwords(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Write the logins before the UI starts, so that it makes none of its own."""
    path = passwords_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({user: secrets[secret] for user, secret in USERS.items()}), encoding="utf-8")


def _mail_connection(settings: Settings) -> str:
    return json.dumps(
        {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": settings.smtp_port,
            "extra": {
                "from_email": "heliograph@localhost",
                "disable_ssl": True,
                "disable_tls": True,
                "timeout": 30,
                "retry_limit": 1,
            },
        }
    )
