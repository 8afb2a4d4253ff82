"""Pulling from a vendor cloud: what is requested, how often that may be, and of which fleet.

A `Request` is plain data: it is planned, kept in PostgreSQL, carried out and repeated without knowing how.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal

from include.core.errors import Refused
from include.core.span import Span

TICK: Final = timedelta(minutes=5)
"""Pace of the DAGs that pull."""

MOST_ACCOUNTS: Final = 200
"""Accounts of one vendor that one run pulls."""

AnswerKind = Literal["fleet", "plants", "devices", "alarms"]
"""What an answer is about; the document's feed is `<vendor>_<kind>`."""

ANSWER_KINDS: Final[tuple[AnswerKind, ...]] = ("fleet", "plants", "devices", "alarms")

Purpose = Literal["fleet", "now", "alarms", "days", "backfill"]
"""Why something is requested: lists of plants and devices, the snapshot, alarms, closed local days, days that a person wants."""

PURPOSES: Final[tuple[Purpose, ...]] = ("fleet", "now", "alarms", "days", "backfill")
"""Purposes, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask of a vendor.

    Attributes:
        interface: The vendor's path below its prefix, such as `getDevHistoryKpi`.
        body: JSON object of the call, without keys, tokens and passwords. Lists name page 1; `fetch` walks the pages.
        kind: What the answer is about.
        span: UTC span for which the answer is authoritative; None for lists and for what is now.
        subjects: Vendor keys (plants or devices) that the answer is about; of a list of devices their plants, of others none.
        is_authoritative: Whether the answer holds all of its subjects in all of its span, so that what it lacks is not so.
    """

    interface: str
    body: Mapping[str, Any]
    kind: AnswerKind
    span: Span | None = None
    subjects: tuple[str, ...] = ()
    is_authoritative: bool = True

    @property
    def authoritative_span(self) -> Span | None:
        """The span in which the answer holds all of its subjects; None for lists, for what is now, and for parts of an answer."""
        return self.span if self.is_authoritative and self.subjects else None

    @property
    def key(self) -> str:
        """Digest of interface and body: equal requests have equal keys."""
        return sha256(json.dumps([self.interface, self.body], sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON form, as it rests in the work list and before a landed answer; names of its fields never change.

        Where a field of the body lists the subjects, its name stands in place of their keys.
        """
        return {
            "interface": self.interface,
            "kind": self.kind,
            "asked": dict(self.body),
            "span": [self.span.start.isoformat(), self.span.end.isoformat()] if self.span else None,
            "subjects": next((name for name in self.body if self.subjects and _listed(self.body[name]) == self.subjects), None)
            or list(self.subjects),
            "is_whole": self.is_authoritative,
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Request":
        """Read the plain JSON form; raises `Refused` for anything else."""
        try:
            span = Span(*(datetime.fromisoformat(text) for text in form["span"])) if form["span"] else None
            interface, body, kind, subjects = form["interface"], form["asked"], form["kind"], form["subjects"]
            if isinstance(subjects, str):
                subjects = list(_listed(body[subjects]))
            is_authoritative = form["is_whole"]
        except (ValueError, KeyError, TypeError, AttributeError, Refused) as error:
            raise Refused(f"this is no request to a vendor ({type(error).__name__}: {error})") from error
        if not (isinstance(interface, str) and isinstance(body, dict) and kind in ANSWER_KINDS and isinstance(subjects, list)):
            raise Refused("this is no request to a vendor: its interface, body, kind or subjects are of another type")
        return cls(interface, body, kind, span, tuple(subjects), is_authoritative)


def _listed(value: object) -> tuple[str, ...]:
    """Keys in a field of a body: an array, a comma-joined text, or one of them."""
    return tuple(map(str, value)) if isinstance(value, list) else tuple(str(value).split(","))


@dataclass(frozen=True, slots=True)
class PlannedDays:
    """Local days, both included, that a request was planned for."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Plan:
    """When a purpose was last planned; `last_day` is the last closed local day of its zone that was requested."""

    planned_at: datetime
    last_day: date | None


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """One request that is due, with the local days that it was planned for, the attempts that failed so far, and why the last."""

    pull_id: int
    purpose: Purpose
    request: Request
    attempts: int
    days: PlannedDays | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many requests wait, and when the first of them may be made."""

    waiting: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `calls` of one interface within any `window_s` seconds; the interface `*` stands for all of them together.

    `is_per_subject` counts the calls about each plant or device apart; calls about several of them then fall under no limit.
    """

    interface: str
    calls: int
    window_s: int
    is_per_subject: bool = False


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
    """What a login brought, good for `lives_s` seconds.

    `more` is what the next login needs, such as a refresh token; `base_url` is where the vendor wants the next calls, where its
    login says so.
    """

    access: str = field(repr=False)
    lives_s: float
    more: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str | None = None
