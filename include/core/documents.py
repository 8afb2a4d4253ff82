"""Documents: the untouched bytes of one delivery, and the claim check that stands for them between tasks."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

FEEDS: Final = ("plant_measurements", "telemetry_batches", "sensor_readings", "consumption", "registry")
"""Kinds of file drops; also the folder names below `drops/<tenant>/`."""

READING_FEEDS: Final = tuple(feed for feed in FEEDS if feed != "registry")


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """Pointer to one landed document; the only thing that goes through XCom (about 1 KB at most)."""

    document_id: int
    tenant: str
    feed: str
    sha256: str
    stored_bytes: int
    is_new: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON form for XCom."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LandedDocument:
    """One manifest row, as much of it as a load needs. `received_at` is aware UTC."""

    document_id: int
    tenant_id: int
    tenant: str
    feed: str
    original_name: str
    sha256: str
    uri: str
    stored_bytes: int
    received_at: datetime
