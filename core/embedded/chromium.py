"""Find the Chromium that drives the browser tests; nothing is downloaded."""

import os
import shutil

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_chromium():
    """The path of the program, or None; TESSERA_NO_BROWSER=1 says not to look."""
    if os.environ.get("TESSERA_NO_BROWSER"):
        return None
    return next(filter(None, map(shutil.which, NAMES)), None)
