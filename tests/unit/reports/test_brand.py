"""A tenant's look: colours that cannot be read and logos that could do harm are refused, the others are made anew."""

import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader

from include.core.brand import Brand, contrast, require_readable
from include.core.errors import Refused
from include.reports.logo import LOGO_PX, MAX_BYTES, fitted, logo_png
from include.reports.model import figures, fingerprint
from include.reports.plant_report import render

RED_BOX = (10, 10, 29, 19)


def picture(mode: str = "RGB", size: tuple[int, int] = (60, 40), form: str = "PNG", ground: object = "white", **saved) -> bytes:
    """A red box of 20 x 10 pixels on a ground."""
    image = Image.new("RGB", size, "white") if mode in {"CMYK", "P", "L", "1"} else Image.new(mode, size, ground)
    ImageDraw.Draw(image).rectangle(RED_BOX, fill="red" if mode != "I;16" else 0)
    content = io.BytesIO()
    (image if image.mode == mode else image.convert(mode)).save(content, form, **saved)
    return content.getvalue()


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    image.load()
    return image


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # As the understanding document of WCAG 2.2 and public calculators have them.
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_the_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


def test_a_main_colour_that_white_text_cannot_be_read_on_is_refused_with_its_contrast():
    require_readable(Brand(main_colour="#767676", accent_colour="#ffffff"))
    with pytest.raises(Refused, match=r"#777777 has a contrast of 4\.47:1 against white.*4\.5:1.*darker"):
        require_readable(Brand(main_colour="#777777", accent_colour="#ffffff"))


def test_an_accent_that_is_not_told_from_the_main_colour_is_refused_with_its_contrast():
    require_readable(Brand(main_colour="#1f4e79", accent_colour="#f0a830"))
    with pytest.raises(Refused, match=r"#b83a34 has a contrast of 1\.\d\d:1 against the main colour #1f4e79"):
        require_readable(Brand(main_colour="#1f4e79", accent_colour="#b83a34"))


@pytest.mark.parametrize(
    "colour", ["red", "#12345", "#1234567", "#12345g", "#fff", "", "#1f4e79;}*{x:y", "#1f4e7９", "#1f4e79\n"]
)
def test_what_is_no_colour_is_refused(colour):
    with pytest.raises(Refused, match="six hexadecimal digits"):
        require_readable(Brand(main_colour=colour))


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("RGB", "PNG"),
        ("RGB", "JPEG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("L", "PNG"),
        ("1", "PNG"),
        ("I;16", "PNG"),
        ("CMYK", "JPEG"),
    ],
)
def test_every_usual_kind_of_picture_becomes_an_opaque_rgb_picture_without_its_margins(mode, form):
    made = opened(logo_png(picture(mode, form=form, ground=65535 if mode == "I;16" else "white")))

    assert made.mode == "RGB"
    assert not made.info.keys() - {"dpi"}
    # JPEG smears edges by a pixel or two.
    assert made.size == pytest.approx((20, 10), abs=0 if form == "PNG" else 6)


def test_what_is_transparent_lies_on_white():
    made = opened(logo_png(picture("RGBA", ground=(0, 0, 0, 0))))

    assert made.size == (20, 10)
    assert made.getpixel((5, 5)) == (255, 0, 0)


def test_a_large_logo_is_made_small_in_its_own_shape():
    image = Image.new("RGB", (3200, 800), "navy")
    content = io.BytesIO()
    image.save(content, "PNG")

    made = opened(logo_png(content.getvalue()))

    assert made.size == (640, 160)
    assert LOGO_PX == (640, 200)


def test_the_same_logo_gives_the_same_bytes_and_nothing_of_the_file_but_its_picture():
    described = picture(
        "RGB", form="JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00", comment=b"<script>alert(1)</script>"
    )
    trailing = picture("RGB") + b"<script>alert(1)</script>" * 100

    assert b"script" not in logo_png(described)
    assert b"script" not in logo_png(trailing)
    assert logo_png(trailing) == logo_png(picture("RGB"))


