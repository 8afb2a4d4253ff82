"""Pulling from a vendor cloud: what is asked, how often it may be asked, and of which fleet.

An `Ask` is plain data: it is planned, kept in PostgreSQL, carried out and repeated without knowing how.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from include.core.span import Span

AnswerKind = Literal["fleet", "plants", "devices", "alarms"]
"""What an answer is about; the document's feed is `<vendor>_<kind>`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask of a vendor.

    Attributes:
        interface: The vendor's path below its prefix, such as `getDevHistoryKpi`.
        body: JSON object of the call, without keys, tokens and passwords. Lists name page 1; `fetch` walks the pages.
        kind: What the answer is about.
        span: UTC span about which the answer is the vendor's whole word; None for lists and for what is now.
        subjects: Vendor keys (plants or devices) that the answer is about; empty for lists.
        is_whole: Whether the answer says all about its subjects in all of its span, so that what it does not say is not so.
    """

    interface: str
    body: Mapping[str, Any]
    kind: AnswerKind
    span: Span | None = None
    subjects: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def key(self) -> str:
        """Digest of interface and body: the same question has the same key."""
        return sha256(json.dumps([self.interface, self.body], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `calls` of one interface within any `window_s` seconds; the interface `*` stands for all of them together."""

    interface: str
    calls: int
    window_s: int


@dataclass(frozen=True, slots=True)
class PulledPlant:
    """A registered plant of an account: the vendor's key and the IANA zone of its days."""

    key: str
    timezone: str


@dataclass(frozen=True, slots=True)
class PulledDevice:
    """A registered device of an account: the vendor's key, its plant, and the vendor's own type of device as text."""

    key: str
    plant_key: str
    vendor_type: str


@dataclass(frozen=True, slots=True)
class PulledFleet:
    """All that an account is asked about."""

    plants: tuple[PulledPlant, ...] = ()
    devices: tuple[PulledDevice, ...] = ()

    def devices_of(self, *vendor_types: str) -> tuple[PulledDevice, ...]:
        """Devices of these vendor types, in the order of their keys."""
        return tuple(sorted((d for d in self.devices if d.vendor_type in vendor_types), key=lambda device: device.key))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login brought, good for `lives_s` seconds; `more` is what the next login needs, such as a refresh token."""

    access: str = field(repr=False)
    lives_s: float
    more: Mapping[str, str] = field(default_factory=dict, repr=False)
