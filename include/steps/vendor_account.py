"""One vendor account, ready to be called: its credentials, its sealed tokens, its counted budget."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.pulls import PulledFleet, RateLimit, Tokens
from include.core.settings import Settings
from include.core.vendors import VENDORS, Vendor
from include.sources.clouds.cloud import Cloud, Credentials
from include.sources.clouds.errors import QuotaExhausted, RateLimited
from include.sources.clouds.hosts import base_url
from include.sources.clouds.http import VendorHttp
from include.sources.clouds.registry import CLOUDS
from include.sources.clouds.session import Session
from include.steps.lease import held, logging_in
from include.warehouse import integrations, vendor_calls
from include.warehouse.engine import Connection, transaction
from include.warehouse.integrations import Integration
from include.warehouse.vault import Vault

PATIENCE_S: Final = 15.0
"""A wait up to this long is slept; a longer one goes to the work list."""

_LONGEST_LOG_IN_S: Final = 90.0
_LOOK_AGAIN_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the time comes from and how it passes: `now` gives aware UTC, `sleep` waits [s]."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Account:
    """An account that can be called; `caller` is the digest of whom the vendor counts."""

    integration: Integration
    caller: str
    cloud: Cloud
    credentials: Credentials
    session: Session
    budget: "CountedBudget"


def open_account(
    settings: Settings, integration: Integration, *, credentials: Mapping[str, str] | None, clock: Clock, fleet: PulledFleet
) -> Account:
    """Make an account callable; nothing is called yet.

    Raises:
        NeedsHuman: The credentials are kept nowhere, or lack a field.
        Refused: The account names a host that may not be called.
    """
    cloud = CLOUDS[integration.vendor]
    given = clean(integration.vendor, kept_credentials(settings, integration) if credentials is None else credentials)
    http = open_http(settings, cloud.vendor, given["host"])
    if http.base_url == settings.sandbox_url:  # the demo's imitated clouds keep no limits
        cloud = replace(cloud, rate_limits=lambda *_: ())
    url, integration_id = settings.database_url, integration.integration_id
    caller = _caller(integration, http.base_url, given.get(cloud.vendor.counted_field))
    budget = CountedBudget(url, integration_id, caller, cloud.rate_limits(given, fleet), clock)
    tokens = SealedTokens(url, integration_id, Vault(settings.vault_keys), clock, credentials=given)
    return Account(integration, caller, cloud, given, Session(cloud, http, given, tokens=tokens, budget=budget), budget)


def open_http(settings: Settings, vendor: Vendor, host: str) -> VendorHttp:
    """The door to a vendor's host, and to no other that is not allowed, either; raises `Refused` for one that is not."""
    allowed = partial(base_url, vendor, extra_urls=settings.extra_vendor_urls)
    return VendorHttp(allowed(host), allowed=allowed)


def kept_credentials(settings: Settings, integration: Integration) -> dict[str, str]:
    """The credentials that our own database keeps; raises `NeedsHuman` where it keeps none."""
    if integration.credentials is None:
        raise NeedsHuman(
            f"the credentials of account {integration.label} are not kept here; add the Airflow connection "
            f"{integration.connection_id}, or give them to `helio integration add`"
        )
    return Vault(settings.vault_keys).open(integration.credentials)


def _caller(integration: Integration, address: str, user: str | None) -> str:
    whom = [integration.vendor, address, integration.integration_id if user is None else user]
    return sha256(json.dumps(whom).encode()).hexdigest()


