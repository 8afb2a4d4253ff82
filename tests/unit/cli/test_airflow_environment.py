import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cli.pools import pools
from cli.run import airflow
from cli.run.secret_file import MAKERS
from cli.run.settings import complete_environment, installed_here
from include.core.settings import Settings

SECRETS = {name: f"secret-of-{name.lower()}" for name in MAKERS}


def settings(tmp_path: Path, **more: int) -> Settings:
    return installed_here(Settings(home=tmp_path, **more), SECRETS)


def holders(environment: dict[str, str], secret: str) -> set[str]:
    return {name for name, value in environment.items() if SECRETS[secret] in value}


def test_airflow_gets_its_own_secrets_and_the_owner_of_the_warehouse_but_nothing_of_the_api(tmp_path):
    environment = airflow.airflow_environment(settings(tmp_path), SECRETS)

    assert holders(environment, "HELIOGRAPH_DB_PASSWORD") == {"HELIOGRAPH_DATABASE_URL"}
    assert holders(environment, "AIRFLOW_DB_PASSWORD") == {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}
    assert holders(environment, "AIRFLOW_FERNET_KEY") == {"AIRFLOW__CORE__FERNET_KEY"}
    assert holders(environment, "AIRFLOW_JWT_SECRET") == {"AIRFLOW__API_AUTH__JWT_SECRET"}
    assert holders(environment, "POSTGRES_PASSWORD") == set()
    assert holders(environment, "HELIOGRAPH_JWT_SECRET") == set()
    assert holders(environment, "HELIOGRAPH_API_DB_PASSWORD") == set()


def test_the_api_gets_the_read_only_role_and_its_key_but_neither_the_owner_nor_airflow(tmp_path):
    environment = airflow.api_environment(settings(tmp_path), SECRETS)

    known = {secret for secret in MAKERS if holders(environment, secret)}
    assert known == {"HELIOGRAPH_API_DB_PASSWORD", "HELIOGRAPH_JWT_SECRET"}
    assert "heliograph_api:" in environment["HELIOGRAPH_API_DATABASE_URL"]


def test_airflow_can_open_sealed_credentials_and_the_api_cannot(tmp_path):
    with_vault = replace(settings(tmp_path), vault_keys="a-vault-key")

    assert airflow.airflow_environment(with_vault, SECRETS)["HELIOGRAPH_VAULT_KEYS"] == "a-vault-key"
    assert "a-vault-key" not in airflow.api_environment(with_vault, SECRETS).values()


def service_environment(ours: Settings, name: str, *, with_demo: bool) -> dict[str, str]:
    """What we add to the caller's environment for one service."""
    environment = {service.name: service.environment for service in airflow.services(ours, SECRETS, with_demo=with_demo)}[name]
    return dict(environment.items() - airflow.base_environment().items())


def test_without_the_demo_neither_its_programs_nor_its_mail_sink_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://mail.example.org")

    services = {service.name: service for service in airflow.services(settings(tmp_path), SECRETS, with_demo=False)}

    assert set(services) == {"api-server", "scheduler", "dag-processor", "triggerer", "api"}
    assert services["scheduler"].environment["AIRFLOW_CONN_SMTP_DEFAULT"] == "smtp://mail.example.org"


def test_the_ui_starts_first_and_the_scheduler_last(tmp_path):
    names = [service.name for service in airflow.services(settings(tmp_path), SECRETS, with_demo=True)]

    assert (names[0], names[-1]) == ("api-server", "scheduler")


def test_the_mail_sink_and_the_sandbox_know_no_secret(tmp_path):
    demo = [
        service
        for service in airflow.services(settings(tmp_path), SECRETS, with_demo=True)
        if service.name in {"mail-sink", "sandbox"}
    ]

    assert len(demo) == 2
    assert not [secret for service in demo for secret in MAKERS if holders(service.environment, secret)]


def test_the_imitated_clouds_are_allowed_beside_what_the_operator_allows(tmp_path):
    own = Settings(home=tmp_path, extra_vendor_urls="https://pvms.example.org", sandbox_port=19100)

    once = installed_here(own, SECRETS)
    twice = installed_here(once, SECRETS)

    assert once.extra_vendor_urls == twice.extra_vendor_urls == "https://pvms.example.org,http://127.0.0.1:19100"
    assert airflow.airflow_environment(once, SECRETS)["HELIOGRAPH_EXTRA_VENDOR_URLS"] == once.extra_vendor_urls


