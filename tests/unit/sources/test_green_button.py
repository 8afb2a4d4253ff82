"""Green Button files; 1767236400 is 2026-01-01T03:00:00Z, midnight in São Paulo."""

import pytest

from include.core.errors import BadDocument


@pytest.fixture
def file(payload):
    return payload("plant_measurements/green_button.xml")


def remarks_of(found):
    return [remark for piece in found.pieces for remark in piece.remarks]


def test_energies_of_intervals_are_amounts_of_their_direction_and_length(parsed, file):
    found = parsed("plant_measurements", file)

    assert [row[:5] for row in found.rows] == [
        (1, "1205344", "import_15min_kwh", "2026-01-01T03:00:00Z", 0.125),
        (2, "1205344", "import_15min_kwh", "2026-01-01T03:15:00Z", 0.25),
        (3, "1205344", "export_hour_kwh", "2026-01-01T03:00:00Z", 3.0),
    ]
    assert found.subjects["1205344"].kind == "meter"


def test_a_feed_may_be_in_utf_16_and_have_prefixes(parsed, file):
    text = file.decode().replace("UTF-8", "UTF-16")
    prefixed = (
        file.decode().replace('xmlns="http://naesb.org/espi"', 'xmlns:e="http://naesb.org/espi"').replace("<value>", "<e:value>")
    )

    assert len(parsed("plant_measurements", text.encode("utf-16")).rows) == 3
    assert len(parsed("plant_measurements", prefixed.replace("</value>", "</e:value>").encode()).rows) == 3


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"<uom>72</uom>", b"<uom>42</uom>", "uom 42"),
        (b"<accumulationBehaviour>4<", b"<accumulationBehaviour>3<", "accumulationBehaviour"),
        (b"<flowDirection>1<", b"<flowDirection>0<", "flowDirection 0"),
        (b"<duration>900<", b"<duration>600<", "5, 15, 30 or 60 minutes"),
        (b"<uom>72</uom>", b"", "uom None"),
    ],
)
def test_what_is_no_energy_of_an_interval_is_told_and_never_guessed(parsed, file, old, new, why):
    changed = file.replace(old, new)

    try:
        found = remarks_of(parsed("plant_measurements", changed))
    except BadDocument as error:
        found = [str(error)]

    assert any(why in remark for remark in found)


def test_a_value_that_is_no_number_and_a_start_that_is_no_time_are_quarantined(parsed, file):
    found = parsed(
        "plant_measurements", file.replace(b"<value>125<", b"<value>12a<").replace(b"<start>1767237300<", b"<start>x<")
    )

    assert [row[3:5] for row in found.rows[:2]] == [("2026-01-01T03:00:00Z", None), (None, 0.25)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>', "no interval readings"),
        (b'<?xml version="1.0"?><note/>', "no Green Button file"),
        (b'<?xml version="1.0"?><feed><entry>', "no readable XML"),
        (b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "aaaa">]><feed>&a;</feed>', "document type"),
        (b'<?xml version="1.0"?><feed>' + b"<a>" * 100 + b"</a>" * 100 + b"</feed>", "nests deeper"),
    ],
)
def test_other_or_hostile_xml_is_refused_with_the_reason(parsed, body, reason):
    with pytest.raises(BadDocument, match=reason):
        parsed("plant_measurements", body)


def test_a_meter_reading_without_its_type_is_not_read(parsed, file):
    found = remarks_of(
        parsed("plant_measurements", file.replace(b'href="/v1/ReadingType/2" rel="related"', b'href="/x" rel="related"'))
    )

    assert found == ["1 interval readings are not used: their type is not told"]
