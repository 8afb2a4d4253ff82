"""Letters that the report's typeface has not are set in another one, where it is installed."""

import io
import logging
from dataclasses import replace
from itertools import pairwise

import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pypdf import PdfReader
from pypdf.generic import ContentStream

from bench.report_examples import month_report
from include.reports import pdf_page
from include.reports.direction import runs_of
from include.reports.plain_text import named
from include.reports.plant_report import render
from tests.unit.reports.test_pdf_archive import findings

NAME = "北京 Usina 1"


@pytest.fixture
def squares(tmp_path):
    """A typeface in which 北 and 京 are squares, one em wide."""
    return typeface(tmp_path, "Squares", {"北": "bei", "京": "jing"}, {"bei": 1000, "jing": 1000})


JOINING = """
languagesystem DFLT dflt; languagesystem arab dflt;
feature init { sub beh by beh.init; } init;
feature fina { sub beh by beh.fina; } fina;
"""


@pytest.fixture
def joining(tmp_path):
    """A typeface in which ب is wide alone, and narrow where it joins another one; and a letter that joins none."""
    widths = {"beh": 1000, "beh.init": 300, "beh.fina": 400, "alef": 700}
    return typeface(tmp_path, "Joining", {"ب": "beh", "א": "alef"}, widths, JOINING)


def typeface(folder, name, letters, widths, features=""):
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *widths])
    builder.setupCharacterMap({ord(letter): glyph for letter, glyph in letters.items()})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph()} | dict.fromkeys(widths, square))
    builder.setupHorizontalMetrics({".notdef": (1000, 0)} | {glyph: (width, 0) for glyph, width in widths.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2()
    builder.setupPost()
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    path = folder / f"{name.lower()}.ttf"
    builder.save(path)
    return path


@pytest.fixture
def page():
    page = pdf_page.PdfPage(title="t", author="a", language="en", issued_at=month_report("en").issued_at)
    yield page
    # Files of typefaces stay open until then.
    page.output()


def text_and_fonts(pdf: bytes) -> tuple[str, set[str]]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    fonts = {font.get_object()["/BaseFont"].split("+")[-1] for page in pages for font in page["/Resources"]["/Font"].values()}
    return " ".join(page.extract_text() for page in pages), fonts


def test_letters_of_another_script_are_printed_in_the_typeface_that_has_them(squares, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (squares,))
    report = replace(month_report("en"), plant_name=NAME)

    pdf = render(report)

    text, fonts = text_and_fonts(pdf)
    assert NAME.replace(" ", "") in text.replace(" ", "")
    assert any("Squares" in font for font in fonts)
    assert pdf == render(report)


def test_a_text_in_two_typefaces_is_as_wide_as_its_parts(squares, page, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (squares,))
    pen = pdf_page.Pen(10)
    text = page.words(NAME)

    # Two squares of ten points each, and the rest in the report's own typeface.
    assert page.width_of(text, pen) == pytest.approx(20 * 25.4 / 72 + page.width_of(" Usina 1", pen), abs=0.01)


def test_greek_and_cyrillic_are_in_the_reports_own_typeface_and_load_no_other(squares, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (squares,))

    text, fonts = text_and_fonts(render(replace(month_report("en"), plant_name="Ήλιος Пловдив")))

    assert "Ήλιος Пловдив" in text
    assert not any("Squares" in font for font in fonts)


def test_without_such_a_typeface_a_letter_is_a_box_and_the_log_names_its_script_and_a_package(monkeypatch, caplog):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", ())

    with caplog.at_level(logging.WARNING):
        text, _ = text_and_fonts(render(replace(month_report("en"), plant_name=NAME, tenant_name="Acme \u0e01\u0e34")))

    assert "\ufffd\ufffd Usina 1" in text
    told = [record.getMessage() for record in caplog.records if record.name == "include.reports.typefaces"]
    assert len(told) == 2
    assert any("cjk" in line for line in told)
    assert any("thai" in line for line in told)
    assert all("fonts-noto-core" in line and "Acme" not in line and "北" not in line for line in told)


def test_letters_that_join_are_printed_joined(joining, page, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (joining,))
    pen = pdf_page.Pen(10)

    assert page.width_of(page.words("ب"), pen) == pytest.approx(10 * 25.4 / 72, abs=0.01)
    assert page.width_of(page.words("بب"), pen) == pytest.approx(7 * 25.4 / 72, abs=0.01)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Usina 1", [("Usina 1", "ltr")]),
        ("אב", [("אב", "rtl")]),
        ("Usina אב 7", [("Usina ", "ltr"), ("7", "ltr"), ("אב ", "rtl")]),
        ("אב 12 (גד)", [(" (גד)", "rtl"), ("12", "ltr"), ("אב ", "rtl")]),
        # A number behind Arabic belongs to it, its sign does not.
        ("بب 12%: low", [("12", "ltr"), ("بب ", "rtl"), ("%: low", "ltr")]),
        (f"{named('بب')}: 12 % low", [("بب", "rtl"), (": 12 % low", "ltr")]),
        (f"{named('Acme אב 7')}, 12", [("Acme ", "ltr"), ("7", "ltr"), ("אב ", "rtl"), (", 12", "ltr")]),
        ("نیروگاه\u200cخورشیدی 1", [("1", "ltr"), ("نیروگاه\u200cخورشیدی ", "rtl")]),
        ("אב Solar גד", [("אב", "rtl"), (" Solar ", "ltr"), ("גד", "rtl")]),
    ],
)
def test_words_from_right_to_left_stand_where_the_bidirectional_algorithm_puts_them(text, runs):
    assert runs_of(text) == runs


