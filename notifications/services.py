"""Sending a message once: the row first, unique per fact and recipient, then the mail."""

from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.template.loader import render_to_string

from agencies.queries import current_agency, site_of
from notifications.models import Message


def send_once(*, kind, subject_id, recipient, context, attachments=None):
    """Renders `notifications/mail_<kind>.{subject,txt,html}` and sends it unless it was sent before.

    `attachments` is a function giving [(filename, bytes, type)], called only when it is needed.
    A crash between sending and noting it can send twice; the Message-ID stays the same. What goes
    wrong is noted and raised: the outbox tries again.
    """
    message, _ = Message.objects.get_or_create(
        kind=kind, subject_id=subject_id, recipient=recipient
    )
    if message.status == Message.Status.SENT:
        return message
    try:
        mail = _mail(message, context, attachments() if attachments else [])
        mail.send()
    except Exception:
        Message.objects.filter(pk=message.pk).update(status=Message.Status.FAILED)
        raise
    Message.objects.filter(pk=message.pk).update(
        status=Message.Status.SENT, subject=mail.subject[:200], sent_at=Now()
    )
    return message


def was_sent(*, kind, subject_id, recipient):
    """Whether this message has gone out."""
    known = Message.objects.filter(kind=kind, subject_id=subject_id, recipient=recipient)
    return known.filter(status=Message.Status.SENT).exists()


def _mail(message, context, attachments):
    agency = current_agency()
    context = {**context, "agency": agency, "site": site_of(agency)}
    stem = f"notifications/mail_{message.kind}"
    subject = " ".join(render_to_string(f"{stem}.subject", context).split())
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"{stem}.txt", context),
        from_email=formataddr((agency.name, settings.DEFAULT_FROM_EMAIL)),
        to=[message.recipient],
        reply_to=[agency.support_email] if agency.support_email else None,
        headers={"Message-ID": f"<{message.pk}@{settings.DEFAULT_FROM_EMAIL.partition('@')[2]}>"},
    )
    mail.attach_alternative(render_to_string(f"{stem}.html", context), "text/html")
    for attachment in attachments:
        mail.attach(*attachment)
    return mail
