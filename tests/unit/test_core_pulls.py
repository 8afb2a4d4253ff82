"""Requests to vendors as they rest in the work list."""

import json
from datetime import UTC, datetime

import pytest

from include.core.errors import Refused
from include.core.pulls import Request
from include.core.span import Span

DAY = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "subjects", "kept"),
    [
        pytest.param({"devIds": "-7,12", "devTypeId": 1}, ("-7", "12"), "devIds", id="a comma-joined text"),
        pytest.param({"ps_key_list": ["1_1_1_1", "1_1_2_1"]}, ("1_1_1_1", "1_1_2_1"), "ps_key_list", id="an array of texts"),
        pytest.param({"stationIds": [61, 62], "page": 1}, ("61", "62"), "stationIds", id="an array of numbers"),
        pytest.param({"granularity": 1, "stationId": 61}, ("61",), "stationId", id="one number"),
        pytest.param({"page": 1, "stationId": 1}, ("1",), "page", id="two fields that say the same"),
        pytest.param({"ps_key_list": ["1_11_0_0"]}, ("1",), ["1"], id="keys of another form"),
        pytest.param({"devIds": "12,-7"}, ("-7", "12"), ["-7", "12"], id="another order"),
        pytest.param({"pageNo": 1, "name": ""}, (), [], id="a list of all"),
    ],
)
def test_keys_that_a_request_names_rest_once(body: dict[str, object], subjects: tuple[str, ...], kept: object) -> None:
    request = Request("interface", body, "devices", DAY, subjects)

    form = json.loads(json.dumps(request.as_json()))

    assert form["subjects"] == kept
    assert Request.from_json(form) == request


def test_a_request_as_earlier_versions_kept_it_is_read() -> None:
    form = Request("interface", {"devIds": "7"}, "devices", DAY, ("7",)).as_json() | {"subjects": ["7"]}

    assert Request.from_json(form).subjects == ("7",)


def test_a_request_whose_keys_are_not_where_it_says_is_refused() -> None:
    form = Request("interface", {"devIds": "7"}, "devices", DAY, ("7",)).as_json() | {"asked": {}}

    with pytest.raises(Refused, match="KeyError"):
        Request.from_json(form)
