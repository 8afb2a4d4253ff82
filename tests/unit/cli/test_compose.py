import json
import re
import subprocess
import sys
from collections import defaultdict
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from cli.run.airflow import airflow_environment
from include.core.settings import Settings
from tests.production.compose_file import EXAMPLE, FILE, ROOT, ComposeFile, example_variables, filled_in

COMPOSE = FILE.read_text()
SECRET = re.compile(r"PASSWORD|SECRET(?!S_BACKEND)|_KEY$|_KEY_ID$|FERNET|VAULT|SMTP_DEFAULT")
REQUIRED = {name for name, is_open in example_variables().items() if is_open}
PRODUCTION = ComposeFile({name: f"<{name}>" for name in REQUIRED})
PROGRAMS = {"postgres", "valkey", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "api"}
FIELDS = {
    "image", "build", "restart", "init", "logging", "environment", "command", "entrypoint", "volumes", "ports", "networks",
    "configs", "depends_on", "healthcheck", "profiles", "shm_size", "stop_grace_period",
}  # fmt: skip
"""What of the compose specification this file uses of a service."""


def holders(secret: str) -> set[str]:
    """Services in whose environment the value of a variable stands."""
    return {
        name for name in PRODUCTION.services for value in PRODUCTION.environment(name).values() if f"<{secret}>" in value
    }  # fmt: skip


def mounted(service: str) -> dict[str, str]:
    """Volumes of a service, each with its place and mode."""
    return dict(entry.split(":", 1) for entry in PRODUCTION.services[service].get("volumes", []))


# ---- variables


def test_every_variable_of_the_compose_file_is_in_the_example_environment():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE))

    assert used - set(example_variables()) == set()


def test_what_must_be_filled_in_is_what_the_compose_file_demands():
    demanded = set(re.findall(r"(?<!\$)\$\{([A-Z_]+):\?", COMPOSE))

    assert demanded == REQUIRED


def test_every_variable_of_the_example_reaches_a_container_or_helio_run():
    """What neither compose nor `helio run` reads would be a promise that nobody keeps."""
    settings = {f"HELIOGRAPH_{name.upper()}" for name in Settings.__dataclass_fields__}

    unread = {name for name in example_variables() if not re.search(rf"\b{name}\b", COMPOSE)} - settings
    assert unread == set()


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_without_a_secret_nothing_starts_and_its_name_is_told(name):
    with pytest.raises(LookupError, match=f"set {name} in .env"):
        ComposeFile(dict.fromkeys(REQUIRED - {name}, "x")).services  # noqa: B018


def test_no_secret_of_the_compose_file_has_a_default():
    secrets = [(name, rest) for name, rest in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE) if SECRET.search(name)]

    assert len({name for name, _ in secrets}) >= 10
    assert [(name, rest) for name, rest in secrets if rest != f":?set {name} in .env"] == []