@pytest.mark.parametrize("name", ["مزرعة البيت", "בית השמש", "مزرعة 7 البيت", "Usina مزرعة البيت"])
def test_a_name_that_is_broken_over_two_lines_moves_nothing_of_the_sentence_around_it(page, name):
    sentence = f"A sentence of ours that names {named(name)}: 12 kWh"
    pen = pdf_page.Pen(8.5)
    first_words, last_word = name.rsplit(" ", 1)
    room = page.width_of(f"A sentence of ours that names {first_words}", pen) + 0.1

    first, second = page.lines_of(sentence, pen, room)

    assert first == f"A sentence of ours that names {named(first_words)}" or first_words.startswith("Usina")
    assert runs_of(second) == [(last_word, "rtl"), (": 12 kWh", "ltr")]


def test_who_hears_or_copies_a_name_gets_its_letters_in_the_order_in_which_they_are_read(joining, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (joining,))
    name = "אא 12 (א) 🌞"

    file = PdfReader(io.BytesIO(render(replace(month_report("en"), plant_name=name))))

    operations = ContentStream(file.pages[0].get_contents(), file).operations
    said = [
        operands[1]["/ActualText"] for operands, operator in operations if operator == b"BDC" and "/ActualText" in operands[1]
    ]
    assert said == ["אא 12 (א)"]
    assert all("אא" in str(item["/Title"]) for item in file.outline[:1])


def test_the_parts_of_a_line_stand_beside_each_other_from_right_to_left(joining, page, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (joining,))
    pen = pdf_page.Pen(10)
    text = page.words("א 7")
    assert page.write_at(20, 50, text, pen) == pytest.approx(
        page.width_of("7", pen) + 7 * 25.4 / 72 + page.width_of(" ", pen), abs=0.02
    )

    file = PdfReader(io.BytesIO(pdf_page.document_bytes(page)))
    places = [
        operands[-2] for operands, operator in ContentStream(file.pages[0].get_contents(), file).operations if operator == b"Td"
    ]
    assert places[0] == pytest.approx(20 * 72 / 25.4, abs=0.1)
    assert all(left <= right for left, right in pairwise(places))


def test_a_typeface_is_taken_only_for_letters_that_the_reports_own_has_not(tmp_path, joining, monkeypatch):
    latin = typeface(tmp_path, "Latin", {"U": "u", " ": "space"}, {"u": 500, "space": 500})
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (latin, joining))

    _, fonts = text_and_fonts(render(replace(month_report("en"), plant_name="U א")))

    assert not any("Latin" in font for font in fonts)


def test_a_plant_may_be_called_as_the_library_calls_the_number_of_pages(squares, monkeypatch):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (squares,))

    text, _ = text_and_fonts(render(replace(month_report("en"), plant_name="{nb} 北")))

    assert "{nb}北" in text.replace(" ", "")


@pytest.mark.parametrize("name", ["北京", "北 Usina 京", "בא 12 بب"])
def test_what_is_printed_around_other_letters_keeps_its_own_typeface(squares, joining, monkeypatch, name):
    monkeypatch.setattr(pdf_page, "FALLBACK_FONTS", (squares, joining))

    pdf = render(replace(month_report("en"), plant_name=name, tenant_name=name))

    assert findings(pdf) == []
    assert "Page 2 of 3" in text_and_fonts(pdf)[0]