def test_no_secret_is_on_a_command_line(tmp_path):
    words = [word for service in airflow.services(settings(tmp_path), SECRETS, with_demo=True) for word in service.command]

    assert not [word for word in words if "secret-of-" in word]


def test_every_port_follows_its_setting_so_that_two_checkouts_do_not_meet(tmp_path):
    ours = settings(tmp_path, airflow_port=18080, api_port=18090, postgres_port=15432, smtp_port=18025, sandbox_port=19100)

    environment = service_environment(ours, "scheduler", with_demo=True)
    ports = {
        service.name: service.port for service in airflow.services(ours, SECRETS, with_demo=True) if service.port is not None
    }

    defaults = re.compile(r"(?<!\d)(8080|8793|8794|55432|8025|8090|9100)(?!\d)")
    assert [name for name, value in environment.items() if defaults.search(value)] == []
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18080/execution/"
    assert environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] == "18081"
    assert environment["AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"] == "18082"
    assert json.loads(environment["AIRFLOW_CONN_SMTP_DEFAULT"])["port"] == 18025
    assert ports == {"api-server": 18080, "mail-sink": 18025, "sandbox": 19100, "api": 18090}


def test_airflow_of_the_caller_does_not_leak_in_but_connections_do():
    caller = {
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",
        "AIRFLOW_HOME": "/elsewhere",
        "HELIOGRAPH_HOME": "/elsewhere",
        "AIRFLOW_CONN_ACME": "http://acme",
        "PATH": "/bin",
    }

    kept = airflow.base_environment(caller)

    assert kept["AIRFLOW_CONN_ACME"] == "http://acme"
    assert not {"AIRFLOW__CORE__EXECUTOR", "AIRFLOW_HOME", "HELIOGRAPH_HOME"} & kept.keys()


def test_a_proxy_is_told_to_leave_loopback_alone_and_its_own_exceptions_stay():
    kept = airflow.base_environment({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "intranet"})

    assert kept["NO_PROXY"] == kept["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_logins_are_written_for_their_owner_only_and_name_every_user(tmp_path):
    ours = settings(tmp_path)

    airflow.write_passwords(ours, SECRETS)

    path = Path(airflow.airflow_environment(ours, SECRETS)["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(path.read_text()) == {
        "admin": "secret-of-airflow_admin_password",
        "viewer": "secret-of-airflow_viewer_password",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_pool_has_what_airflow_wants_to_import():
    made = pools()

    assert {"landing", "warehouse_write", "vendor_sungrow", "vendor_deye", "vendor_huawei"} <= set(made)
    assert all(isinstance(pool["slots"], int) and pool["description"] for pool in made.values())


def test_a_command_finds_the_installation_that_a_run_made(tmp_path):
    (tmp_path / "secrets.env").write_text("".join(f"{name}={value}\n" for name, value in SECRETS.items()))
    environment = {"HELIOGRAPH_HOME": str(tmp_path), "HELIOGRAPH_POSTGRES_PORT": "15432"}

    complete_environment(environment)

    found = Settings.from_environment(environment)
    assert found.database_url == "postgresql+psycopg2://heliograph:secret-of-heliograph_db_password@127.0.0.1:15432/heliograph"
    assert found.jwt_secret == "secret-of-heliograph_jwt_secret"


@pytest.mark.parametrize(("with_demo", "pause_s"), [(True, "0.1"), (False, "0.5")])
def test_a_scheduler_that_nobody_watches_looks_less_often(tmp_path, with_demo, pause_s):
    found = {service.name: service.environment for service in airflow.services(settings(tmp_path), SECRETS, with_demo=with_demo)}

    assert found["scheduler"]["AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME"] == pause_s


def test_a_command_can_be_pointed_at_another_warehouse(tmp_path):
    (tmp_path / "secrets.env").write_text("".join(f"{name}={value}\n" for name, value in SECRETS.items()))
    environment = {"HELIOGRAPH_HOME": str(tmp_path), "HELIOGRAPH_DATABASE_URL": "postgresql+psycopg2://elsewhere/x"}

    complete_environment(environment)

    assert Settings.from_environment(environment).database_url == "postgresql+psycopg2://elsewhere/x"