def test_no_secret_is_written_into_the_compose_file_or_the_example():
    written = [
        (service, name, value)
        for service, content in PRODUCTION.services.items()
        for name, value in (content.get("environment") or {}).items()
        if SECRET.search(name) and value is not None and "<" not in value
    ]

    assert written == []
    assert re.findall(r"^([A-Z_]+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE) == []


# ---- who has what


@pytest.mark.parametrize(
    ("secret", "services"),
    [
        ("POSTGRES_PASSWORD", {"postgres"}),
        ("HELIOGRAPH_DB_PASSWORD", {"postgres", "init", "worker", "metrics"}),
        ("HELIOGRAPH_API_DB_PASSWORD", {"postgres", "api"}),
        ("HELIOGRAPH_VAULT_KEYS", {"worker"}),
        ("HELIOGRAPH_JWT_SECRET", {"init", "api"}),
        ("AIRFLOW_CONN_SMTP_DEFAULT", {"worker"}),
        ("VALKEY_PASSWORD", {"valkey", "scheduler", "worker"}),
        ("AIRFLOW_ADMIN_PASSWORD", {"init"}),
    ],
)
def test_a_secret_reaches_only_who_needs_it(secret, services):
    assert holders(secret) == services


def test_the_password_of_the_signature_reaches_workers_alone():
    services = PRODUCTION.services.items()

    assert {name for name, told in services if "HELIOGRAPH_SIGNING_PASSWORD" in told.get("environment", {})} == {"worker"}


def test_airflows_own_secrets_reach_airflow_alone():
    airflow = {"init", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "cleaner"}

    assert {name: holders(name) for name in ("AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY")} == dict.fromkeys(
        ("AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY"), airflow
    )
    assert holders("AIRFLOW_DB_PASSWORD") == airflow | {"postgres"}


def test_keys_of_the_object_store_reach_those_who_open_objects():
    given = ComposeFile(dict.fromkeys(REQUIRED, "x") | {"AWS_SECRET_ACCESS_KEY": "<store>"})

    assert {name for name in given.services if "<store>" in given.environment(name).values()} == {
        "worker",
        "api",
        "api-server",
        "objectstore",
    }


def test_what_senders_reach_lies_in_a_volume_without_documents_reports_and_logs():
    places = {name: mounted(name) for name in PRODUCTION.services}

    assert places["worker"] == {
        "intake": "/data",
        "landing": "/data/landing",
        "reports": "/data/reports",
        "logs": "/data/logs",
    }
    assert places["triggerer"] == {"intake": "/data:ro", "logs": "/data/logs"}
    assert places["dag-processor"]["intake"] == "/data:ro", "what forms offer is read there"
    assert places["api"] == {"reports": "/data/reports:ro"}
    assert {name for name in places if {"intake", "landing"} & places[name].keys()} == {"worker", "triggerer", "dag-processor"}


def test_claims_lie_in_the_volume_of_the_drop_folder_so_that_a_claim_is_a_rename():
    worker = PRODUCTION.environment("worker")
    settings = Settings.from_environment(worker)

    assert settings.drops_path == Path("/data/drops")
    assert settings.claims_path == Path("/data/claims")
    assert Settings.from_environment(PRODUCTION.environment("triggerer")).drops_path == settings.drops_path


def test_every_setting_of_a_worker_and_of_the_api_can_be_read():
    worker, api = (Settings.from_environment(PRODUCTION.environment(name)) for name in ("worker", "api"))

    assert worker.database_url == "postgresql+psycopg2://heliograph:<HELIOGRAPH_DB_PASSWORD>@postgres:5432/heliograph"
    assert (worker.landing, worker.report_store, api.report_store) == ("/data/landing", "/data/reports", "/data/reports")


# ---- services


def test_the_production_shape_has_its_services_and_each_program_can_tell_whether_it_is_well():
    assert set(PRODUCTION.lasting()) == PROGRAMS | {"cleaner"}
    assert {name for name in PROGRAMS if "healthcheck" not in PRODUCTION.services[name]} == set()
    assert {name: content["profiles"] for name, content in PRODUCTION.services.items() if content.get("profiles")} == {
        "proxy": ["tls"],
        "mailpit": ["mail"],
        "objectstore": ["objectstore"],
        "grafana": ["grafana"],
        "prometheus": ["grafana"],
        "metrics": ["metrics", "grafana"],
    }


def test_services_are_written_in_the_words_of_the_compose_specification():
    content = PRODUCTION.content

    assert {name for name in content if not name.startswith("x-")} == {"name", "services", "networks", "configs", "volumes"}
    assert {field for service in content["services"].values() for field in service} - FIELDS == set()
    sources = {source for service in PRODUCTION.services for source in mounted(service)}
    assert {source for source in sources if not source.startswith("./")} == set(content["volumes"])
    assert [source for source in sources if source.startswith("./") and not (ROOT / source).exists()] == []
    assert {one["source"] for service in content["services"].values() for one in service.get("configs", [])} == set(
        content["configs"]
    )
    needed = {name for service in content["services"].values() for name in service.get("depends_on", [])}
    assert needed <= set(content["services"])


def test_what_a_container_writes_is_cut_at_a_size_that_can_be_set():
    found = {name: content.get("logging") for name, content in PRODUCTION.services.items()}

    assert [
        name
        for name, logging in found.items()
        if logging != {"driver": "json-file", "options": {"max-size": "20m", "max-file": "3"}}
    ] == []
    longer = ComposeFile(PRODUCTION.variables | {"LOG_MAX_SIZE": "1g"})
    assert longer.services["postgres"]["logging"]["options"]["max-size"] == "1g"


def test_images_are_named_by_an_exact_version():
    images = {content["image"] for content in PRODUCTION.services.values()} - {"heliograph:latest"}
    base = re.search(r"^FROM (\S+)$", PRODUCTION.content["x-image"]["build"]["dockerfile_inline"], re.MULTILINE)[1]

    assert [name for name in (*images, base) if not re.search(r":v?\d+\.\d+", name)] == []


def test_production_logs_people_in_with_fab_and_the_api_never_sees_airflow():
    assert PRODUCTION.environment("api-server")["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")
    assert not [name for name in PRODUCTION.environment("api") if name.startswith("AIRFLOW_") and name != "AIRFLOW_HOME"]


def test_only_loopback_ports_are_published_without_the_proxy():
    published = {name: content.get("ports", []) for name, content in PRODUCTION.services.items()}

    assert published.pop("proxy") == ["80:80", "443:443"]
    assert [port for ports in published.values() for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_proxy_alone_is_believed_and_no_other_container_gets_its_address():
    proxy = PRODUCTION.services["proxy"]["networks"]["edge"]["ipv4_address"]
    (edge,) = PRODUCTION.content["networks"]["edge"]["ipam"]["config"]

    assert PRODUCTION.environment("api")["HELIOGRAPH_API_TRUSTED_PROXIES"] == proxy
    assert PRODUCTION.environment("api-server")["FORWARDED_ALLOW_IPS"] == proxy
    assert ip_address(proxy) in ip_network(edge["subnet"])
    assert ip_address(proxy) not in ip_network(edge["ip_range"])


def test_a_variable_is_filled_in_as_compose_does():
    assert filled_in({"a": ["${ONE:-1}", "$$HOME ${TWO}", "${THREE:?set it}"]}, {"THREE": "3"}) == {"a": ["1", "$HOME ", "3"]}


# ---- a worker that dies


def test_a_worker_that_dies_delays_its_tenants_by_less_than_three_minutes():
    compose = PRODUCTION.environment("scheduler")
    local = airflow_environment(Settings(), defaultdict(str))
    retry_after_s, begins_after_s = 30, 15

    for environment in (compose, local):
        silent_s = float(environment["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"])
        found_s = silent_s + float(environment["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL"])
        assert found_s + retry_after_s + begins_after_s < 180

    queued_s = float(compose["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT"])
    assert queued_s + float(compose["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL"]) + begins_after_s < 180


def test_no_more_tasks_are_queued_than_one_worker_can_begin():
    scheduler = PRODUCTION.environment("scheduler")

    assert scheduler["AIRFLOW__CORE__PARALLELISM"] == scheduler["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "8"


# ---- what starting and standing still costs


def test_tasks_begin_once_the_api_server_answers_what_tasks_ask():
    assert "/execution/health" in str(PRODUCTION.services["api-server"]["healthcheck"]["test"])
    waits = {name for name, service in PRODUCTION.services.items() if "api-server" in (service.get("depends_on") or {})}
    assert {name for name in waits if name != "proxy"} == {"scheduler", "worker"}


def test_a_worker_imports_what_tasks_need_before_it_forks():
    (module,) = json.loads(PRODUCTION.environment("worker")["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["imports"]
    ask = "import sys; sys.argv = ['airflow', 'celery', 'worker']; import {0}; print('great_expectations' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", ask.format(module)], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said.splitlines()[-1] == "True"


def test_a_health_check_starts_no_airflow_and_python_only_to_ask_the_queue():
    checks = {
        name: str(service["healthcheck"]["test"]) for name, service in PRODUCTION.services.items() if "healthcheck" in service
    }

    assert {name for name, test in checks.items() if "airflow jobs" in test or "celery --app" in test} == set()
    assert {name for name, test in checks.items() if "python" in test} == {"worker"}


def test_dag_files_that_come_with_the_image_are_looked_at_seldom():
    processor = PRODUCTION.environment("dag-processor")

    for name in ("REFRESH_INTERVAL", "MIN_FILE_PROCESS_INTERVAL"):
        assert float(processor[f"AIRFLOW__DAG_PROCESSOR__{name}"]) >= 300
