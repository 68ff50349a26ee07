"""A JSON file from the web, for operators: one address, no redirects, a limit to size and to time."""

import time

import requests

from core.errors import Invalid

LARGEST = 20 << 20  # bytes, as of a file that is uploaded
SECONDS = 30
CONNECT_SECONDS = 5
CHUNK = 64 << 10


class DownloadRefused(Invalid):
    """Nothing that could be read came from that address."""

    code = "download_refused"


def is_address(text):
    return text.lower().startswith(("http://", "https://"))


def download(url):
    """The bytes of the JSON at an http(s) address; raises DownloadRefused. The address is not repeated
    in the reason, for it may carry a key."""
    deadline = time.monotonic() + SECONDS
    try:
        with requests.get(
            url,
            headers={"Accept": "application/json"},
            stream=True,
            timeout=(CONNECT_SECONDS, CONNECT_SECONDS),
            allow_redirects=False,
        ) as answer:
            _check(answer)
            return _read(answer, deadline)
    except (requests.RequestException, ValueError) as error:
        raise DownloadRefused(f"The address did not answer ({type(error).__name__}).") from error


def _check(answer):
    if answer.status_code != requests.codes.ok:
        raise DownloadRefused(f"The address answered {answer.status_code}, not 200.")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise DownloadRefused(f"The address answered with {kind or 'no type'}, not with JSON.")


def _read(answer, deadline):
    content = bytearray()
    for chunk in answer.iter_content(CHUNK):
        content += chunk
        if len(content) > LARGEST:
            raise DownloadRefused(f"The file is larger than {LARGEST >> 20} MB.")
        if time.monotonic() > deadline:
            raise DownloadRefused(f"The file did not arrive within {SECONDS} seconds.")
    return bytes(content)
