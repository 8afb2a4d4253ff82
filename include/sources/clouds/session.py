"""A conversation with one vendor account: token, budget, call, the vendor's verdict; the same for all vendors.

Where tokens rest and how calls are counted is not known here: the caller brings a `TokenStore` and a `Budget`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from include.core.alarms import AlarmList
from include.core.errors import Refused
from include.core.fleet import Registry
from include.core.frames import Piece
from include.core.pulls import PulledFleet, RateLimit, Request, Tokens
from include.core.span import Span
from include.core.vendors import Vendor
from include.sources.clouds.errors import Contested, RateLimited, TokenEnded
from include.sources.clouds.http import Reply, VendorHttp
from include.sources.formats.context import ParseContext

Credentials = Mapping[str, str]
"""Values of the vendor's account fields by name; empty ones are absent."""

CONTESTED_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call: path from the root, headers and JSON body, secrets included; never logged."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


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

    def spend(self, interface: str) -> None:
        """Count a call that is about to be made; raises `RateLimited` or `QuotaExhausted` where it would break a limit."""


class SessionLike(Protocol):
    """What `fetch` needs of a session."""

    @property
    def credentials(self) -> Credentials:
        """The account's fields."""

    def post(self, interface: str, body: Mapping[str, Any]) -> Answer:
        """Make one call."""


Post = Callable[[str, Call], Reply]
"""(interface, call) -> raw reply; counted, without the account's token."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One vendor's cloud: what its file in this room can do.

    Attributes:
        vendor: Names, regions and account fields.
        log_in: (post, credentials, last tokens or None) -> new tokens. Raises `Rejected`.
        authorize: (post, credentials, code) -> tokens for an owner's consent; None where there is no such way.
        consent_page: (credentials, state) -> the page on which an owner consents; it leads back with the code and the state. None
            where there is no such way.
        sign: (interface, body, credentials, tokens) -> the call with everything that the vendor wants beside the question.
        classify_response: (interface, reply) -> the JSON object of a success; raises one of `clouds.errors`, or `TryLater`.
        rate_limits: Limits of an account with this fleet.
        fleet_requests: (credentials) -> lists of plants and, where one list has them all, devices.
        device_requests: (credentials, fleet) -> lists of devices where the vendor lists them by plant; else nothing.
        snapshot_requests: (credentials, fleet) -> realtime snapshot.
        alarm_requests: (credentials, fleet, span) -> alarms of a span.
        day_requests: (credentials, fleet, first day, last day, is_backfill) -> five-minute history and energies of closed local
            days, both included, in the largest spans that the vendor allows: one budgeted call each. A backfill leaves out what
            costs a call per day and says nothing that the history does not.
        fetch: (session, request) -> the answers of one request, all pages of it, checked to be what was asked.
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
    rate_limits: Callable[[PulledFleet], tuple[RateLimit, ...]]
    fleet_requests: Callable[[Credentials], list[Request]]
    device_requests: Callable[[Credentials, PulledFleet], list[Request]]
    snapshot_requests: Callable[[Credentials, PulledFleet], list[Request]]
    alarm_requests: Callable[[Credentials, PulledFleet, Span], list[Request]]
    day_requests: Callable[[Credentials, PulledFleet, date, date, bool], list[Request]]
    fetch: Callable[[SessionLike, Request], list[Answer]]
    parse: Callable[[bytes | memoryview, ParseContext], Iterator[Piece]]
    parse_fleet: Callable[[bytes | memoryview, ParseContext], Registry]
    parse_alarms: Callable[[bytes | memoryview, ParseContext], AlarmList]


class Session:
    """One account's calls. A token that has ended is replaced once per call; ended again, somebody else uses the account."""

    def __init__(self, cloud: Cloud, http: VendorHttp, credentials: Credentials, *, tokens: TokenStore, budget: Budget) -> None:
        """Nothing is called yet."""
        self.credentials = credentials
        self._cloud = cloud
        self._http = http
        self._tokens = tokens
        self._budget = budget

    def post(self, interface: str, body: Mapping[str, Any]) -> Answer:
        """Make one call as the account.

        Raises:
            RateLimited, QuotaExhausted: Before the call where our count forbids it, after it where the vendor does.
            Contested: The token ended twice in a row.
            Rejected, NotPermitted, Unanswerable, TryLater: As the vendor's verdict says.
        """
        tokens = self._tokens.take(self._log_in)
        try:
            return self._post(interface, body, tokens)
        except TokenEnded:
            self._tokens.discard(tokens)
        fresh = self._tokens.take(self._log_in)
        try:
            return self._post(interface, body, fresh)
        except TokenEnded as error:
            self._tokens.discard(fresh)
            raise Contested(
                f"{self._cloud.vendor.label} ended a token that had just been made; another program uses this account: "
                "give Heliograph an account of its own, and check its region",
                after_s=CONTESTED_S,
            ) from error

    def log_in(self) -> None:
        """Make sure that there are good tokens."""
        self._tokens.take(self._log_in)

    def trade(self, code: str) -> Tokens:
        """Trade the code of an owner's consent for tokens; raises `Refused` where the vendor has no such way."""
        if self._cloud.authorize is None:
            raise Refused(f"{self._cloud.vendor.label} knows no consent by code; give the account's login and password")
        return self._cloud.authorize(self._counted, self.credentials, code)

    def _post(self, interface: str, body: Mapping[str, Any], tokens: Tokens) -> Answer:
        reply = self._counted(interface, self._cloud.sign(interface, body, self.credentials, tokens))
        try:
            return Answer(reply.body, self._cloud.classify_response(interface, reply))
        except RateLimited as error:
            error.interface = interface
            raise

    def _log_in(self, last: Tokens | None) -> Tokens:
        try:
            return self._cloud.log_in(self._counted, self.credentials, last)
        except RateLimited as error:
            # Without a token nothing can be asked at all.
            error.interface = "*"
            raise

    def _counted(self, interface: str, call: Call) -> Reply:
        self._budget.spend(interface)
        return self._http.post(call.path, body=call.body, headers=call.headers)
