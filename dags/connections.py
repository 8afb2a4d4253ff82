"""What tasks read from Airflow's connections: the mail server and the credentials of vendor accounts."""

from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from include.core.errors import NeedsHuman
from plugins.vendor_accounts import credentials_of, secrets_of


def mail_server(name: str) -> dict[str, Any]:
    """Mail server of the connection `name`, for tasks only; holds the password, so never return or log it.

    Reads the form of Airflow's connection type SMTP: SSL unless disabled, else STARTTLS unless disabled.
    Raises `NeedsHuman` when there is no such connection, or when it says neither host nor sender.
    """
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException as error:
        raise NeedsHuman(f"the connection {name} does not exist; add it in the UI (type SMTP), then clear this task") from error
    extra = connection.extra_dejson
    sender = extra.get("from_email") or connection.login
    if not connection.host or not sender:
        raise NeedsHuman(f"the connection {name} lacks its host or the address From; add it in the UI, then clear this task")
    tls = "none" if extra.get("disable_tls") else "starttls"
    tls = tls if extra.get("disable_ssl") else "ssl"
    return {
        "host": connection.host,
        "port": connection.port or {"ssl": 465, "starttls": 587, "none": 25}[tls],
        "sender": sender,
        "user": connection.login or "",
        "password": connection.password or "",
        "tls": tls,
        "timeout_s": float(extra.get("timeout", 30)),
    }


def vendor_account(connection_id: str) -> dict[str, str]:
    """Credentials of a vendor account, for tasks only: its secrets are masked in logs, and must never be returned.

    Raises `NeedsHuman` when there is no such connection.
    """
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        raise NeedsHuman(
            f"there are no credentials for the vendor account {connection_id}; enter them with `helio integration add`, "
            f"or in the UI as a connection of that id, then clear this task"
        ) from error
    credentials = credentials_of(connection)
    for secret in secrets_of(credentials):
        mask_secret(secret)
    return credentials
