"""Whether a vendor's answer is a success, and what a refusal means: rows of a table, and one judge for all vendors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from include.core.errors import BadDocument, HeliographError, TryLater
from include.sources.clouds.document import json_object
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    TokenRejected,
    Unanswerable,
)
from include.sources.clouds.gateway import gateway
from include.sources.clouds.http import Reply
from include.sources.formats import names

ADVICE: Final[Mapping[type[HeliographError], str]] = {
    TokenEnded: "log in again; where this repeats, choose the region in which the account was made",
    TokenRejected: "log in again; where this repeats, check the account's region and what it may use",
    RateLimited: "wait before the next call",
    QuotaExhausted: "go on when the next hour or day begins",
    Rejected: "correct login, password, app and region of the account, then activate it again",
    NotPermitted: "let the account's administrator permit it",
    MemberRefused: "the others of the request are asked without it",
    Unanswerable: "it is not asked again",
    TryLater: "ask again later",
}
"""The next action for each kind of refusal."""

_LONGEST_MESSAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of a vendor's table of refusals. The first row that fits counts.

    Attributes:
        codes: The vendor's codes, as text; empty: any.
        kind: What it means for the next step: one of `clouds.errors`, or `TryLater`.
        words: What the vendor means by it.
        advice: The next action, where it is not the usual one of the kind.
        after_s: How long it holds [s]; None where nobody says.
        interfaces: Where alone it means this; empty: everywhere.
        message_has: Only where the vendor's code or message holds this, in lower case.
    """

    codes: tuple[str, ...]
    kind: type[HeliographError]
    words: str
    advice: str | None = None
    after_s: float | None = None
    interfaces: frozenset[str] = frozenset()
    message_has: str = ""

    def fits(self, code: str, interface: str, message: str) -> bool:
        """Whether the row speaks of this refusal."""
        return (
            (not self.codes or code in self.codes)
            and (not self.interfaces or interface in self.interfaces)
            and self.message_has in f"{code} {message}".lower()
        )


_UNKNOWN: Final = Refusal((), TryLater, "a code that is not known")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one vendor says in an answer whether the call succeeded.

    Attributes:
        label: What people call the vendor.
        code: Name of the field that holds the code.
        message: Name of the field that holds the vendor's own sentence.
        is_success: (code, answer) -> whether the answer is a success. The code is None where the answer has none.
        no_refusals: Codes that refuse nothing: an answer with one of them that is no success is a fault of the vendor.
        refusals: The table of refusals.
        empty: Codes of a success without rows, whatever the HTTP status.
        logins: Interfaces without which nothing works: what may not be used or is not understood there rejects the account.
        fault: (interface, answer, sentence that names both) -> the error that an answer without a refusal means, or None; for
            answers that a vendor's platform makes up when it breaks down.
    """

    label: str
    code: str
    message: str
    is_success: Callable[[str | None, Mapping[str, Any]], bool]
    no_refusals: frozenset[str]
    refusals: tuple[Refusal, ...]
    empty: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    fault: Callable[[str, Mapping[str, Any], str], HeliographError | None] = lambda interface, data, sentence: None

    def classify_response(self, interface: str, reply: Reply) -> Mapping[str, Any]:
        """The JSON object of a success.

        Raises:
            TokenEnded, RateLimited, QuotaExhausted, Rejected, NotPermitted, Unanswerable: As the table says of the code.
            TokenRejected: For the status 401 of a gateway.
            TryLater: For a fault of the vendor's platform, and for everything that is not the vendor's own JSON.
        """
        answered = f"{self.label} answered {interface} with HTTP {reply.status}"
        try:
            data = json_object(reply.body)
        except BadDocument as error:
            self._gateway(interface, reply)
            raise TryLater(f"{answered} and {len(reply.body)} bytes that are no JSON object; ask again") from error
        code = names.key(data.get(self.code))
        if code in self.empty:
            return data
        if code is not None and code not in self.no_refusals:
            raise self.judge(code, interface, names.words(data.get(self.message), _LONGEST_MESSAGE) or "")
        if (fault := self.fault(interface, data, answered)) is not None:
            raise fault
        self._gateway(interface, reply)
        if not self.is_success(code, data):
            raise TryLater(f"{answered} and neither a success nor a refusal; ask again")
        return data

    def judge(self, code: str, interface: str, message: str = "") -> HeliographError:
        """The error that a refusal means, with the interface, the code, the vendor's message and the next action in words."""
        row = next((row for row in self.refusals if row.fits(code, interface, message)), _UNKNOWN)
        kind, advice = row.kind, row.advice
        if interface in self.logins and issubclass(kind, NotPermitted | Unanswerable):
            kind, advice = Rejected, None
        meaning = f"{row.words}: {message}" if message else row.words
        sentence = f"{self.label} answered {interface} with {code} ({meaning}); {advice or ADVICE[kind]}"
        return kind(sentence, after_s=row.after_s) if issubclass(kind, TryLater) else kind(sentence)

    def _gateway(self, interface: str, reply: Reply) -> None:
        """Raise what the HTTP status alone says. A gateway's 401 is a token that has ended, save at a login."""
        if reply.status == 401 and interface not in self.logins:
            raise TokenRejected(f"{self.label} answered {interface} with HTTP 401 (not authorised); {ADVICE[TokenRejected]}")
        gateway(reply, self.label)
