"""Documents: the untouched bytes of one delivery, and the claim check that stands for them between tasks."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from include.core.vendors import VENDORS

FEEDS: Final = ("plant_measurements", "telemetry_batches", "sensor_readings", "consumption", "registry")
"""Kinds of file drops; also the folder names below `drops/<tenant>/`."""

VENDOR_NAMES: Final = tuple(VENDORS)
"""Vendor clouds; also the `source` of the plants and devices that they name."""

DROPS: Final = "drops"
"""Source of the plants, devices and customers that no vendor names."""

VENDOR_FLEET_FEEDS: Final = tuple(f"{vendor}_fleet" for vendor in VENDOR_NAMES)
"""Lists of plants and devices as the vendor clouds answer them."""

FLEET_FEEDS: Final = ("registry", *VENDOR_FLEET_FEEDS)
"""Feeds that tell which plants and devices there are; everything else holds readings or alarms."""

REOPEN_ON_REPEAT: Final = (*FLEET_FEEDS, *(f"{vendor}_alarms" for vendor in VENDOR_NAMES))
"""Lists of which a repeat reopens them: what another one reported in between no longer holds."""

READING_FEEDS: Final = (
    *(feed for feed in FEEDS if feed != "registry"),
    *(f"{vendor}_{kind}" for vendor in VENDOR_NAMES for kind in ("plants", "devices", "alarms")),
)
"""Feeds that `load_readings` loads; a vendor's answers land as `<vendor>_plants`, `_devices` and `_alarms`."""


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
    """One manifest row, as much of it as a load needs. Instants are aware UTC; `last_received_at` is that of the newest repeat.

    `integration_id` is the vendor account that answered; None for a dropped file.
    """

    document_id: int
    tenant_id: int
    tenant: str
    feed: str
    original_name: str
    sha256: str
    uri: str
    stored_bytes: int
    received_at: datetime
    last_received_at: datetime | None = None
    integration_id: int | None = None
