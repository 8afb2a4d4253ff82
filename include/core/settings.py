"""Settings: read once from the environment at the edges (`dags`, `api`, `cli`) and passed inward.

Every setting is `HELIOGRAPH_<FIELD>` in upper case; its sentence feeds `.env.example`, which a test compares with this file.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args

from include.core.errors import NeedsHuman

PartitionWidth = Literal["month", "day"]


def _setting(default: Any, help_text: str) -> Any:  # noqa: ANN401 - a dataclass field is typed by its annotation
    return field(default=default, metadata={"help": help_text})


def _secret(help_text: str) -> Any:  # noqa: ANN401 - as above
    """One that never appears in a repr: tracebacks and logs show those of whole objects."""
    return field(default="", repr=False, metadata={"help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; sizes in MB are 10^6 bytes."""

    home: Path = _setting(Path(".heliograph"), "Folder of everything that Heliograph keeps on this machine.")
    database_url: str = _secret("SQLAlchemy URL of the warehouse as its owner (role heliograph).")
    api_database_url: str = _secret("SQLAlchemy URL of the warehouse for the API (role heliograph_api, read-only).")
    landing_url: str = _setting("", "Where untouched documents rest: a folder or s3://bucket/prefix; default <home>/landing.")
    report_store_url: str = _setting("", "Where rendered reports rest: a folder or s3://bucket/prefix; default <home>/reports.")
    drops_dir: str = _setting("", "Folder in which files are dropped as <tenant>/<feed>/<any name>; default <home>/drops.")
    drop_settle_s: float = _setting(3.0, "A dropped file is left alone until it has not changed for this long [s].")
    max_document_mb: float = _setting(200.0, "Largest document as delivered [MB].")
    max_unpacked_mb: float = _setting(600.0, "Largest document after unpacking [MB].")
    max_unpack_ratio: float = _setting(200.0, "Largest ratio of unpacked to packed size, for documents above 10 MB unpacked.")
    max_nesting: int = _setting(32, "Deepest nesting of JSON that is read.")
    max_rows: int = _setting(10_000_000, "Most readings in one document.")
    max_document_cpu_s: float = _setting(300.0, "Most CPU time that reading one document may take [s]; 0 is no limit.")
    max_stalled_cpu_s: float = _setting(
        60.0, "Most CPU time that reading a document may take from one piece of readings to the next [s]; 0 is no limit."
    )
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
    api_limits_database_url: str = _secret(
        "Where the API counts log-ins (role heliograph_api); set it to the primary when it reads from a standby."
    )
    metrics_token: str = _secret("Token with which Prometheus reads /metrics of the API; without it there is none.")
    airflow_url: str = _setting(
        "", "Where people reach the Airflow UI; the fleet page links there to acknowledge alarms. `helio run` knows its own."
    )
    page_url: str = _setting("", "Where people reach the fleet page; Airflow's UI shows it as Fleet. `helio run` knows its own.")
    page_frame_ancestors: str = _setting(
        "", "Origins that may show the fleet page in a frame, separated by spaces: that of the Airflow UI; none by default."
    )
    airflow_port: int = _setting(8080, "Port of the Airflow UI.")
    postgres_port: int = _setting(55432, "Port of the embedded PostgreSQL.")
    smtp_port: int = _setting(8025, "Port of the demo's mail sink.")
    jwt_secret: str = _secret("Key that signs API tokens, at least 32 bytes.")
    token_minutes: int = _setting(15, "How long an API token is valid [min].")
    session_hours: float = _setting(168.0, "How long after its log-in a session may go on without the password [h].")
    vault_keys: str = _secret("Fernet keys that seal vendor credentials and tokens, comma-separated; the first one seals.")
    signing_file: str = _setting("", "PKCS#12 file with an RSA key and its certificate that sign reports; none: no signature.")
    signing_password: str = _secret("Password of the PKCS#12 file.")
    extra_vendor_urls: str = _setting(
        "", "Base URLs that vendor accounts may name besides the vendors' own: a sandbox, an on-premises system; comma-separated."
    )
    sandbox_port: int = _setting(9100, "Port of the demo's imitated vendor clouds.")
    log_mb: float = _setting(20.0, "A service's log above this size [MB] is cut; one older part is kept beside it (`helio run`).")
    log_days: float = _setting(30.0, "Logs of tasks older than this [d] are deleted (`helio run`).")
    min_counted_days_pct: float = _setting(
        75.0,
        "Least share of a period's days that must have complete data and a target for a report to print its performance [%].",
    )
    restate_days: int = _setting(
        62, "A report of a period that ended up to this many days ago is issued anew when late data changes it [d]; 0: never."
    )
    restate_from_pct: float = _setting(
        1.0, "Change of a report's energy from which it is issued anew [%]; a smaller one marks it; 0: any change."
    )
    approval_patience_h: float = _setting(
        72.0, "A report that waits for approval for longer than this [h] is told to the operator, and asked about again."
    )
    operator_emails: str = _setting(
        "", "Who is told what is wrong with the operation: addresses, comma-separated; empty: nobody."
    )
    operator_tell_at_once: str = _setting(
        "major", "Least severity that is mailed at once: minor, major or critical; what is less waits for the daily digest."
    )
    operator_digest_hour: int = _setting(10, "Hour (UTC) after which the daily digest is mailed; -1: no digest.")
    late_after_h: float = _setting(
        1.0, "A source is late when what usually comes at that time of day has not come for so long [h]."
    )
    stuck_after_min: float = _setting(60.0, "A work list is stuck when its first entry stays for so long [min].")
    vendor_silent_h: float = _setting(2.0, "A vendor account is in trouble when it had no answer for so long [h].")
    quarantine_jump_pct: float = _setting(
        1.0, "Quarantined rows of a feed in a day above this share [%], and five times its usual one, are told."
    )
    volume_short_pct: float = _setting(
        50.0, "A source is short when it told less of a local day than this share of what it usually tells [%]."
    )
    min_free_mb: float = _setting(
        500.0, "Nothing is taken in while less than this is free [MB] where Heliograph keeps its files."
    )
    backup_every_h: float = _setting(0.0, "A backup that is older than this [h] is told; 0: backups are not watched.")
    lock_timeout_s: float = _setting(
        60.0, "How long the owner's sessions wait for a lock [s]; 0: for ever. Set by `helio migrate`."
    )
    statement_timeout_s: float = _setting(
        3600.0, "How long one statement of the owner may take [s]; 0: no limit. Set by `helio migrate`."
    )
    idle_transaction_timeout_s: float = _setting(
        1800.0, "How long a transaction of the owner may stand idle [s]; 0: for ever. Set by `helio migrate`."
    )
    task_logs_url: str = _setting(
        "",
        "Where logs of tasks are kept besides their folder, for workers on other machines: s3://bucket/prefix; none by default.",
    )
    most_form_choices: int = _setting(
        2000, "Most keys of tenants, plants and devices that Airflow's forms offer, to everybody who sees them; 0: none."
    )
    reading_partitions: str = _setting(
        "month",
        "How wide new partitions of readings since last month are: month or day (UTC); those that are there stay as they are.",
    )
    weather_dir: str = _setting(
        "", "Folder of forecasts of the weather, as <tenant>/<plant key>/<any name>.csv or .json; without it there are none."
    )
    settled_after_h: float = _setting(2.0, "Intervals that ended less than this ago [h] are marked provisional.")
    offline_after_s: float = _setting(900.0, "A device whose last reading is older than this [s] is offline.")

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
    def form_choices_page(self) -> Path:
        """Keys that Airflow's forms offer, as JSON: `tenants`, `plants`, `devices`."""
        return self.home / "form_choices.json"

    @property
    def partition_width(self) -> PartitionWidth:
        """How wide new partitions of readings are; raises `NeedsHuman` for a width that there is not."""
        if self.reading_partitions not in get_args(PartitionWidth):
            raise NeedsHuman(f"HELIOGRAPH_READING_PARTITIONS={self.reading_partitions!r} is no width; set it to month or day")
        return cast("PartitionWidth", self.reading_partitions)

    @property
    def operator_addresses(self) -> list[str]:
        """Who runs the installation, each address once."""
        return list(dict.fromkeys(filter(None, (address.strip() for address in self.operator_emails.split(",")))))

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
