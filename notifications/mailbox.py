"""Mail of the demo and of tests: kept as files and shown on a page instead of being sent."""

import email
import email.policy
import time
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin

SHOWN = 100


class EmailBackend(BaseEmailBackend):
    """Writes each message as `<time>-<number>.eml` into MAIL_DIR."""

    def open(self):
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        return True

    def send_messages(self, email_messages):
        self.open()
        for message in email_messages:
            name = f"{time.time_ns()}.eml"
            unfinished = settings.MAIL_DIR / f".{name}"
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(settings.MAIL_DIR / name)
        return len(email_messages)


def read(file):
    """An .eml file as an EmailMessage."""
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)


def messages():
    """Files of MAIL_DIR, newest first, 100 at most."""
    return sorted(settings.MAIL_DIR.glob("[0-9]*.eml"), reverse=True)[:SHOWN]


def mailbox(request):
    """The demo's mailbox: what would have been sent."""
    listed = [{"name": file.stem, "mail": read(file)} for file in messages()]
    return render(request, "notifications/mailbox.html", {"messages_sent": listed})


def message(request, name):
    """One mail: its headers, its parts, its attachments."""
    mail = read(_file(name))
    body = mail.get_body(preferencelist=("plain",))
    return render(
        request,
        "notifications/mailbox_message.html",
        {
            "name": name,
            "mail": mail,
            "text": body.get_content() if body else "",
            "has_html": mail.get_body(preferencelist=("html",)) is not None,
            "attachments": [part.get_filename() for part in mail.iter_attachments()],
        },
    )


@xframe_options_sameorigin
def message_html(request, name):
    """The HTML part as it is, in a frame that may load and run nothing."""
    body = read(_file(name)).get_body(preferencelist=("html",))
    response = HttpResponse(body.get_content() if body else "")
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline';"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return response


def attachment(request, name, filename):
    """A file that was attached, as a download."""
    for part in read(_file(name)).iter_attachments():
        if part.get_filename() == filename:
            return HttpResponse(part.get_content(), content_type=part.get_content_type())
    raise Http404


def _file(name):
    file = Path(settings.MAIL_DIR) / f"{int(name)}.eml"
    if not file.is_file():
        raise Http404
    return file


def mailbox_urls():
    """The mailbox's pages; none in production."""
    if settings.PRODUCTION:
        return []
    return [
        path("mailbox/", mailbox, name="mailbox"),
        path("mailbox/<int:name>/", message, name="message"),
        path("mailbox/<int:name>/html/", message_html, name="message_html"),
        path("mailbox/<int:name>/<str:filename>", attachment, name="message_file"),
    ]
