"""Who works for the agency: people are invited, come, change and go, but the last owner stays.

Accounts belong to their people. An agency never sets a password and never touches an account: it
mails a link, and what follows is done by whoever reads the mail.
"""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.models import User
from agencies.facts import MemberInvited, NewPasswordAsked
from agencies.models import Invitation, Membership
from agencies.queries import current_agency
from core.errors import DomainError
from core.ids import uuid7
from core.locks import lock
from core.money import Money
from core.outbox import record
from core.transactions import use_case

OWNER = Membership.Role.OWNER
LIFE = timedelta(days=2)


class MemberRefused(DomainError):
    """The membership cannot be made or changed like this; the sentence says why."""

    code = "member_refused"


class InvitationOver(DomainError):
    """The invitation was used, withdrawn, replaced by a newer one, or is too old."""

    code = "invitation_over"


@use_case
def invite_member(*, email, name, role):
    """Mails an invitation to work for the current agency; returns the Invitation.

    It is the same whether or not somebody has an account with this e-mail, and changes none. An
    earlier invitation to the address ends. Raises MemberRefused for who is a member already.
    """
    member = Membership.objects.filter(user__in=_known_by(email)).first()
    if member:
        raise MemberRefused(f"{member.user} is a member already. Change the role instead.")
    Invitation.objects.filter(Q(email__iexact=email), accepted_at=None).delete()
    invitation = Invitation.objects.create(
        email=User.objects.normalize_email(email), name=name, role=role, expires_at=Now() + LIFE
    )
    record(MemberInvited(invitation_id=invitation.pk))
    return invitation


@use_case
def accept_invitation(invitation_id, *, password=None):
    """Makes the invited person a member; returns the Membership. For who reads the mailed link.

    An account there is keeps its name and password; otherwise one is made with `password`. Raises
    InvitationOver.
    """
    found = lock(Invitation.objects.open().filter(pk=invitation_id))
    if not found:
        raise InvitationOver("This invitation is over. Ask for a new one.")
    [invitation] = found
    user = account_of(invitation) or User.objects.create_user(
        invitation.email, password, name=invitation.name
    )
    User.objects.filter(pk=user.pk).update(is_staff=True)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=Now())
    return Membership.objects.get_or_create(user=user, defaults={"role": invitation.role})[0]


def account_of(invitation):
    """The User who has an account with the invited e-mail, or None."""
    return _known_by(invitation.email).first()


def _known_by(email):
    return User.objects.alias(lower=Lower("email")).filter(lower=email.lower())


@use_case
def withdraw_invitation(invitation_id):
    """The mailed link opens nothing any more; returns whether there was still something to end."""
    return bool(Invitation.objects.filter(pk=invitation_id, accepted_at=None).delete()[0])


@use_case
def mail_new_password_link(member):
    """Mails a member a link with which only who reads the mail can set a new password."""
    record(NewPasswordAsked(user_id=member.user_id, request_id=uuid7()))


@use_case
def change_role(*, member, role):
    """Gives a member another role; refuses to leave the agency without an owner."""
    _keep_an_owner(member, unless=role == OWNER)
    Membership.objects.filter(pk=member.pk).update(role=role)


@use_case
def set_approval_limit(*, member, limit):
    """Up to which amount a member approves (a Decimal of the agency's currency), or None for what the
    role allows. Raises WrongScale."""
    if limit is not None:
        limit = Money(limit, current_agency().currency).amount
    Membership.objects.filter(pk=member.pk).update(approval_limit=limit)


@use_case
def remove_member(*, member):
    """Ends a membership; the person's account stays. Refuses to remove the last owner."""
    _keep_an_owner(member, unless=False)
    Membership.objects.filter(pk=member.pk).delete()


def _keep_an_owner(member, *, unless):
    owners = {held.pk for held in lock(Membership.objects.filter(role=OWNER))}
    if owners == {member.pk} and not unless:
        raise MemberRefused("This is the last owner. Make somebody else an owner first.")
