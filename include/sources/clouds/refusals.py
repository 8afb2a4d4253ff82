"""Whether a vendor's answer is a success, and what a refusal means: rows of a table, and one judge for all vendors."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from include.core.errors import BadDocument, HeliographError, TryLater
from include.sources.clouds.document import json_object
from include.sources.clouds.errors import (
    LoginRefused,
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    TokenFault,
    TokenRejected,
    Unanswerable,
    UnknownRefusal,
)
from include.sources.clouds.gateway import gateway
from include.sources.clouds.http import Reply
from include.sources.formats import names

ADVICE: Final[Mapping[type[HeliographError], str]] = {
    TokenEnded: "log in again; where this repeats, choose the region in which the account was made",
    TokenRejected: "log in again; where this repeats, check the account's region and what it may use",
    TokenFault: "log in again; where this repeats, ask again later",
    LoginRefused: "correct login, password, app and region of the account if this repeats",
    UnknownRefusal: "ask again ever more rarely",
    RateLimited: "wait before the next call",
    QuotaExhausted: "go on when the next hour or day begins",
    Rejected: "correct login, password, app and region of the account, then activate it again",
    NotPermitted: "let the account's administrator permit it",
    MemberRefused: "the others are asked without it, and it is tried again ever more rarely",
    Unanswerable: "it is not asked again",
    TryLater: "ask again later",
}
"""The next action for each kind of refusal."""

_LONGEST_MESSAGE: Final = 200
_MESSAGE: Final = re.compile(r": |\)")
"""What ends our own words of a code in a sentence: the vendor's message, or nothing."""

_REFUSED_LOGINS: Final = frozenset({400, 401})
"""HTTP status of a log-in that a gateway or the vendor refuses, whatever the text."""


def is_same_refusal(one: str | None, other: str) -> bool:
    """Whether two sentences about refusals name the same interface and code, with what we know of it.

    What the vendor adds may differ: many have the time or the number of the call in it.
    """
    return one is not None and _MESSAGE.split(one, maxsplit=1)[0] == _MESSAGE.split(other, maxsplit=1)[0]


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
        status: Only with this HTTP status; None: any.
    """

    codes: tuple[str, ...]
    kind: type[HeliographError]
    words: str
    advice: str | None = None
    after_s: float | None = None
    interfaces: frozenset[str] = frozenset()
    message_has: str = ""
    status: int | None = None

    def fits(self, code: str, interface: str, message: str, status: int) -> bool:
        """Whether the row speaks of this refusal."""
        return (
            (not self.codes or code in self.codes)
            and (not self.interfaces or interface in self.interfaces)
            and self.message_has in f"{code} {message}".lower()
            and self.status in {None, status}
        )


_KINDS_AT_LOGINS: Final[Mapping[type[HeliographError], type[HeliographError]]] = {
    UnknownRefusal: LoginRefused,
    TokenEnded: LoginRefused,
    TokenFault: LoginRefused,
}
"""What a refusal means where there is no token yet."""

_UNKNOWN: Final = (
    Refusal((), TokenFault, "a code that is not known", message_has="token"),
    Refusal((), UnknownRefusal, "a code that is not known"),
)
"""Codes that no table has; one that speaks of a token is worth a new one."""


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
            UnknownRefusal: For a code that the table does not have.
            TokenRejected: For the status 401.
            LoginRefused: For a log-in that is answered with neither of these and without a success.
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
            message = names.words(data.get(self.message), _LONGEST_MESSAGE) or ""
            refusal = self.judge(code, interface, message, reply.status)
            if isinstance(refusal, UnknownRefusal | TokenFault) and reply.status == 401:
                self._gateway(interface, reply)
            raise refusal
        if (fault := self.fault(interface, data, answered)) is not None:
            raise fault
        self._gateway(interface, reply)
        if not self.is_success(code, data):
            is_of_token = b"token" in reply.body.lower()
            kind = LoginRefused if interface in self.logins else TokenFault if is_of_token else TryLater
            raise kind(f"{answered} and neither a success nor a refusal; {ADVICE[kind]}")
        return data

    def judge(self, code: str, interface: str, message: str = "", status: int = 200) -> HeliographError:
        """The error that a refusal means, with the interface, the code, the vendor's message and the next action in words."""
        row = next(row for row in (*self.refusals, *_UNKNOWN) if row.fits(code, interface, message, status))
        kind, advice = row.kind, row.advice
        if interface in self.logins:
            kind = _KINDS_AT_LOGINS.get(kind, Rejected if issubclass(kind, NotPermitted | Unanswerable) else kind)
            advice = advice if kind is row.kind else None
        meaning = f"{row.words}: {message}" if message else row.words
        sentence = f"{self.label} answered {interface} with {code} ({meaning}); {advice or ADVICE[kind]}"
        return kind(sentence, after_s=row.after_s) if issubclass(kind, TryLater) else kind(sentence)

    def _gateway(self, interface: str, reply: Reply) -> None:
        """Raise what the HTTP status alone says. A 401 is a token that has ended, save at a login."""
        if interface in self.logins and reply.status in _REFUSED_LOGINS:
            raise LoginRefused(f"{self.label} answered {interface} with HTTP {reply.status}; {ADVICE[LoginRefused]}")
        if reply.status == 401:
            raise TokenRejected(f"{self.label} answered {interface} with HTTP 401 (not authorised); {ADVICE[TokenRejected]}")
        gateway(reply, self.label)
