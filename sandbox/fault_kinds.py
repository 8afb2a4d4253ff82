"""Everything that goes wrong with vendors' clouds, by name: `KINDS` is the list, with a sentence about each."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import bending, field_bends
from sandbox.answer_shapes import Answer
from sandbox.calls import ALL, PAGE_KEYS, WITH_COUNTERS, WITH_TOKENS, Call, Calls
from sandbox.fault_replies import (
    EXPIRED,
    GROWATT_TOO_FREQUENT,
    HTML_PAGE,
    LEFT,
    Reply,
    as_html,
    burst,
    delivered,
    deye_error,
    first_half,
    first_half_of_gzip,
    gateway,
    growatt_error,
    huawei_error,
    in_own_words,
    json_reply,
    login_refused,
    plain,
    problem,
    solaredge_error,
    sungrow_error,
    with_byte_order_mark,
)


@dataclass(frozen=True)
class Kind:
    """One kind of fault; exactly one of the four ways to work is set. `times` is the usual number of calls it hits, None all.

    What is told `instead` may be None: then the call is not hit.
    """

    name: str
    says: str
    vendors: tuple[str, ...] = ALL
    times: int | None = None
    calls: Calls = "data"
    instead: Callable[[Call, int], Reply | None] | None = None
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
        instead=in_own_words(
            huawei_error(20004),
            sungrow_error("E994", "er_platform"),
            deye_error("3501004", "rpc error"),
            json_reply(solaredge_error(500, "Internal server error")),
            growatt_error((10001, "system error"), (1, "")),
        ),
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
            problem(429, "Rate limit exceeded", {LEFT: "0", "retry-after": "20"}),
            GROWATT_TOO_FREQUENT,
        ),
    ),
    Kind(
        "quota_gone",
        "the budget of the day or hour is used up",
        instead=in_own_words(
            huawei_error(407, None, "ACCESS_FREQUENCY_IS_TOO_HIGH"),
            sungrow_error("E999", "er_call_limit_hour"),
            deye_error("2101010", "allowance used up"),
            problem(429, "Credit limit exceeded", {LEFT: "9"}),
            GROWATT_TOO_FREQUENT,
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
    Kind("token_expires", "the token is not good any more", vendors=WITH_TOKENS, times=1, instead=EXPIRED),
    Kind(
        "token_expires_mid_page",
        "the token ends between two pages",
        vendors=WITH_TOKENS,
        times=1,
        calls="pages",
        instead=EXPIRED,
    ),
    Kind(
        "no_permission",
        "the account may not use this interface",
        instead=in_own_words(
            huawei_error(401, "Invalid access to current interface!"),
            sungrow_error("E900", "er_unauthorized"),
            deye_error("2101023", "access denied"),
            problem(403, "Access denied"),
            growatt_error((10011, "error_permission_denied"), (101, "")),
        ),
    ),
    Kind(
        "wrong_password",
        "the login is refused",
        vendors=WITH_TOKENS,
        calls="logins",
        instead=login_refused(20400, "0", deye_error("2101025", "password error, 4 attempts left")),
    ),
    Kind(
        "account_locked",
        "the account is locked",
        vendors=WITH_TOKENS,
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
    *(Kind(name, says, on_answer=bend) for name, says, bend in (*bending.BENDS, *field_bends.LATE_UPLOADS)),
    *(
        Kind(name, says, vendors=WITH_COUNTERS, on_answer=bend)
        for name, says, bend in (*bending.COUNTER_BENDS, *field_bends.STUMBLES)
    ),
    Kind(
        "stale_realtime",
        "devices are lost since three hours, and told with their power of then",
        vendors=WITH_COUNTERS,
        calls="now",
        on_answer=field_bends.stale_realtime,
    ),
    Kind(
        "one_bad_member",
        "every call that names the first plant's first inverter is refused for it; SolarEdge's, for the first plant",
        calls="members",
        instead=field_bends.one_bad_member,
    ),
    Kind(
        "permission_lost",
        "the account sees no plant any more, and may ask about none",
        instead=field_bends.without_permission,
    ),
    Kind(
        "unexplained_code",
        "refuses with a code that no document has",
        instead=in_own_words(
            huawei_error(99999, "SOMETHING_NEW"),
            sungrow_error("E777", "er_new"),
            deye_error("9999999", "something new"),
            problem(422, "Something new"),
            growatt_error((19999, "error_something_new"), (999, "SOMETHING_NEW")),
        ),
    ),
    Kind("unauthorized_401", "HTTP 401 for every token", instead=plain(401, {"content-type": "text/html"}, HTML_PAGE)),
    Kind(
        "bad_token_500",
        "Deye's HTTP 500 for a bad token",
        vendors=("deye",),
        times=1,
        instead=lambda call, hits: json_reply(deye_error("3201001", "Service Currently Unavailable"), status=500),
    ),
    Kind(
        "access_ended",
        "the owner of the plants has ended the access",
        vendors=("huawei",),
        instead=lambda call, hits: json_reply(huawei_error(20056, "AUTHORIZATION_EXPIRED")),
    ),
    Kind(
        "members_unknown",
        "every plant and device is unknown",
        vendors=("huawei", "deye", "solaredge", "growatt"),
        calls="members",
        instead=in_own_words(
            huawei_error(20007),
            {},
            deye_error("2101031", "station not found"),
            problem(404, "No such site"),
            growatt_error((10002, "error_plant_not_exist"), (4, "")),
        ),
    ),
    Kind("nothing_told", "a success without a row", on_answer=bending.say_nothing),
    Kind(
        "login_in_other_words",
        "the login is refused in words of no document",
        vendors=WITH_TOKENS,
        calls="logins",
        instead=in_own_words(huawei_error(88888, "NO"), sungrow_error("E778", "no"), {"code": "Go away", "success": False}),
    ),
    Kind(
        "password_in_code",
        "Deye names the wrong password in the code",
        vendors=("deye",),
        calls="logins",
        instead=lambda call, hits: json_reply({"code": "Incorrect password", "success": False}),
    ),
    Kind(
        "consent_ended",
        "the owner's consent has ended",
        vendors=("sungrow",),
        calls="logins",
        instead=lambda call, hits: json_reply({"error": "invalid_grant"}, status=400),
    ),
    Kind(
        "key_ended",
        "the key has expired, or was taken away",
        vendors=("solaredge", "growatt"),
        instead=in_own_words(
            {},
            {},
            {},
            problem(401, "Invalid or expired API key"),
            growatt_error((10011, "error_permission_denied"), (2, "TOKEN_IS_INVALID")),
        ),
    ),
    Kind(
        "one_site_too_frequent",
        "the first site may not be asked about any more, the others may",
        vendors=("solaredge",),
        calls="members",
        instead=field_bends.one_site_too_frequent,
    ),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
