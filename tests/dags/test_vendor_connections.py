"""Vendor accounts as Airflow's connections: the form, the button Test, the secrets backend, what logs may show."""

import json
import logging
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from include.core.errors import NeedsHuman
from include.core.vendors import VENDORS
from plugins.provider_info import get_provider_info
from plugins.vendor_accounts import SECRET_FIELDS, connection_fields, credentials_of, secrets_of

pytestmark = pytest.mark.airflow

SUNGROW = {
    "host": "europe",
    "login": "sg@example.org",
    "password": "p@ss/wörd %41&#",
    "appkey": "A" * 32,
    "secret_key": "s" * 32,
    "app_id": "4711",
}


@pytest.fixture
def integrations(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts functions in the place of the step."""

    def stand_in(**functions: Any) -> None:
        module = ModuleType("include.steps.integrations")
        vars(module).update(functions)
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return stand_in


def _connection(**fields: Any) -> Any:
    from airflow.sdk import Connection

    return Connection(conn_id="acme__sungrow", **fields)


def test_a_connection_and_credentials_are_the_same_thing() -> None:
    assert credentials_of(_connection(**connection_fields("sungrow", SUNGROW))) == SUNGROW


def test_what_the_form_leaves_empty_is_absent_and_the_region_is_the_host() -> None:
    extra = json.dumps({"region": "europe", "appkey": " key\n", "secret_key": "", "app_id": 4711, "redirect_url": None})

    credentials = credentials_of(_connection(conn_type="heliograph_sungrow", host="", login=None, password=" p ", extra=extra))

    assert credentials == {"host": "europe", "appkey": "key", "app_id": "4711", "password": " p "}


def test_an_address_typed_by_hand_wins_over_the_region() -> None:
    connection = _connection(conn_type="heliograph_huawei", host="https://uni006eu5.example.org", extra='{"region": "eu5"}')

    assert credentials_of(connection) == {"host": "https://uni006eu5.example.org"}


def test_the_mapping_survives_the_uri_through_which_airflow_tests_a_connection() -> None:
    from airflow.models.connection import Connection as Stored

    kept = SUNGROW | {"host": "http://127.0.0.1:9100/sungrow"}
    uri = Stored(conn_id="x", **connection_fields("sungrow", kept)).get_uri()

    from airflow.sdk import Connection

    assert credentials_of(Connection.from_uri(uri, conn_id="x")) == kept


def test_every_secret_field_is_told_apart_and_hidden_by_its_name_in_the_ui() -> None:
    from airflow.sdk._shared.secrets_masker import DEFAULT_SENSITIVE_FIELDS

    from cli.run.airflow import airflow_environment
    from cli.run.secret_file import MAKERS
    from include.core.settings import Settings

    more = airflow_environment(Settings(), dict.fromkeys(MAKERS, "x"))["AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"]
    words = {*DEFAULT_SENSITIVE_FIELDS, *more.split(",")}

    assert {"appkey", "secret_key", "password", "app_secret", "api_key"} == SECRET_FIELDS
    assert [name for name in SECRET_FIELDS if not any(word in name for word in words)] == []
    assert sorted(secrets_of(SUNGROW)) == sorted(SUNGROW[name] for name in ("password", "appkey", "secret_key"))


@pytest.fixture(scope="module")
def forms(_airflow_env: None) -> dict[str, Any]:
    """Connection forms as the UI gets them."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    return {meta.connection_type: meta.model_dump() for meta in HookMetaService.hook_meta_data()}


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_the_ui_offers_a_form_with_every_field_of_a_vendor(forms: dict[str, Any], vendor: Any) -> None:
    form = forms[f"heliograph_{vendor.name}"]
    extras = {name: field["schema"] for name, field in form["extra_fields"].items()}
    standard = form["standard_fields"]

    assert form["hook_name"] == vendor.label
    assert extras.pop("region")["enum"] == list(vendor.regions)
    assert set(extras) == {field.name for field in vendor.fields} - {"host", "login", "password"}
    assert {name for name, schema in extras.items() if schema.get("format") == "password"} == set(extras) & SECRET_FIELDS
    assert all("null" in schema["type"] for schema in extras.values())
    labels = {field.name: field.label for field in vendor.fields}
    log_in = {"login", "password"} & labels.keys()
    unused = {"port", "url_schema", "login", "password"} - log_in
    assert {name for name, field in standard.items() if field and field["hidden"]} == unused
    assert all(standard[name]["title"].startswith(labels[name]) for name in log_in)


def test_the_provider_names_the_package_that_is_installed_and_hooks_that_exist() -> None:
    from airflow.providers_manager import ProvidersManager

    hooks = {vendor: ProvidersManager().hooks[f"heliograph_{vendor}"] for vendor in VENDORS}

    assert get_provider_info()["package-name"] == "heliograph"
    assert {vendor: hook.hook_name for vendor, hook in hooks.items()} == {name: vendor.label for name, vendor in VENDORS.items()}
    assert {hook.connection_id_attribute_name for hook in hooks.values()} == {"conn_id"}


def test_the_button_test_logs_in_with_what_the_form_says(integrations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.connection import Connection

    seen: list[Any] = []
    integrations(try_credentials=lambda settings, **given: seen.append(given) or "logged in, 2 plants")
    connection = Connection(conn_id="tried", **connection_fields("sungrow", SUNGROW))
    monkeypatch.setenv("AIRFLOW_CONN_TRIED", connection.get_uri())

    assert connection.test_connection() == (True, "logged in, 2 plants")
    assert seen == [{"vendor": "sungrow", "credentials": SUNGROW}]


def test_the_button_test_says_why_a_vendor_refuses(integrations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.connection import Connection

    def refuse(settings: Any, **given: Any) -> str:
        raise NeedsHuman("FusionSolar rejects the API user; correct it")

    integrations(try_credentials=refuse)
    connection = Connection(conn_id="tried", conn_type="heliograph_huawei", login="nbi-user")
    monkeypatch.setenv("AIRFLOW_CONN_TRIED", connection.get_uri())

    assert connection.test_connection() == (False, "FusionSolar rejects the API user; correct it")


@pytest.mark.parametrize(
    ("path", "sent", "arrives"),
    [
        ("/api/v2/connections/test", {"connection_id": "acme__deye", "port": 0}, {"connection_id": "acme__deye"}),
        ("/api/v2/connections/test", {"connection_id": "acme__deye", "port": 25}, {"connection_id": "acme__deye", "port": 25}),
        ("/api/v2/connections/test", [0], [0]),
        ("/api/v2/connections", {"connection_id": "acme__deye", "port": 0}, {"connection_id": "acme__deye", "port": 0}),
    ],
)
def test_a_port_that_the_ui_makes_up_does_not_reach_airflows_test(path: str, sent: Any, arrives: Any) -> None:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    from plugins.portless_connections import PortlessPlugin

    async def echo(request: Any) -> JSONResponse:
        body = await request.body()
        return JSONResponse({"read": json.loads(body), "length": int(request.headers["content-length"]) == len(body)})

    middlewares = [Middleware(entry["middleware"]) for entry in PortlessPlugin.fastapi_root_middlewares]
    client = TestClient(Starlette(routes=[Route(path, echo, methods=["POST"])], middleware=middlewares))

    assert client.post(path, json=sent).json() == {"read": arrives, "length": True}


def test_a_body_that_is_not_json_reaches_airflow_as_it_is() -> None:
    from plugins.portless_connections import _without_port_zero

    assert _without_port_zero(b"{port: 0") == b"{port: 0"


def test_airflow_still_takes_port_zero_for_another_port() -> None:
    from airflow.api_fastapi.core_api.routes.public.connections import _same_endpoint

    assert not _same_endpoint(0, None), "plugins/portless_connections.py is not needed any more"


def _backend() -> Any:
    from cli.run.airflow import airflow_environment
    from cli.run.secret_file import MAKERS
    from include.core.settings import Settings

    from airflow.sdk._shared.module_loading import import_string  # isort: skip

    path = airflow_environment(Settings(), dict.fromkeys(MAKERS, "x"))["AIRFLOW__WORKERS__SECRETS_BACKEND"]
    return import_string(path)()


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was told to be kept out of logs."""
    seen: list[str] = []
    import dags.connections
    import plugins.integration_secrets

    monkeypatch.setattr(plugins.integration_secrets, "mask_secret", seen.append)
    monkeypatch.setattr(dags.connections, "mask_secret", seen.append)
    return seen


def test_a_task_gets_the_credentials_that_heliograph_keeps_and_logs_hide_them(integrations: Any, masked: list[str]) -> None:
    integrations(credentials_of=lambda settings, connection_id: ("sungrow", SUNGROW) if connection_id == "acme__roof" else None)

    connection = _backend().get_connection("acme__roof")

    assert connection.conn_type == "heliograph_sungrow"
    assert credentials_of(connection) == SUNGROW
    assert sorted(masked) == sorted([SUNGROW["password"], SUNGROW["appkey"], SUNGROW["secret_key"]])


def test_airflow_looks_elsewhere_for_accounts_that_heliograph_does_not_keep(integrations: Any) -> None:
    integrations(credentials_of=lambda settings, connection_id: None)

    assert _backend().get_connection("acme__roof") is None


@pytest.mark.parametrize("name", ["smtp_default", "acme_deye", "__deye", "acme__", "acme", ""])
def test_other_connections_never_reach_the_database(integrations: Any, name: str) -> None:
    def asked(settings: Any, connection_id: str) -> None:
        raise AssertionError(connection_id)

    integrations(credentials_of=asked)

    assert _backend().get_connection(name) is None


def test_a_database_that_does_not_answer_is_told_in_the_log_without_its_password(
    integrations: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def down(settings: Any, connection_id: str) -> None:
        raise ConnectionError("postgresql+psycopg2://heliograph:hush-hush@db")

    integrations(credentials_of=down)

    with caplog.at_level(logging.WARNING):
        assert _backend().get_connection("acme__deye") is None

    assert "Cannot look up the credentials of acme__deye (ConnectionError)" in caplog.text
    assert "hush-hush" not in caplog.text


def test_a_task_reads_an_account_and_its_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, masked: list[str]) -> None:
    from airflow.sdk import Connection

    from dags.connections import vendor_account

    fields = connection_fields("deye", {"host": "europe", "login": "me", "password": "p1", "app_secret": "p2", "app_id": "7"})
    monkeypatch.setattr(Connection, "get", lambda name: Connection(conn_id=name, **fields))

    assert vendor_account("acme__deye")["app_secret"] == "p2"
    assert sorted(masked) == ["p1", "p2"]


def test_a_missing_account_names_the_two_places_where_it_can_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from dags.connections import vendor_account

    def missing(name: str) -> None:
        raise AirflowNotFoundException(name)

    monkeypatch.setattr(Connection, "get", missing)

    with pytest.raises(NeedsHuman, match=r"vendor account acme__deye; enter them with `helio integration add`, or in the UI"):
        vendor_account("acme__deye")


def test_the_mapping_reads_any_connection_that_looks_like_one() -> None:
    stub = SimpleNamespace(
        conn_id="x", host="eu5", port=None, schema=None, login="a", password="b", extra_dejson={"nested": {"a": 1}}
    )

    assert credentials_of(stub) == {"host": "eu5", "login": "a", "password": "b"}
