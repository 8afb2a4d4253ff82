"""Each kind of report is PDF/A-2b (ISO 19005-2), and what it draws has its place in the structure of the document."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from defusedxml import ElementTree
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject

from bench.report_examples import (
    BRAND,
    ISSUED,
    consumption_report,
    day_report,
    empty_report,
    month_report,
    portfolio_report,
    quality_report,
)
from include.reports.listing_report import render_listing
from include.reports.pdf_page import PdfPage
from include.reports.plant_report import render
from include.reports.portfolio_report import render_portfolio

ODD = "A & B <x> \u202e ]]> 😀 \x00北"
NAMES = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
KINDS = {
    "month": lambda: render(replace(month_report("pt-BR"), brand=BRAND)),
    "day": lambda: render(day_report("en")),
    "empty": lambda: render(empty_report("en")),
    "odd": lambda: render(replace(month_report("en", inverters=2), plant_name=ODD, tenant_name=ODD)),
    "portfolio": lambda: render_portfolio(portfolio_report("en")),
    "consumption": lambda: render_listing(consumption_report("pt-BR")),
    "quality": lambda: render_listing(replace(quality_report("en"), issued_at=ISSUED)),
}


@pytest.fixture(scope="module", params=KINDS)
def pdf(request) -> bytes:
    return KINDS[request.param]()


@pytest.fixture(scope="module")
def file(pdf) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def objects_of(file: PdfReader) -> Iterator[Any]:
    """Every object, and what lies in it."""
    waiting = [file.get_object(number) for number in file.xref[0]] + [file.trailer]
    while waiting:
        thing = waiting.pop()
        yield thing
        if isinstance(thing, DictionaryObject):
            waiting += dict.values(thing)
        elif isinstance(thing, ArrayObject):
            waiting += list.__iter__(thing)


def findings(pdf: bytes) -> list[str]:
    """What a validator that has the rules of veraPDF, and approves only what it knows, finds wrong."""
    from pikepdf.pdfa import validate_written

    # It does not know where a document may be opened; ours say the width of the first page, which ISO 19005-2 allows.
    judged = re.sub(rb"/OpenAction \[\d+ 0 R /FitH null\]", lambda found: b" " * len(found[0]), pdf)
    return [
        f"{finding.rule} {finding.where}: {finding.message}" for finding in validate_written(io.BytesIO(judged), "2b").findings
    ]


def test_a_validator_finds_nothing_wrong(pdf):
    assert findings(pdf) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"<pdfaid:part>2<", b"<pdfaid:part>1<"),
        (b"/GTS_PDFA1", b"/GTS_PDFAX"),
        (b"/ToUnicode ", b"/AA       "),
        (b"/FontFile2", b"/FontFileX"),
    ],
)
def test_the_validator_finds_what_is_wrong(right, wrong):
    assert findings(KINDS["day"]().replace(right, wrong)) != []


def test_the_frame_of_the_file_is_that_of_an_archive(pdf, file):
    assert re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}\n", pdf)
    assert pdf.rstrip().endswith(b"%%EOF")
    assert len(file.trailer["/ID"]) == 2
    assert "/Encrypt" not in file.trailer
    for stream in re.finditer(rb"/Length (\d+)[^>]*>>\nstream\n", pdf):
        assert pdf[stream.end() + int(stream.group(1)) :].lstrip(b"\r\n").startswith(b"endstream")


def test_it_says_what_it_is_and_of_when_in_plain_metadata(file):
    stream = file.trailer["/Root"]["/Metadata"].get_object()
    assert "/Filter" not in stream
    assert (stream["/Type"], stream["/Subtype"]) == ("/Metadata", "/XML")
    told = ElementTree.fromstring(re.sub(r"<\?xpacket[^>]*\?>", "", stream.get_data().decode()).strip())
    assert [told.findtext(f".//pdfaid:{name}", namespaces=NAMES) for name in ("part", "conformance")] == ["2", "B"]
    assert told.findtext(".//xmp:CreateDate", namespaces=NAMES) == "2026-11-01T10:00:00Z"
    assert told.find(".//dc:title//", NAMES) is not None


def test_what_others_wrote_stays_text_in_the_metadata():
    page = PdfPage(title=ODD, author=ODD, language="en", issued_at=datetime(2026, 11, 1, tzinfo=UTC))
    stream = PdfReader(io.BytesIO(bytes(page.output()))).trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    told = ElementTree.fromstring(re.sub(r"<\?xpacket[^>]*\?>", "", stream).strip())

    assert [item.text for item in told.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")][:2] == ["A & B <x> ]]> 😀 北"] * 2


def test_everything_drawn_is_content_with_a_place_in_the_structure_or_says_that_it_is_none(file):
    root = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] in {"pt-BR", "en"}
    for page in file.pages:
        depth = saved = 0
        for _, operator in ContentStream(page.get_contents(), file).operations:
            depth += {b"BDC": 1, b"BMC": 1, b"EMC": -1}.get(operator, 0)
            saved += {b"q": 1, b"Q": -1}.get(operator, 0)
            assert 0 <= depth <= 2  # words of another script in a paragraph
            assert saved <= 28
            if operator in {b"Tj", b"TJ", b"f", b"f*", b"S", b"s", b"B", b"Do"}:
                assert depth >= 1, operator
        assert (depth, saved) == (0, 0)


def test_tables_have_rows_of_cells_under_heads_of_columns(file):
    tables = [thing for thing in objects_of(file) if isinstance(thing, DictionaryObject) and thing.get("/S") == "/Table"]
    rows = [row.get_object() for table in tables for row in table["/K"]]
    assert {row["/S"] for row in rows} == {"/TR"}
    for table in tables:
        head, *others = ([cell.get_object() for cell in row.get_object()["/K"]] for row in table["/K"])
        assert {cell["/S"] for cell in head} == {"/TH"}
        assert {(cell["/A"]["/O"], cell["/A"]["/Scope"]) for cell in head} == {("/Table", "/Column")}
        assert others
        assert {(cell["/S"], "/A" in cell) for row in others for cell in row} == {("/TD", False)}
        assert {len(row) for row in others} == {len(head)}


def test_each_piece_of_content_knows_its_element_and_each_element_its_parent(file):
    root = file.trailer["/Root"]["/StructTreeRoot"]
    numbers = root["/ParentTree"]["/Nums"]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for page in file.pages:
        elements = [reference.get_object() for reference in parents[page["/StructParents"]]]
        marked = [
            operands[1]["/MCID"]
            for operands, operator in ContentStream(page.get_contents(), file).operations
            if operator == b"BDC" and "/MCID" in operands[1]
        ]
        assert marked == list(range(len(elements)))
        for mark, element in enumerate(elements):
            assert (element["/K"], element.raw_get("/Pg")) == ([mark], page.indirect_reference)
            while element["/S"] != "/Document":
                parent = element["/P"]
                assert any(kid.get_object() == element for kid in parent["/K"])
                element = parent


def test_figures_say_in_words_what_they_show(file):
    elements = [thing for thing in objects_of(file) if isinstance(thing, DictionaryObject) and thing.get("/S") == "/Figure"]

    assert all(str(element["/Alt"]).strip() for element in elements)
