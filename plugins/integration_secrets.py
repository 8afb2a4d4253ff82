"""Answers tasks that ask for the connection of a vendor account whose credentials Heliograph keeps sealed itself."""

import logging
import re
from typing import Final

from airflow.sdk import Connection
from airflow.sdk.bases.secrets_backend import BaseSecretsBackend
from airflow.sdk.log import mask_secret

from include.core.settings import Settings
from plugins.vendor_accounts import connection_fields, secrets_of

_log = logging.getLogger(__name__)
_ACCOUNT: Final = re.compile(r"\w[\w.-]*?__\w[\w.-]*")


class IntegrationSecretsBackend(BaseSecretsBackend):
    """Connections `<tenant>__<name>` out of `fleet.integration`; Airflow looks elsewhere for all others.

    It stands behind `AIRFLOW_CONN_*` and before the connections of the UI: thousands of accounts need no connection there.
    """

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """The account's connection with its secrets masked in logs; None where Heliograph keeps none or cannot tell."""
        if not _ACCOUNT.fullmatch(conn_id):
            return None
        from include.steps.integrations import credentials_of

        try:
            kept = credentials_of(Settings.from_environment(), conn_id)
        except Exception as error:  # noqa: BLE001 - Airflow would hide it and go on; the log is to tell
            _log.warning("Cannot look up the credentials of %s (%s); is PostgreSQL up?", conn_id, type(error).__name__)
            return None
        if kept is None:
            return None
        vendor, credentials = kept
        for secret in secrets_of(credentials):
            mask_secret(secret)
        return Connection(conn_id=conn_id, **connection_fields(vendor, credentials))
