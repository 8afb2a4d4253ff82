"""A conversation with one vendor account: token, rate limits, call, what the answer means; the same for all vendors.

Where tokens rest and how calls are counted is not known here: the caller brings a `TokenStore` and a `Budget`.
"""

from collections.abc import Mapping
from typing import Any, Final

from include.core.errors import HeliographError, Refused, TryLater
from include.core.pulls import Tokens
from include.sources.clouds.cloud import Answer, Budget, Cloud, Credentials, TokenStore
from include.sources.clouds.errors import Contested, RateLimited, TokenEnded, TokenFault, TokenRejected
from include.sources.clouds.http import Call, Reply, VendorHttp

CONTESTED_S: Final = 900.0
_SHORTEST_SECRET: Final = 4


class Session:
    """One account's calls. A token that has ended is replaced once; ended again, somebody else uses the account.

    One that replaced another and has not been let in since is not replaced, whatever is called with it.
    """

    def __init__(self, cloud: Cloud, http: VendorHttp, credentials: Credentials, *, tokens: TokenStore, budget: Budget) -> None:
        """Nothing is called yet."""
        self.credentials = credentials
        self._cloud = cloud
        self._http = http
        self._tokens = tokens
        self._budget = budget
        self._is_renewed = False

    def post(self, interface: str, body: Mapping[str, Any], *, subject: str | None = None) -> Answer:
        """Make one call as the account; `subject` is the only plant or device that it is about.

        Raises:
            RateLimited, QuotaExhausted: Before the call where our count forbids it, after it where the vendor does.
            Contested: The token ended twice in a row.
            TokenRejected, TokenFault: The fresh token met the same refusal.
            Rejected, LoginRefused, NotPermitted, Unanswerable, UnknownRefusal, TryLater: As the vendor's table of refusals says.
        """
        tokens = self._tokens.take(self._log_in)
        try:
            return self._post(interface, body, tokens, subject)
        except TokenEnded as error:
            if self._is_renewed:
                raise self._of_fresh(tokens, error) from error
            self._tokens.discard(tokens)
            refused = error
        self._is_renewed = True
        fresh = self._tokens.take(self._log_in)
        if fresh.access in {value.strip() for value in self.credentials.values()}:
            # A key, which no log-in replaces: it would be refused once more.
            raise self._of_fresh(fresh, refused) from refused
        try:
            return self._post(interface, body, fresh, subject)
        except TokenEnded as error:
            raise self._of_fresh(fresh, error) from error

    def log_in(self) -> None:
        """Make sure that there are good tokens."""
        self._tokens.take(self._log_in)

    def trade(self, code: str) -> Tokens:
        """Trade the code of an owner's consent for tokens; raises `Refused` where the vendor has no such way."""
        if self._cloud.authorize is None:
            raise Refused(f"{self._cloud.vendor.label} knows no consent by code; give the account's login and password")
        try:
            return self._cloud.authorize(self._call, self.credentials, code)
        except HeliographError as error:
            self._hide_secrets(error)
            raise

    def _of_fresh(self, tokens: Tokens, error: TokenEnded) -> TryLater:
        """What it means that a token is refused which was just made in place of another one."""
        if isinstance(error, TokenRejected | TokenFault):
            # It may be about this one interface, or the vendor's own fault: the token stays, and calls of others go on.
            return error
        self._tokens.discard(tokens)
        return Contested(
            f"{self._cloud.vendor.label} ended a token that had just been made; another program uses this account: "
            "give Heliograph an account of its own, and check its region",
            after_s=CONTESTED_S,
        )

    def _post(self, interface: str, body: Mapping[str, Any], tokens: Tokens, subject: str | None) -> Answer:
        self._budget.spend(interface, subject)
        reply = self._http.send(self._cloud.sign(interface, body, self.credentials, tokens), base_url=tokens.base_url)
        try:
            data = self._cloud.classify_response(interface, reply)
        except HeliographError as error:
            if isinstance(error, RateLimited):
                error.interface = interface
            self._is_renewed = self._is_renewed and isinstance(error, TokenEnded)
            self._hide_secrets(error)
            raise
        self._is_renewed = False
        return Answer(reply.body, data)

    def _log_in(self, last: Tokens | None) -> Tokens:
        try:
            return self._cloud.log_in(self._call, self.credentials, last)
        except HeliographError as error:
            if isinstance(error, RateLimited):
                # Without a token nothing can be asked at all.
                error.interface = "*"
            self._hide_secrets(error)
            raise

    def _call(self, interface: str, call: Call) -> Reply:
        self._budget.spend(interface)
        return self._http.send(call)

    def _hide_secrets(self, error: HeliographError) -> None:
        """A vendor's message may repeat what was sent; errors go to logs and to people."""
        secrets = {self.credentials.get(field.name, "") for field in self._cloud.vendor.fields if field.is_secret}
        sentence = str(error)
        for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
            if len(secret) >= _SHORTEST_SECRET:
                sentence = sentence.replace(secret, "***")
        error.args = (sentence,)
