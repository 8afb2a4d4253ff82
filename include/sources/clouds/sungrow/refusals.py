"""What Sungrow's refusals mean. They come with HTTP 200: `result_code` is text, and `1` is a success.

Codes as in the vendor's developer documents, appendix 2: API Error Code Definitions. A plant or device that the vendor does not
know is no refusal: it is left out of the answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from include.core.errors import HeliographError, TryLater
from include.sources.clouds.errors import (
    MemberRefused,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TokenEnded,
    Unanswerable,
)
from include.sources.clouds.refusals import Envelope, Refusal
from include.sources.clouds.sungrow.families import GRANT, GROUP_FIELDS, LOGIN, REFRESH
from include.sources.clouds.sungrow.fields import LABEL

AUTHORISE: Final = "open the vendor's authorisation page once more and run `helio integration authorize`"
_REPORT: Final = "tell the makers of Heliograph"
_ENCRYPTED: Final = ("E00002", "E902", "E904", "E905", "E906", "E907", "E908", "E909", "E910")
_PLATFORM: Final = ("-1", "000", "011", "E994", "E997")
_GROUPS: Final = frozenset(GROUP_FIELDS)
_REFRESH: Final = frozenset({REFRESH})
_INVALID_GRANT: Final = "invalid_grant"
"""What OAuth itself says, in a field of its own and without a code."""

_REFUSALS: Final = (
    # A token that is not good may also be refused as an invalid value; then the message names it.
    Refusal(("E00003",), Rejected, "the refresh token has ended", AUTHORISE, interfaces=_REFRESH),
    Refusal(("010",), Rejected, "the refresh token has ended", AUTHORISE, interfaces=_REFRESH, message_has="token"),
    Refusal((), Rejected, "the owner's consent has ended", AUTHORISE, message_has=_INVALID_GRANT),
    Refusal(("E00003",), TokenEnded, "the token has ended"),
    Refusal(("010",), TokenEnded, "the token has ended", message_has="token"),
    Refusal(
        ("E00000",), Rejected, "the app key is not known", "correct it, and choose the region in which the app was made"
    ),
    Refusal(("E00001",), Rejected, "the service of the app has expired", "renew it in the developer portal"),
    Refusal(_ENCRYPTED, Rejected, "the app wants encrypted calls", "make an app without encrypted transport and enter its keys"),
    Refusal(("E911",), Rejected, "the secret key is missing", "fill it in"),
    Refusal(("E912",), Rejected, "the secret key is wrong", "correct it"),
    Refusal(("E913",), Rejected, "the clock of this machine is off", "set it"),
    Refusal(("E914",), Rejected, "app key and secret key are of different apps", "correct them"),
    Refusal(
        ("E918",), Rejected, "the address of this machine is not on the app's white list", "add it in the developer portal"
    ),
    Refusal(("E919",), Rejected, "the account is not on the app's white list", "add it in the developer portal"),
    Refusal(
        ("E900",), NotPermitted, "the app or account may not use it",
        "ask for it in the developer portal, and enter an account only for an app that logs in",
    ),
    Refusal(("E901",), RateLimited, "calls come too often", "wait a minute", after_s=60),
    Refusal(("E916",), RateLimited, "logins come too often", "wait ten minutes", after_s=600),
    Refusal(("E999",), QuotaExhausted, "the app's calls of this hour are used up", "wait for the next one", after_s=3600),
    Refusal(("E998",), QuotaExhausted, "the app's calls are used up", "wait for the next day"),
    Refusal(("E903",), TryLater, "calls come from changing addresses", "let one machine ask", after_s=600),
    Refusal(_PLATFORM, TryLater, "the vendor's platform has a fault"),
    Refusal(("E995",), Unanswerable, "the request is too large", _REPORT),
    Refusal(("E996",), Unanswerable, "there is no such interface at this gateway"),
    Refusal(("001", "002", "003", "009"), Unanswerable, "a parameter is missing", _REPORT),
    # Which plant or device it is about is not said; one that is only unknown is left out of an answer and refuses nothing.
    Refusal(("010",), MemberRefused, "a value is invalid", interfaces=_GROUPS),
    Refusal(("010",), Unanswerable, "a value is invalid", _REPORT),
)  # fmt: skip


def _is_success(code: str | None, data: Mapping[str, Any]) -> bool:
    """Whether the answer is a success; tokens need no code."""
    return code == "1" or "access_token" in data


def _oauth_fault(interface: str, data: Mapping[str, Any], answered: str) -> HeliographError | None:
    nested = data.get("result_data")
    said = [part.get(name) for part in (data, nested) if isinstance(part, dict) for name in ("error", "error_description")]
    is_over = any(_INVALID_GRANT in text.lower() for text in said if isinstance(text, str))
    return ENVELOPE.judge(_INVALID_GRANT, interface) if is_over else None


ENVELOPE: Final = Envelope(
    LABEL,
    code="result_code",
    message="result_msg",
    is_success=_is_success,
    no_refusals=frozenset({"1"}),
    refusals=_REFUSALS,
    logins=frozenset({LOGIN, GRANT, REFRESH}),
    fault=_oauth_fault,
)

_LOGIN_STATES: Final = replace(
    ENVELOPE,
    refusals=(
        Refusal(
            ("-1",), Rejected, "it does not know the account",
            "correct its name, and choose the region in which it was made",
        ),
        Refusal(("0",), Rejected, "it refuses the password of the account", "correct it"),
        Refusal(
            ("2",), Rejected, "it has locked the account after wrong passwords",
            "wait half an hour, then correct the password",
        ),
        Refusal(("5",), Rejected, "an administrator has locked the account", "ask him to unlock it"),
    ),
)  # fmt: skip
_GRANTS: Final = replace(
    ENVELOPE,
    refusals=(Refusal(("2", "4", "5", "-2"), Rejected, "the owner's authorisation has ended or was never given", AUTHORISE),),
)


def login_refusal(state: str | None) -> HeliographError | None:
    """What the `login_state` of a login means; None where it refuses nothing."""
    is_refused = any(state in refusal.codes for refusal in _LOGIN_STATES.refusals)
    return _LOGIN_STATES.judge(str(state), LOGIN) if is_refused else None


def grant_refusal(code: str | None, interface: str) -> HeliographError:
    """What an answer without tokens means, by the code in its `result_data`."""
    if code is None:
        return TryLater(f"{LABEL} answered {interface} without tokens; ask again later")
    return _GRANTS.judge(code, interface)
