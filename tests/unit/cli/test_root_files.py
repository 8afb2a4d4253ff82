import re
import subprocess
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import yaml

from cli.run.airflow import airflow_environment
from include.core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = (ROOT / "docker-compose.yaml").read_text()
SECRET = re.compile(r"PASSWORD|SECRET(?!S_BACKEND)|_KEY$|_KEY_ID$|FERNET|VAULT|SMTP_DEFAULT")


def test_the_example_environment_lists_every_setting_with_its_sentence_and_default():
    expected = [
        (f"# {entry.metadata['help']}", f"# HELIOGRAPH_{entry.name.upper()}={entry.default}") for entry in fields(Settings)
    ]

    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [(lines[at - 1], line) for at, line in enumerate(lines) if line.startswith("# HELIOGRAPH_")]

    assert found == expected


def test_every_variable_of_the_compose_file_is_in_the_example_environment():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE))

    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used - named == set()


def test_no_secret_of_the_compose_file_has_a_default():
    secrets = [(name, rest) for name, rest in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE) if SECRET.search(name)]

    assert len({name for name, _ in secrets}) >= 10
    assert [(name, rest) for name, rest in secrets if rest != f":?set {name} in .env"] == []


def test_no_secret_is_written_into_the_compose_file_or_the_example():
    services = yaml.safe_load(COMPOSE)["services"]
    written = [
        (service, name, value)
        for service, content in services.items()
        for name, value in (content.get("environment") or {}).items()
        if SECRET.search(name) and value is not None and "${" not in value
    ]

    filled = re.findall(r"^([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert written == []
    assert filled == []


def test_the_production_shape_has_its_services_and_each_can_tell_whether_it_is_well():
    services = yaml.safe_load(COMPOSE)["services"]

    lasting = {name for name, content in services.items() if not content.get("profiles") and name != "init"}
    assert lasting == {"postgres", "valkey", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "api"}
    assert {name for name in lasting if "healthcheck" not in services[name]} == set()
    assert {name for name, content in services.items() if content.get("profiles")} == {
        "db-clean",
        "mailpit",
        "objectstore",
        "grafana",
    }


def test_production_logs_people_in_with_fab_and_the_api_never_sees_the_owner():
    services = yaml.safe_load(COMPOSE)["services"]

    assert services["api-server"]["environment"]["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")
    assert not {"HELIOGRAPH_DATABASE_URL", "HELIOGRAPH_VAULT_KEYS"} & set(services["api"]["environment"])
    assert not [name for name in services["api"]["environment"] if name.startswith("AIRFLOW")]


def test_only_loopback_ports_are_published_by_default():
    services = yaml.safe_load(COMPOSE)["services"]

    published = [port for content in services.values() for port in content.get("ports", [])]
    assert [port for port in published if not re.match(r"127\.0\.0\.1:|\$\{\w+:-127\.0\.0\.1\}:", port)] == []


def test_make_alone_lists_every_target():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout

    assert targets == {
        "help",
        "run",
        "serve",
        "test",
        "torture",
        "check",
        "fmt",
        "lint",
        "setup",
        "lock",
        "bench",
        "logs",
        "db-clean",
        "clean",
    }
    assert set(re.findall(r"make ([a-z-]+)", listed)) == targets


def test_an_old_python_is_refused_with_the_version_that_is_needed(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    refused = subprocess.run(["make", "-C", str(tmp_path), "setup", f"PYTHON={old}"], capture_output=True, text=True, check=False)

    assert refused.returncode != 0
    assert "Python 3.9.2; Heliograph needs 3.11 or newer" in refused.stderr


def test_a_python_without_venv_names_the_package_to_install(tmp_path):
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    bare.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    refused = subprocess.run(
        ["make", "-C", str(tmp_path), "setup", f"PYTHON={bare}"], capture_output=True, text=True, check=False
    )

    assert refused.returncode != 0
    assert "python3-venv" in refused.stderr


def test_a_worker_that_dies_delays_its_tenants_by_less_than_three_minutes():
    compose = yaml.safe_load(COMPOSE)["x-airflow-environment"]
    local = airflow_environment(Settings(), defaultdict(str))
    retry_after_s, begins_after_s = 30, 15

    for environment in (compose, local):
        silent_s = float(environment["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"])
        found_s = silent_s + float(environment["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL"])
        assert found_s + retry_after_s + begins_after_s < 180

    queued_s = float(compose["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT"])
    assert queued_s + float(compose["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL"]) + begins_after_s < 180


def test_no_more_tasks_are_queued_than_one_worker_can_begin():
    compose = yaml.safe_load(COMPOSE)["x-airflow-environment"]

    defaults = {re.sub(r".*:-", "", compose[f"AIRFLOW__{name}"]) for name in ("CORE__PARALLELISM", "CELERY__WORKER_CONCURRENCY")}
    assert defaults == {"8}"}
