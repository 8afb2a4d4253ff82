"""Everything that goes wrong with vendors' clouds, by name: `KINDS` is the list, with a sentence about each."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import bending
from sandbox.answer_shapes import Answer
from sandbox.calls import ALL, PAGE_KEYS, Call, Calls
from sandbox.fault_replies import (
    EXPIRED,
    HTML_PAGE,
    Reply,
    as_html,
    burst,
    delivered,
    deye_error,
    first_half,
    first_half_of_gzip,
    gateway,
    huawei_error,
    in_own_words,
    json_reply,
    login_refused,
    plain,
    sungrow_error,
    with_byte_order_mark,
)


@dataclass(frozen=True)
class Kind:
    """One kind of fault; exactly one of the four ways to work is set. `times` is the usual number of calls it hits, None all."""

    name: str
    says: str
    vendors: tuple[str, ...] = ALL
    times: int | None = None
    calls: Calls = "data"
    instead: Callable[[Call, int], Reply] | None = None
    on_call: Callable[[Call], None] | None = None
    on_answer: Callable[[Call, Answer], None] | None = None
    on_reply: Callable[[Reply], Reply] | None = None


def _previous_page(call: Call) -> None:
    # Page 2 shows page 1 once more, and nobody ever sees the last one.
    for key in PAGE_KEYS:
        page = call.page()
        if key in call.body:
            call.body[key] = page - 1


_KINDS: tuple[Kind, ...] = (
    Kind(
        "error_in_200",
        "a server error in a body with HTTP 200",
        times=3,
        instead=in_own_words(huawei_error(20004), sungrow_error("E994", "er_platform"), deye_error("3501004", "rpc error")),
    ),
    Kind(
        "too_frequent",
        "refuses one call as too frequent, in the vendor's own code",
        times=1,
        calls="all",
        instead=in_own_words(
            huawei_error(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH"),
            sungrow_error("E901", "er_too_frequent"),
            deye_error("2101002", "request too frequent"),
        ),
    ),
    Kind(
        "quota_gone",
        "the budget of the day or hour is used up",
        instead=in_own_words(
            huawei_error(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH"),
            sungrow_error("E999", "er_call_limit_hour"),
            deye_error("2101010", "allowance used up"),
        ),
    ),
    Kind(
        "system_busy",
        "Huawei's failCode 429: all users together are too many",
        vendors=("huawei",),
        times=2,
        instead=lambda call, hits: json_reply(huawei_error(429, "SYSTEM_BUSY")),
    ),
    Kind("gateway_429", "the gateway in front says HTTP 429 with Retry-After", times=2, calls="all", instead=gateway(429)),
    Kind("gateway_403", "the gateway in front throttles with HTTP 403", times=2, calls="all", instead=gateway(403)),
    Kind("burst_5xx", "500, 502, 503 and 504 in turn", times=4, calls="all", instead=burst),
    Kind(
        "html_login_page",
        "a sign-in page in HTML with HTTP 200",
        times=2,
        instead=plain(200, {"content-type": "text/html"}, HTML_PAGE),
    ),
    Kind("empty_body", "HTTP 200 without a byte", times=2, instead=plain(200, {"content-type": "application/json"})),
    Kind(
        "redirect_elsewhere",
        "a redirect to a host that is not the vendor's",
        instead=plain(302, {"location": "http://169.254.169.254/latest/"}),
    ),
    Kind("token_expires", "the token is not good any more", times=1, instead=EXPIRED),
    Kind("token_expires_mid_page", "the token ends between two pages", times=1, calls="pages", instead=EXPIRED),
    Kind(
        "no_permission",
        "the account may not use this interface",
        instead=in_own_words(
            huawei_error(401, "Invalid access to current interface!"),
            sungrow_error("E900", "er_unauthorized"),
            deye_error("2101023", "access denied"),
        ),
    ),
    Kind(
        "wrong_password",
        "the login is refused",
        calls="logins",
        instead=login_refused(20400, "0", deye_error("2101025", "password error, 4 attempts left")),
    ),
    Kind(
        "account_locked",
        "the account is locked",
        calls="logins",
        instead=login_refused(20403, "2", deye_error("2101009", "account locked")),
    ),
    Kind(
        "timeout", "no answer until the client gives up (120 s, or `seconds`)", times=1, calls="all", on_reply=delivered("hang")
    ),
    Kind("connection_reset", "the connection ends without an answer", times=1, calls="all", on_reply=delivered("reset")),
    Kind("slow_body", "the body drips in over 10 s, or `seconds`", times=1, calls="all", on_reply=delivered("slow")),
    Kind("cut_body", "the connection ends in the middle of the body", times=1, on_reply=delivered("cut")),
    Kind("truncated_json", "half of the JSON, with the right length of that half", times=1, on_reply=first_half),
    Kind("truncated_gzip", "half of a gzip stream", times=1, on_reply=first_half_of_gzip),
    Kind("byte_order_mark", "a byte order mark before the JSON", on_reply=with_byte_order_mark),
    Kind("json_as_html", "good JSON that says it is HTML", on_reply=as_html),
    Kind("repeated_page", "a page comes twice, the last one never", calls="pages", on_call=_previous_page),
    Kind("missing_page", "pages after the first are empty", calls="pages", on_answer=bending.empty_page),
    *(Kind(name, says, on_answer=bend) for name, says, bend in bending.BENDS),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