def clean(vendor: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The fields that the vendor's account has, empty ones left out; raises `NeedsHuman` naming those that are missing."""
    fields = VENDORS[vendor].fields
    given = {field.name: str(value) for field in fields if (value := credentials.get(field.name)) not in {None, ""}}
    if missing := [field.label for field in fields if field.is_required and field.name not in given]:
        raise NeedsHuman(f"the account of {VENDORS[vendor].label} lacks {', '.join(missing)}; complete it, then test it")
    return given


def without_secrets(vendor: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The fields that may be kept in clear."""
    return {
        field.name: credentials[field.name]
        for field in VENDORS[vendor].fields
        if not field.is_secret and field.name in credentials
    }


class CountedBudget:
    """The budget in PostgreSQL of whom the vendor counts: counted before each call, by all tasks and accounts together."""

    def __init__(self, url: str, integration_id: int, caller: str, rate_limits: tuple[RateLimit, ...], clock: Clock) -> None:
        """`rate_limits` may be changed while the fleet grows; all accounts of a `caller` share them."""
        self.rate_limits = rate_limits
        self.calls = 0
        self._url = url
        self._integration_id = integration_id
        self._caller = caller
        self._clock = clock

    def spend(self, interface: str, subject: str | None = None) -> None:
        """Count a call, after a short wait where that is all that it needs; raises `RateLimited` or `QuotaExhausted` else."""
        wait = self._try(interface, subject)
        if wait is not None and (seconds := self._seconds(wait)) <= PATIENCE_S:
            self._clock.sleep(seconds)
            wait = self._try(interface, subject)
        if wait is None:
            self.calls += 1
            return
        kind = QuotaExhausted if wait.is_long else RateLimited
        error = kind(
            f"{interface} may be called again at {wait.until:%Y-%m-%d %H:%M:%S} UTC ({wait.reason}); what is left waits",
            after_s=self._seconds(wait),
        )
        error.interface, error.is_counted = (interface if wait.interface != "*" else "*"), True
        raise error

    def _try(self, interface: str, subject: str | None) -> vendor_calls.Wait | None:
        call = vendor_calls.CountedCall(self._integration_id, self._caller, interface, subject)
        with transaction(self._url) as connection:
            return vendor_calls.spend(connection, call, self.rate_limits, now=self._clock.now())

    def _seconds(self, wait: vendor_calls.Wait) -> float:
        return max(0.0, (wait.until - self._clock.now()).total_seconds()) + 0.01


class SealedTokens:
    """The account's tokens in PostgreSQL: sealed, shared by all tasks, renewed by one at a time.

    Those of other credentials are not good: they may be another account's.
    """

    def __init__(self, url: str, integration_id: int, vault: Vault, clock: Clock, *, credentials: Credentials) -> None:
        """Nothing is read yet."""
        self._of = sha256(json.dumps(dict(credentials), sort_keys=True).encode()).hexdigest()
        self._url = url
        self._integration_id = integration_id
        self._vault = vault
        self._clock = clock
        self._held: integrations.KeptTokens | None = None
        self._opened: Tokens | None = None

    def take(self, log_in: Callable[[Tokens | None], Tokens]) -> Tokens:
        """The good tokens; made by `log_in` from the last ones where there are none, and kept before they are used."""
        if self._held is None or self._opened is None or not self._lives(self._held):
            with transaction(self._url) as connection:
                last = integrations.read_tokens(connection, self._integration_id)
            self._held = last if last is not None and self._is_good(last) else self._renewed(log_in)
            self._opened = integrations.open_tokens(self._held, self._vault)
        return self._opened

    def discard(self, tokens: Tokens) -> None:
        """The tokens taken last have ended."""
        if self._held is not None:
            with transaction(self._url) as connection:
                integrations.end_tokens(connection, self._integration_id, self._held.fingerprint)
        self._held = self._opened = None

    def keep(self, tokens: Tokens) -> None:
        """Keep tokens that were traded for a code."""
        with transaction(self._url) as connection:
            integrations.lock_account(connection, self._integration_id)
            self._held = self._kept(connection, tokens)

    def _renewed(self, log_in: Callable[[Tokens | None], Tokens]) -> integrations.KeptTokens:
        with self._only_log_in():
            with transaction(self._url) as connection:
                last = integrations.read_tokens(connection, self._integration_id)
            if last is not None and self._is_good(last):
                return last
            tokens = log_in(None if last is None else integrations.open_tokens(last, self._vault))
            with transaction(self._url) as connection:
                integrations.lock_account(connection, self._integration_id)
                return self._kept(connection, tokens)

    @contextmanager
    def _only_log_in(self) -> Iterator[None]:
        """Wait until nobody else logs the account in: a second log-in may end the first one's tokens."""
        until = time.monotonic() + _LONGEST_LOG_IN_S
        while time.monotonic() < until:
            with held(self._url, logging_in(self._integration_id), seconds=_LONGEST_LOG_IN_S) as mine:
                if mine is not None:
                    yield
                    return
            time.sleep(_LOOK_AGAIN_S)
        raise TryLater(f"another task has been logging in for {_LONGEST_LOG_IN_S:.0f} s; ask again when it is done")

    def _kept(self, connection: Connection, tokens: Tokens) -> integrations.KeptTokens:
        now = self._clock.now()
        return integrations.keep_tokens(connection, self._integration_id, tokens, of=self._of, vault=self._vault, now=now)

    def _lives(self, kept: integrations.KeptTokens) -> bool:
        return kept.expires_at > self._clock.now()

    def _is_good(self, kept: integrations.KeptTokens) -> bool:
        return self._lives(kept) and integrations.are_of(kept, self._vault, self._of)


class LooseTokens:
    """Tokens of one conversation, kept nowhere: for trying credentials."""

    def __init__(self) -> None:
        """None yet."""
        self._tokens: Tokens | None = None

    def take(self, log_in: Callable[[Tokens | None], Tokens]) -> Tokens:
        """The tokens of this conversation."""
        self._tokens = self._tokens or log_in(None)
        return self._tokens

    def discard(self, tokens: Tokens) -> None:
        """Log in again next time."""
        self._tokens = None


class FewCalls:
    """The budget of one try of credentials: a handful of calls."""

    def __init__(self, most: int = 6) -> None:
        """`most` calls are allowed."""
        self._left = most

    def spend(self, interface: str, subject: str | None = None) -> None:
        """Count a call; raises `Refused` beyond the handful."""
        self._left -= 1
        if self._left < 0:
            raise Refused(f"{interface} would be one call too many for a test; the account works, add it")


def due_again(clock: Clock, after_s: float | None) -> datetime:
    """When a refused interface may be called again; where the vendor names no wait [s], ten minutes into the next day (UTC)."""
    now = clock.now()
    if after_s is not None:
        return now + timedelta(seconds=after_s)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1, minutes=10)
