"""What a vendor's cloud is to the house: a row of callables, and the types that they speak in; the same for all vendors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from include.core.alarms import AlarmList
from include.core.fleet import Registry
from include.core.frames import Piece
from include.core.pulls import PulledFleet, RateLimit, Request, Tokens
from include.core.span import Span
from include.core.vendors import Vendor
from include.sources.clouds.http import Call, Reply
from include.sources.formats.context import ParseContext

Credentials = Mapping[str, str]
"""Values of the vendor's account fields by name; empty ones are absent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the vendor means as a success: its bytes untouched, and the JSON object that they write."""

    raw: bytes
    data: Mapping[str, Any]


class TokenStore(Protocol):
    """Where the tokens of one account rest, shared by all tasks."""

    def take(self, log_in: Callable[[Tokens | None], Tokens]) -> Tokens:
        """The good tokens; where there are none, `log_in` makes them from the last ones, under a lock, and they are kept."""

    def discard(self, tokens: Tokens) -> None:
        """These tokens have ended before their time; tokens that others made since stay."""


class Budget(Protocol):
    """Counts the calls of one account."""

    def spend(self, interface: str, subject: str | None = None) -> None:
        """Count a call that is about to be made; `subject` is the only plant or device that it is about.

        Raises `RateLimited` or `QuotaExhausted` where the call would break a limit.
        """


class SessionLike(Protocol):
    """What `fetch` needs of a session."""

    @property
    def credentials(self) -> Credentials:
        """The account's fields."""

    def post(self, interface: str, body: Mapping[str, Any], *, subject: str | None = None) -> Answer:
        """Make one call; `subject` is the only plant or device that it is about."""


Post = Callable[[str, Call], Reply]
"""(interface, call) -> raw reply; counted, without the account's token."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One vendor's cloud: what the pages of its folder can do.

    Attributes:
        vendor: Names, regions and account fields.
        log_in: (post, credentials, last tokens or None) -> new tokens. Raises `Rejected`.
        authorize: (post, credentials, code) -> tokens for an owner's consent; None where there is no such way.
        consent_page: (credentials, state) -> the page on which an owner consents; it leads back with the code and the state. None
            where there is no such way.
        sign: (interface, body, credentials, tokens) -> the call with everything that the vendor wants beside the body.
        classify_response: (interface, reply) -> the JSON object of a success; raises one of `clouds.errors`, or `TryLater`.
        rate_limits: (credentials, fleet) -> limits of an account; what it pays for may decide them.
        fleet_requests: (credentials) -> lists of plants and, where one list has them all, devices.
        device_requests: (credentials, fleet) -> lists of devices where the vendor lists them by plant; else nothing.
        snapshot_requests: (credentials, fleet) -> realtime snapshot.
        alarm_requests: (credentials, fleet, span) -> alarms of a span.
        day_requests: (credentials, fleet, first day, last day, is_backfill) -> five-minute history and energies of closed local
            days, both included, in the largest spans that the vendor allows: one budgeted call each. A backfill leaves out what
            costs a call per day and says nothing that the history does not.
        fetch: (session, request) -> the answers of one request, all pages of it, checked to be what was asked.
        row_count: (interface, JSON object of an answer) -> how many rows it has: an account of which none come needs attention.
        group_fields: Field of the body that lists the plants or devices of a request, by interface: what the vendor refuses for
            one of them is asked again in halves.
        parse: Landed answer -> readings of plants or devices. Pure.
        parse_fleet: Landed answer -> plants and devices. Pure.
        parse_alarms: Landed answer -> alarms. Pure.
    """

    vendor: Vendor
    log_in: Callable[[Post, Credentials, Tokens | None], Tokens]
    authorize: Callable[[Post, Credentials, str], Tokens] | None
    consent_page: Callable[[Credentials, str], str] | None
    sign: Callable[[str, Mapping[str, Any], Credentials, Tokens], Call]
    classify_response: Callable[[str, Reply], Mapping[str, Any]]
    rate_limits: Callable[[Credentials, PulledFleet], tuple[RateLimit, ...]]
    fleet_requests: Callable[[Credentials], list[Request]]
    device_requests: Callable[[Credentials, PulledFleet], list[Request]]
    snapshot_requests: Callable[[Credentials, PulledFleet], list[Request]]
    alarm_requests: Callable[[Credentials, PulledFleet, Span], list[Request]]
    day_requests: Callable[[Credentials, PulledFleet, date, date, bool], list[Request]]
    fetch: Callable[[SessionLike, Request], list[Answer]]
    row_count: Callable[[str, Mapping[str, Any]], int]
    group_fields: Mapping[str, str]
    parse: Callable[[bytes | memoryview, ParseContext], Iterator[Piece]]
    parse_fleet: Callable[[bytes | memoryview, ParseContext], Registry]
    parse_alarms: Callable[[bytes | memoryview, ParseContext], AlarmList]
