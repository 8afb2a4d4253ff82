"""Prepared answers of the vendors, in the shapes that they publish, with what each must mean: `tests/payloads/vendors.md`."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from include.core.pulls import Request
from include.core.vendors import VENDORS
from include.sources.clouds.document import pack
from include.sources.formats.context import ParseContext

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads"
ELSEWHERE = ZoneInfo("Pacific/Auckland")
"""Zone of the tenant: no plant of a payload lies there, so that a reader who takes it for a plant's is found out."""


@dataclass(frozen=True)
class Payload:
    """One prepared answer and the request that it answers."""

    vendor: str
    name: str
    request: Request
    zones: dict[str, str]

    def __str__(self) -> str:
        return f"{self.vendor}/{self.name}"

    def path(self, ending: str) -> Path:
        return PAYLOADS / self.vendor / f"{self.name}{ending}"

    @property
    def is_read(self) -> bool:
        """Whether it becomes readings, plants or alarms; a few answers only tell `fetch` what to ask."""
        return self.path(".expected.csv").exists() or self.path(".expected.json").exists()

    @property
    def raw(self) -> bytes:
        return self.path(".json").read_bytes()

    @property
    def document(self) -> bytes:
        return pack(self.vendor, self.request, self.raw)

    @property
    def context(self) -> ParseContext:
        return ParseContext(ELSEWHERE, self.name, zones={key: ZoneInfo(zone) for key, zone in self.zones.items()})

    @property
    def expected(self) -> Any:
        return json.loads(self.path(".expected.json").read_text())


def payloads(*kinds: str) -> list[Payload]:
    """Prepared answers of these kinds, of all vendors."""
    found = []
    for vendor in VENDORS:
        for path in sorted((PAYLOADS / vendor).glob("*.request.json")):
            form = json.loads(path.read_text())
            request = Request.from_json(form | {"asked": form["body"]})
            if request.kind in kinds:
                found.append(Payload(vendor, path.name.removesuffix(".request.json"), request, form["zones"]))
    return found


def refusals(vendor: str) -> list[dict[str, Any]]:
    """Log-ins and refusals of a vendor: interface, http_status, body, means."""
    return json.loads((PAYLOADS / vendor / "refusals.json").read_text())


def expected_readings(payload: Payload) -> Counter[tuple[Any, ...]]:
    """Readings worked out by hand: (subject, quantity, instant, value, state)."""
    with payload.path(".expected.csv").open() as file:
        return Counter(
            (row["subject"], row["quantity"], row["measured_at"], _rounded(row["value"]), row["state"] or None)
            for row in csv.DictReader(file)
        )


def readings(pieces: Any) -> Counter[tuple[Any, ...]]:
    """Readings of parsed pieces in the same form; rows that are kept as unreadable are no readings."""
    return Counter(
        (str(row.subject), str(row.quantity), f"{row.measured_at:%Y-%m-%dT%H:%M:%SZ}", _rounded(row.value), _text(row.state))
        for piece in pieces
        for row in piece.frame.itertuples()
        if not pd.isna(row.measured_at) and (row.quantity == "state" or not pd.isna(row.value))
    )


def _rounded(value: Any) -> float | None:
    return None if value in {None, ""} or pd.isna(value) else round(float(value), 6)


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
