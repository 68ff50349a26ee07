"""Who works for the agency: members come, change and go, but the last owner stays."""

from accounts.admin import first_password
from accounts.models import User
from agencies.models import Membership
from core.errors import DomainError
from core.locks import lock
from core.tenancy import as_system
from core.transactions import use_case

OWNER = Membership.Role.OWNER


class MemberRefused(DomainError):
    """The membership cannot be made or changed like this; the sentence says why."""

    code = "member_refused"


@use_case
def add_member(*, email, name, role):
    """Makes the person with this e-mail a member of the current agency; returns (Membership, password).

    The password is empty for somebody who has an account already.
    """
    user = User.objects.filter(email__iexact=email).first()
    if user and Membership.objects.filter(user=user).exists():
        raise MemberRefused(f"{user} is a member already. Change the role instead.")
    password = "" if user else first_password()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return Membership.objects.create(user=user, role=role), password


@use_case
def change_role(*, member, role):
    """Gives a member another role; refuses to leave the agency without an owner."""
    _keep_an_owner(member, unless=role == OWNER)
    Membership.objects.filter(pk=member.pk).update(role=role)


@use_case
def remove_member(*, member):
    """Ends a membership; the person's account stays. Refuses to remove the last owner."""
    _keep_an_owner(member, unless=False)
    Membership.objects.filter(pk=member.pk).delete()


def _keep_an_owner(member, *, unless):
    owners = {held.pk for held in lock(Membership.objects.filter(role=OWNER))}
    if owners == {member.pk} and not unless:
        raise MemberRefused("This is the last owner. Make somebody else an owner first.")


def new_password_for(member):
    """A new password for somebody who works for this agency only; refuses for others."""
    with as_system():
        elsewhere = Membership.objects.filter(user=member.user).exclude(pk=member.pk).exists()
    if elsewhere or member.user.is_superuser:
        raise MemberRefused(
            f"{member.user} also works elsewhere, so only the platform can give a new password."
        )
    password = first_password()
    member.user.set_password(password)
    member.user.save(update_fields=["password"])
    return password