def test_a_logo_that_is_white_is_refused_for_nobody_would_see_it():
    for ground in (Image.new("RGB", (50, 20), "white"), Image.new("RGBA", (50, 20), (0, 0, 0, 0)), Image.new("L", (50, 20), 250)):
        content = io.BytesIO()
        ground.save(content, "PNG")
        with pytest.raises(Refused, match="shows nothing on white"):
            logo_png(content.getvalue())


def bomb() -> bytes:
    """A PNG of a few kB that says it has 4,000,000,000 pixels."""
    head = struct.pack(">IIBBBBB", 200_000, 20_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def text_bomb() -> bytes:
    """A PNG whose text becomes 100 MB when it is unpacked."""
    plain = picture("RGB")
    text = chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(100_000_000)))
    return plain[:33] + text + plain[33:]


def moving() -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    content = io.BytesIO()
    frames[0].save(content, "PNG", save_all=True, append_images=frames[1:])
    return content.getvalue()


def gif() -> bytes:
    content = io.BytesIO()
    Image.new("P", (20, 20)).save(content, "GIF")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no whole PNG or JPEG"),
        (b"%PDF-1.7 ", "no whole PNG or JPEG"),
        (gif(), "no whole PNG or JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no whole PNG or JPEG"),
        (picture("RGB")[:60], "cannot be read"),
        (picture("RGB").replace(b"IDAT", b"IDAX"), "no whole PNG or JPEG"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "SVG"),
        (b"\n <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (bomb(), "cannot be read|pixels"),
        (text_bomb(), "cannot be read"),
        (moving(), "moves"),
        (picture("RGB", (4001, 40)), r"4001 x 40 pixels; 4000"),
        (bytes(MAX_BYTES + 1), "1,000,000 are the most"),
    ],
    ids=["empty", "pdf", "gif", "postscript", "cut", "no data", "svg", "svg2", "bomb", "text bomb", "moving", "wide", "long"],
)  # fmt: skip
def test_what_is_no_harmless_small_picture_is_refused(content, told):
    with pytest.raises(Refused, match=told):
        logo_png(content)


def test_a_logo_fits_into_its_box_in_its_own_shape():
    logo = logo_png(picture("RGB"))

    assert fitted(logo, 44, 12) == (24, 12)
    assert fitted(logo, 10, 12) == (10, 5)


@pytest.fixture
def branded(month):
    footer = "Acme Solar Ltda. · Rua das Acácias 7, Uberlândia · CREA-MG 12345"
    return replace(month(), brand=Brand("#5b2a86", "#ffd166", footer, logo_png(picture("RGB"))))


def test_a_report_carries_the_logo_the_two_colours_and_the_line_at_the_foot_of_each_page(branded, month):
    pdf = render(branded)
    pages = PdfReader(io.BytesIO(pdf)).pages

    (image,) = pages[0].images
    assert image.image.size == (20, 10)
    assert all("CREA-MG 12345" in page.extract_text() for page in pages)
    for page in pages:
        drawn = page.get_contents().get_data()
        assert b"0.3569 0.1647 0.5255 rg" in drawn
        assert b"1 0.8196 0.4 rg" in drawn
    assert render(branded) == pdf
    assert len(list(PdfReader(io.BytesIO(render(month()))).pages[0].images)) == 0


def test_the_logo_says_whose_it_is_to_those_who_hear_the_page(branded):
    root = PdfReader(io.BytesIO(render(branded))).trailer["/Root"]["/StructTreeRoot"]
    texts = [kid.get_object().get("/Alt") for kid in root["/K"][0].get_object()["/K"]]

    assert branded.tenant_name in texts


def test_a_new_look_is_no_new_figure(branded, month):
    assert fingerprint(figures(branded)) == fingerprint(figures(month()))
