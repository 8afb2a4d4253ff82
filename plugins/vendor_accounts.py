"""A vendor account as Airflow's connection and as plain credentials: the one mapping between the two, both ways."""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from include.core.vendors import VENDORS

TYPE_PREFIX: Final = "heliograph_"
"""Connection types are `heliograph_<vendor>`."""

REGION: Final = "region"
"""Extra in which the form keeps the chosen region: Airflow offers a list of values only for extras, never for the host."""

STANDARD: Final = ("host", "login", "password")
SECRET_FIELDS: Final = frozenset(field.name for vendor in VENDORS.values() for field in vendor.fields if field.is_secret)


class ConnectionLike(Protocol):
    """What is read of a connection, whether it comes from the metadatabase or from a task."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra."""


def credentials_of(connection: ConnectionLike) -> dict[str, str]:
    """Credentials by the names of the vendor's account fields, secrets included; what is empty is absent.

    A host typed by hand wins over the region chosen from the list. Blanks around a value are dropped, save around a password.
    """
    extra = {name: str(value).strip() for name, value in connection.extra_dejson.items() if isinstance(value, str | int)}
    region = extra.pop(REGION, "")
    host = _host(connection) or region
    standard = {"host": host, "login": (connection.login or "").strip(), "password": connection.password or ""}
    return {name: value for name, value in (extra | standard).items() if value}


def connection_fields(vendor: str, credentials: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of a connection that holds these credentials; `credentials_of` gives them back."""
    standard = {name: credentials.get(name) for name in STANDARD}
    extra = {name: value for name, value in credentials.items() if name not in STANDARD}
    return {"conn_type": TYPE_PREFIX + vendor, **standard, "extra": json.dumps(extra)}


def secrets_of(credentials: Mapping[str, str]) -> list[str]:
    """The values that no log may show."""
    return [value for name, value in credentials.items() if name in SECRET_FIELDS]


def _host(connection: ConnectionLike) -> str:
    """The host; Airflow's own URI form takes a base URL apart, so it is put together again."""
    host = (connection.host or "").strip()
    if "://" not in host:
        return host
    port = f":{connection.port}" if connection.port else ""
    path = f"/{connection.schema}" if connection.schema else ""
    return f"{host}{port}{path}".rstrip("/")
