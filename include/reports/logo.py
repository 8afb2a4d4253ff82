"""A logo that somebody gave becomes a small PNG of our own: nothing of the file goes on but what it shows."""

import io
import struct
import zlib
from typing import Final

from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from include.core.errors import Refused

MAX_BYTES: Final = 1_000_000
MAX_SIDE_PX: Final = 4_000
LOGO_PX: Final = (640, 200)
"""The largest that a logo is kept: 320 pixels per inch at its size on paper."""

_FORMATS: Final = ("PNG", "JPEG")
_FAINT: Final = 16
"""A difference to white that nobody sees on paper."""
_UNREADABLE: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def logo_png(content: bytes) -> bytes:
    """The picture of a PNG or JPEG on white, its blank margins cut off, as an RGB PNG of at most `LOGO_PX`.

    The same bytes give the same PNG. Raises `Refused` for another type, what cannot be read, what is too large, moves, or shows
    nothing on white.
    """
    if len(content) > MAX_BYTES:
        raise Refused(f"the logo has {len(content):,} bytes; {MAX_BYTES:,} are the most: export it smaller")
    try:
        shown = _on_white(_still(content))
    except UnidentifiedImageError as error:
        raise Refused("the logo is no whole PNG or JPEG; export it as PNG") from error
    except _UNREADABLE as error:
        raise Refused(f"the logo cannot be read as PNG or JPEG ({error}); export it again as PNG") from error
    box = _visible(shown)
    if box is None:
        raise Refused("the logo shows nothing on white; give the one that is made for a light ground")
    shown = shown.crop(box)
    shown.thumbnail(LOGO_PX, Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    shown.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def fitted(png: bytes, width: float, height: float) -> tuple[float, float]:
    """Width and height of a logo as large as it fits into a box."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        scale = min(width / picture.width, height / picture.height)
        return picture.width * scale, picture.height * scale


def _still(content: bytes) -> Image.Image:
    """The one picture of a file, its pixels not yet read where they are too many."""
    if content.lstrip()[:5].lower() in {b"<?xml", b"<svg "}:
        raise Refused("the logo is an SVG, which may hold programs and other files' addresses; export it as PNG, 640 pixels wide")
    image = Image.open(io.BytesIO(content), formats=_FORMATS)
    if max(image.size) > MAX_SIDE_PX:
        raise Refused(
            f"the logo has {image.width} x {image.height} pixels; {MAX_SIDE_PX} are the most on a side: export it smaller"
        )
    if getattr(image, "is_animated", False):
        raise Refused("the logo moves; export one picture of it as PNG")
    image.load()
    return ImageOps.exif_transpose(image)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey; what is beyond 8 would be cut off, not scaled.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    seen = image.convert("RGBA")
    ground = Image.new("RGBA", seen.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, seen).convert("RGB")


def _visible(image: Image.Image) -> tuple[int, int, int, int] | None:
    distance = ImageChops.invert(image).convert("L")
    return distance.point(lambda value: 255 if value > _FAINT else 0).getbbox()
