"""What a vendor's refusal means for the next step: each is one of the four errors, told apart where the pull must act on it."""

from include.core.errors import NeedsHuman, Refused, TryLater


class TokenEnded(TryLater):
    """The token is not good any more; a session logs in again once and repeats the call."""


class TokenRejected(TokenEnded):
    """The status 401: the token is not good any more or, where a fresh one is refused as well, not for this interface."""


class TokenFault(TokenEnded):
    """A fault that a token which has ended brings about, too; where a fresh one meets it as well, it is the vendor's own."""


class UnknownRefusal(TryLater):
    """A refusal that no table explains: asked again ever more rarely, at last once a day, and told in the vendor's own words."""


class LoginRefused(UnknownRefusal):
    """A log-in was answered without a token and without a reason that is known: a few in a row reject the account."""


class Contested(TryLater):
    """A token that was just made has ended: another program uses the account."""


class RateLimited(TryLater):
    """This interface may not be called for a while (`after_s`); the calls of others may go on.

    `interface` is filled in by the session: the one that was called, or `*` where a limit of all together is reached.
    `is_counted` says that our own count forbids the call, before the vendor had to.
    """

    interface: str | None = None
    is_counted: bool = False


class QuotaExhausted(RateLimited):
    """The calls of an hour or a day are used up; nothing more of this interface before `after_s`, or the next day (None)."""


class Rejected(NeedsHuman):
    """The vendor refuses the credentials or the app: no call of this account may be made before a person acts."""


class NotPermitted(NeedsHuman):
    """The account may not use this one interface; the others go on."""


class Unanswerable(Refused):
    """The vendor cannot answer this request (unknown plant, device without data); it is noted and not asked again."""


class MemberRefused(Unanswerable):
    """One of several plants or devices of a request is unknown to the vendor, or of another type: its halves may be answered."""
