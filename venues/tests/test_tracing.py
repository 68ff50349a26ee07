"""Pictures to draw along: how much memory reading one may take."""

import subprocess
import sys
from io import BytesIO

from PIL import Image

from venues.tracing import LONGEST_SIDE, picture_of

TURNED = 6  # the camera was held upright
READ = """
import sys
from venues.tracing import picture_of

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

body = sys.stdin.buffer.read()
before = peak()
picture = picture_of(body)
print(picture.columns, picture.lines, (peak() - before) // 1024)
"""


def photograph(columns, lines):
    exif = Image.Exif()
    exif[0x0112] = TURNED
    written = BytesIO()
    Image.new("L", (columns, lines), 200).save(written, "JPEG", exif=exif)
    return written.getvalue()


def test_a_photograph_of_many_pixels_is_made_small_before_it_is_turned():
    """In a process of its own, for only the most it ever took can be asked."""
    body = photograph(7_000, 5_600)
    answer = subprocess.run([sys.executable, "-c", READ], input=body, capture_output=True)
    columns, lines, megabytes = map(int, answer.stdout.split())
    assert (columns, lines) == (2_800, 3_500)
    assert megabytes < 150


def test_a_picture_that_is_long_and_turned_keeps_its_shape():
    picture = picture_of(photograph(5_000, 100))
    assert (picture.columns, picture.lines) == (80, LONGEST_SIDE)
