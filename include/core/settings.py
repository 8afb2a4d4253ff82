"""Settings: read once from the environment at the edges (`dags`, `api`, `cli`) and passed inward.

Every setting is `HELIOGRAPH_<FIELD>` in upper case; its sentence feeds `.env.example`, which a test compares with this file.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from include.core.errors import NeedsHuman


def _setting(default: Any, help_text: str) -> Any:  # noqa: ANN401 - a dataclass field is typed by its annotation
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; sizes in MB are 10^6 bytes."""

    home: Path = _setting(Path(".heliograph"), "Folder of everything that Heliograph keeps on this machine.")
    database_url: str = _setting("", "SQLAlchemy URL of the warehouse as its owner (role heliograph).")
    api_database_url: str = _setting("", "SQLAlchemy URL of the warehouse for the API (role heliograph_api, read-only).")
    landing_url: str = _setting("", "Where untouched documents rest: a folder or s3://bucket/prefix; default <home>/landing.")
    report_store_url: str = _setting("", "Where rendered reports rest: a folder or s3://bucket/prefix; default <home>/reports.")
    drops_dir: str = _setting("", "Folder in which files are dropped as <tenant>/<feed>/<any name>; default <home>/drops.")
    drop_settle_s: float = _setting(3.0, "A dropped file is left alone until it has not changed for this long [s].")
    max_document_mb: float = _setting(200.0, "Largest document as delivered [MB].")
    max_unpacked_mb: float = _setting(600.0, "Largest document after unpacking [MB].")
    max_unpack_ratio: float = _setting(200.0, "Largest ratio of unpacked to packed size, for documents above 10 MB unpacked.")
    max_nesting: int = _setting(32, "Deepest nesting of JSON that is read.")
    max_rows: int = _setting(10_000_000, "Most readings in one document.")
    max_quarantine_rows: int = _setting(10_000, "Most quarantined rows stored of one document; the counts stay complete.")
    api_host: str = _setting("127.0.0.1", "Address on which the API listens.")
    api_port: int = _setting(8090, "Port of the API.")
    api_workers: int = _setting(1, "Processes of the API.")
    api_address_requests_per_minute: int = _setting(
        1_200, "Most requests per minute from one address that a process of the API answers; 0 is no limit."
    )
    api_user_requests_per_minute: int = _setting(
        600, "Most requests per minute of one user that a process of the API answers; 0 is no limit."
    )
    api_trusted_proxies: str = _setting(
        "", "Addresses or networks of proxies whose X-Forwarded-For the API believes, comma-separated; none by default."
    )
    api_limits_database_url: str = _setting(
        "", "Where the API counts log-ins (role heliograph_api); set it to the primary when it reads from a standby."
    )
    airflow_port: int = _setting(8080, "Port of the Airflow UI.")
    postgres_port: int = _setting(55432, "Port of the embedded PostgreSQL.")
    smtp_port: int = _setting(8025, "Port of the demo's mail sink.")
    jwt_secret: str = _setting("", "Key that signs API tokens, at least 32 bytes.")
    token_minutes: int = _setting(15, "How long an API token is valid [min].")
    vault_keys: str = _setting("", "Fernet keys that seal vendor credentials and tokens, comma-separated; the first one seals.")
    extra_vendor_urls: str = _setting(
        "", "Base URLs that vendor accounts may name besides the vendors' own: a sandbox, an on-premises system; comma-separated."
    )
    sandbox_port: int = _setting(9100, "Port of the demo's imitated vendor clouds.")
    log_mb: float = _setting(20.0, "A service's log above this size [MB] is cut; one older part is kept beside it (`helio run`).")
    log_days: float = _setting(30.0, "Logs of tasks older than this [d] are deleted (`helio run`).")
    settled_after_h: float = _setting(2.0, "Intervals that ended less than this ago [h] are marked provisional.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read `HELIOGRAPH_*`; raises `NeedsHuman` naming the variable whose value cannot be read."""
        source = os.environ if environment is None else environment
        values = {}
        for entry in fields(cls):
            name = f"HELIOGRAPH_{entry.name.upper()}"
            if (text := source.get(name, "")) != "":
                values[entry.name] = _read(name, text, Path if isinstance(entry.default, Path) else type(entry.default))
        return cls(**values)

    @property
    def drops_path(self) -> Path:
        """Folder of dropped files."""
        return Path(self.drops_dir) if self.drops_dir else self.home / "drops"

    @property
    def claims_path(self) -> Path:
        """Folder of dropped files that landing has taken and not yet landed; nobody else may write in it."""
        return self.home / "claims"

    @property
    def left_alone_page(self) -> Path:
        """Page of what landing leaves alone in the drop folders, a line each."""
        return self.home / "left_alone.txt"

    @property
    def landing(self) -> str:
        """URL or path of the object store of documents."""
        return self.landing_url or str(self.home / "landing")

    @property
    def sandbox_url(self) -> str:
        """Where the demo's imitated vendor clouds are."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def report_store(self) -> str:
        """URL or path of the report store."""
        return self.report_store_url or str(self.home / "reports")


def _read(name: str, text: str, kind: Callable[[str], Any]) -> Any:  # noqa: ANN401 - str, int, float or Path
    try:
        return kind(text)
    except ValueError as error:
        raise NeedsHuman(f"{name}={text!r} cannot be read as {kind.__name__}; correct it in the environment") from error
