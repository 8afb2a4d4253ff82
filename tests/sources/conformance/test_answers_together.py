"""Several answers that rest in one document: each is there byte for byte and read as if it had come alone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import add
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.core.pulls import Request
from include.core.span import Span
from include.core.vendors import VENDORS
from include.sources.clouds.document import common_span, pack, pack_together, single_documents
from include.sources.feeds import ALARM_FEEDS, FEEDS
from tests.sources.conformance.payloads import ELSEWHERE, Payload, payloads, readings

KINDS = [(vendor, kind) for vendor in VENDORS for kind in ("plants", "devices")]
MAY = Span(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC))


def of(vendor: str, kind: str) -> list[Payload]:
    """Prepared answers of one vendor and kind; of which span they are matters when they are loaded, not when they are read."""
    found = [one for one in payloads(kind) if one.vendor == vendor and one.is_read]
    return [replace(one, request=replace(one.request, is_authoritative=False)) for one in found]


def zoned(answers: list[Payload]):
    zones = {key: ZoneInfo(zone) for one in answers for key, zone in one.zones.items()}
    return replace(answers[0].context, zones=zones, timezone=ELSEWHERE)


@given(st.lists(st.binary(), min_size=1, max_size=5))
def test_each_answer_is_there_byte_for_byte_whatever_its_bytes(answers: list[bytes]) -> None:
    documents = [pack("deye", Request("station/latest", {"stationId": n}, "plants"), raw) for n, raw in enumerate(answers)]

    found = single_documents(pack_together(documents))

    assert found == documents
    assert [one.partition(b"\n")[2] for one in found] == answers


def test_one_answer_rests_as_it_always_did() -> None:
    document = pack("deye", Request("station/latest", {"answers": [1]}, "plants"), b'{"answers":[3]}\n{}')

    assert pack_together([document]) == document
    assert single_documents(document) == [document]


@pytest.mark.parametrize(("vendor", "kind"), KINDS)
def test_answers_tell_the_same_together_as_alone(vendor: str, kind: str) -> None:
    answers = of(vendor, kind)
    context, parse = zoned(answers), FEEDS[f"{vendor}_{kind}"].parse

    alone = [list(parse(one.document, context)) for one in answers]
    together = list(parse(pack_together([one.document for one in answers]), context))

    assert readings(together) == reduce(add, (readings(pieces) for pieces in alone), Counter())
    assert sum(piece.missing_count for piece in together) == sum(piece.missing_count for pieces in alone for piece in pieces)
    assert len(together) == 1
    records = {(str(row.subject), str(row.measured_at), row.row_number) for row in together[0].frame.itertuples()}
    assert len({number for *_, number in records}) == together[0].frame.row_number.nunique()


@pytest.mark.parametrize("vendor", VENDORS)
def test_alarms_tell_the_same_together_as_alone(vendor: str) -> None:
    answers = of(vendor, "alarms")
    context, parse = zoned(answers), ALARM_FEEDS[f"{vendor}_alarms"].parse

    alone = [parse(one.document, context) for one in answers]
    together = parse(pack_together([one.document for one in answers]), context)

    assert together.alarms == [alarm for one in alone for alarm in one.alarms]
    complete = [key for one in alone if one.is_complete for key in one.plant_keys]
    assert list(together.plant_keys if together.is_complete else ()) == complete
    assert together.unreadable == ()


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize(("vendor", "kind"), KINDS)
def test_an_answer_that_cannot_be_read_is_one_row_and_silences_no_other(vendor: str, kind: str, position: int) -> None:
    answers = of(vendor, kind)[:2]
    context, parse = zoned(answers), FEEDS[f"{vendor}_{kind}"].parse
    documents = [one.document for one in answers]
    torn = pack(vendor, answers[0].request, b'{"torn":')

    (piece,) = parse(pack_together([*documents[:position], torn, *documents[position:]]), context)

    assert readings([piece]) == reduce(add, (readings(parse(one, context)) for one in documents), Counter())
    broken = piece.frame[
        [bool(faults) and faults[0].detail.startswith("the vendor's answer is not JSON") for faults in piece.frame.faults]
    ]
    assert broken.raw.str.contains("torn").tolist() == [True]
    assert broken.faults.tolist()[0][0].rule == "row_whole"


def test_alarms_of_an_answer_that_cannot_be_read_are_told_beside_those_of_the_others() -> None:
    (answer, *_) = of("deye", "alarms")
    torn = pack("deye", answer.request, b"<html>")

    together = ALARM_FEEDS["deye_alarms"].parse(pack_together([torn, answer.document]), answer.context)

    assert together.alarms == ALARM_FEEDS["deye_alarms"].parse(answer.document, answer.context).alarms
    assert len(together.unreadable) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"answers": [5, 5]}\naaaaabbbb',
        b'{"answers": [5, 5]}\naaaaabbbbbc',
        b'{"answers": []}\n',
        b'{"answers": [0, 1]}\na',
        b'{"answers": [-5, 10]}\naaaaa',
        b'{"answers": [true]}\na',
        b'{"answers": "5"}\naaaaa',
        b'{"answers": [5',
        b'{"answers": [1e400]}\na',
    ],
)
def test_a_document_whose_lengths_do_not_fit_is_refused(damaged: bytes) -> None:
    with pytest.raises(BadDocument):
        single_documents(damaged)


def test_answers_that_speak_for_different_spans_are_no_document() -> None:
    now = Request("getDeviceRealTimeData", {}, "devices", None, ("1",))
    then = Request("getDevicePointMinuteDataList", {}, "devices", MAY, ("1",))

    with pytest.raises(BadDocument, match="different spans"):
        common_span(pack_together([pack("sungrow", one, b"{}") for one in (now, then)]))
