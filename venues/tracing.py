"""A picture that is drawn along: whether bytes are one, and where it lies under the plan."""

from dataclasses import dataclass
from io import BytesIO
from math import isfinite

from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import Invalid
from venues.importers import reading

MOST_BYTES = 10 << 20
MOST_PIXELS = {"JPEG": 40_000_000, "PNG": 16_000_000}  # a JPEG can be read at half its size
LONGEST_SIDE = 4_000  # pixels; a larger picture is made smaller
FORMATS = ("PNG", "JPEG")
QUALITY = 88
FARTHEST = 10_000_000  # plan units, as for seats
UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError)


class NotAPicture(Invalid):
    """What was sent cannot be laid under a plan."""

    code = "not_a_picture"


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and its size in pixels."""

    content: bytes
    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Plan units, and percent."""

    x: float
    y: float
    width: float
    opacity: int


def picture_of(content):
    """The Picture in the bytes of a PNG or JPEG file, whatever its name says. Its pixels are written
    anew on white, so that nothing else of the file (a place, a comment, a second file) is kept.

    Raises NotAPicture.
    """
    if len(content) > MOST_BYTES:
        raise NotAPicture(f"This picture is larger than {MOST_BYTES >> 20} MB. Make it smaller.")
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as found:
            form = "PNG" if found.format == "PNG" else "JPEG"  # or a JPEG of several pictures
            most = MOST_PIXELS[form]
            if found.width * found.height > most:
                raise NotAPicture(
                    f"This picture has {found.width:,} × {found.height:,} pixels; at most "
                    f"{most:,} are possible in a {form}. Make it smaller."
                )
            return _on_white(found)
    except Image.DecompressionBombError:
        raise NotAPicture("This picture has too many pixels. Make it smaller.") from None
    except UNREADABLE:
        raise NotAPicture(
            "This file is not a picture that can be read. Choose a sound PNG or JPEG."
        ) from None


def _on_white(found):
    """Made small before it is turned and copied: a pixel takes four bytes each time."""
    if found.width * found.height > MOST_PIXELS["PNG"]:
        found.draft(None, (found.width // 2, found.height // 2))
    image = found.convert("RGBA") if found.mode in ("1", "P") else found
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    image = ImageOps.exif_transpose(image).convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    written = BytesIO()
    white.save(written, "JPEG", quality=QUALITY)
    return Picture(written.getvalue(), *white.size)


def placement_of(form):
    """The Placement that a browser sent. Raises Invalid naming what is wrong."""
    x, y, width, opacity = (
        reading.number(form.get(name), float("nan")) for name in Placement.__dataclass_fields__
    )
    if not all(isfinite(value) and abs(value) <= FARTHEST for value in (x, y)):
        raise Invalid(f"The picture lies at most {FARTHEST:,} units from the middle of the plan.")
    if not 1 <= width <= FARTHEST:
        raise Invalid(f"The picture is from 1 to {FARTHEST:,} units wide.")
    if not 5 <= opacity <= 100:
        raise Invalid("The picture is from 5 to 100 % opaque.")
    return Placement(x, y, width, round(opacity))
