"""The printed code is read back, also when it is small, turned, blurred, dirty or cracked."""

import re
import uuid
import xml.etree.ElementTree as ET

import pytest
import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from tickets import qr, symbols
from tickets.codes import sign
from tickets.keys import derive

KEY_ID = b"test"
KEY = derive(b"a signing secret that only this test knows about", KEY_ID)
INCH = 2.54  # cm


def code(number):
    """A code like those sold; each number gives another one, always the same."""
    ticket, event = (uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {number}") for kind in ("t", "e"))
    return sign(KEY, KEY_ID, ticket=ticket, event=event, generation=1)


def picture(text, *, centimetres, dpi):
    """The symbol as a scan of a print: black on white, `centimetres` wide without quiet zone."""
    rows = qr.matrix(text)
    fine = Image.new("L", [(len(rows) + 2 * qr.QUIET_ZONE) * 8] * 2, 255)
    pen = ImageDraw.Draw(fine)
    for x, y, length in qr.runs(rows):
        left, top = ((n + qr.QUIET_ZONE) * 8 for n in (x, y))
        pen.rectangle((left, top, left + 8 * length - 1, top + 7), fill=0)
    pixels = centimetres / INCH * dpi * fine.width / (8 * len(rows))
    return fine.resize([round(pixels)] * 2, Image.Resampling.BOX)


def read(image):
    return [found.text for found in zxingcpp.read_barcodes(image)]


def test_a_ticket_code_makes_a_version_7_symbol():
    assert {len(qr.matrix(code(n))) for n in range(1, 9)} == {45}


def test_the_same_text_makes_the_same_symbol():
    assert qr.matrix(code(1)) == qr.matrix(code(1))


def by_the_library(text):
    """The symbol as the library makes it from beginning to end."""
    symbol = qrcode.QRCode(border=0, error_correction=symbols.LEVEL, mask_pattern=symbols.MASK)
    symbol.add_data(text, optimize=0)
    symbol.make()
    return [list(map(bool, row)) for row in symbol.modules]


@pytest.mark.parametrize("kind", ["A7:", "a7&é"])
def test_symbols_of_every_length_are_those_of_the_library(kind):
    letters = kind * 100
    for length in (*range(1, 60), 125, 174, 175, 300):
        assert qr.matrix(letters[:length]) == by_the_library(letters[:length]), length
    assert qr.matrix(code(1)) == by_the_library(code(1))


def test_the_largest_symbols_are_those_of_the_library_and_what_is_longer_is_refused():
    for text in ("Z" * 3391, "z" * 2331):
        assert qr.matrix(text) == by_the_library(text)
        with pytest.raises(ValueError, match="too long"):
            qr.matrix(text + "z")


@pytest.mark.parametrize("number", range(1, 21))
def test_a_code_two_centimetres_wide_is_read_at_150_dpi(number):
    assert read(picture(code(number), centimetres=2, dpi=150)) == [code(number)]


@pytest.mark.parametrize("degrees", [-12, -5, 3, 8, 33, 90, 180])
def test_a_turned_code_is_read(degrees):
    image = picture(code(2), centimetres=2, dpi=150)
    assert read(image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)) == [
        code(2)
    ]


@pytest.mark.parametrize("pixels", [0.5, 0.8, 1.1])
def test_a_blurred_and_turned_code_is_read(pixels):
    image = picture(code(3), centimetres=2, dpi=150)
    turned = image.rotate(4, Image.Resampling.BICUBIC, fillcolor=255)
    assert read(turned.filter(ImageFilter.GaussianBlur(pixels))) == [code(3)]


def test_a_pale_code_on_grey_paper_is_read():
    image = picture(code(4), centimetres=2, dpi=150).point(lambda tone: 110 + tone * 60 // 255)
    assert read(image) == [code(4)]


def test_a_code_on_a_cracked_screen_is_read():
    image = picture(code(5), centimetres=3.2, dpi=150)
    crack = ImageDraw.Draw(image)
    crack.line((0, 60, image.width, 140), fill=255, width=2)
    crack.line((120, 0, 95, image.height), fill=128, width=2)
    assert read(image) == [code(5)]


def test_the_page_picture_is_one_path_and_carries_no_style():
    drawing = qr.svg(code(6), label="Code of <ticket>")
    root = ET.fromstring(drawing)  # noqa: S314 - our own text
    assert root.get("viewBox") == "0 0 53 53"
    assert root.get("aria-label") == "Code of <ticket>"
    assert [path.get("fill") for path in root] == ["#fff", "#000"]
    assert "style" not in drawing


def test_the_path_covers_the_dark_modules_and_keeps_the_quiet_zone():
    rows = qr.matrix(code(6))
    drawn = [[False] * len(row) for row in rows]
    for x, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", qr.svg_path(rows)):
        assert length == back
        for step in range(int(length)):
            drawn[int(y) - qr.QUIET_ZONE][int(x) - qr.QUIET_ZONE + step] = True
    assert drawn == rows
