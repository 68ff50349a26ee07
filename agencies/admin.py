"""The agency itself, its members and the organizers it knows."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect

from accounts.models import User
from agencies import admin_terms  # noqa: F401 - registers
from agencies.models import Agency, Invitation, Membership, Organizer
from agencies.queries import current_agency
from agencies.services import (
    change_role,
    invite_member,
    mail_new_password_link,
    remove_member,
    set_approval_limit,
    withdraw_invitation,
)
from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, SystemWide, step
from core.admin_forms import AmountField
from core.admin_parts import Panel, Table, amount, columns, panel, pill, when
from core.memory import Remembered
from core.tenancy import acting_for, as_system


class PersonForm(forms.Form):
    email = forms.EmailField(
        help_text="An invitation is mailed there; it can be accepted for two days."
    )
    name = forms.CharField(max_length=120)


class MemberForm(PersonForm):
    role = forms.ChoiceField(choices=Membership.Role)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role)


class LimitForm(forms.Form):
    limit = AmountField(
        label="Approves up to",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=3,
        help_text="In the agency’s currency. Empty: an owner approves any amount, others none.",
    )


def invited(invitation):
    """What is said after inviting; the same whether or not the person is known."""
    return f"An invitation is on its way to {invitation.email}."


@admin.register(Agency)
class AgencyAdmin(SystemWide, BackOfficeAdmin):
    """Owners keep their own agency; the operator keeps all."""

    list_display = ["name", "slug", "host", "currency", "time_zone", "is_default"]
    search_fields = ["name", "slug", "host"]
    ordering = ["name", "pk"]
    fieldsets = [
        (
            "House",
            {
                "fields": [
                    "name",
                    "slug",
                    "host",
                    "is_default",
                    "support_email",
                    "address",
                    "tax_number",
                ]
            },
        ),
        ("Money and time", {"fields": ["currency", "time_zone"]}),
        ("What a sale costs you", {"fields": ["sale_cost_percent", "sale_cost_fixed"]}),
        ("Disputes", {"fields": ["when_disputed"]}),
        ("Suspicious sales", {"fields": ["suspicious_from", "locks_suspicious"]}),
        ("Bank transfers", {"fields": ["bank_account", "bank_holder", "transfer_days"]}),
        ("Credit of guests", {"fields": ["credit_days"]}),
        (
            "Buying",
            {
                "fields": [
                    *("purchasing_email", "approval_above"),
                    *("invoice_tolerance_percent", "invoice_tolerance"),
                ]
            },
        ),
    ]
    steps = ["add_owner"]

    def get_readonly_fields(self, request, obj=None):
        if request.user.is_superuser:
            return ["currency"] if obj else []
        return ["slug", "host", "is_default", "currency"]

    def thing(self, request, object_id):
        if not request.user.is_superuser:
            return super().thing(request, object_id)
        with as_system():
            return super().thing(request, object_id)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        Remembered.forget_everything()

    @step("Invite an owner", is_page=True)
    def add_owner(self, request, agency):
        form = PersonForm(request.POST or None)
        return self.form_page(
            request,
            form,
            lambda form: self._owner_added(request, agency, form),
            title=f"Invite an owner: {agency}",
            submit="Send the invitation",
        )

    def _owner_added(self, request, agency, form):
        with acting_for(agency.pk):
            invitation = invite_member(**form.cleaned_data, role=Membership.Role.OWNER)
        return self.back(request, agency, done=invited(invitation))


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["person", "email", "role", "approves", "last_login"]
    list_filter = ["role"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name"]
    ordering = ["user__name", "pk"]
    fields = ["person", "email", "role", "approves", "last_login"]
    readonly_fields = fields
    steps = ["change_role", "set_limit", "new_password", "remove"]
    export_columns = {"Name": "user__name", "E-mail": "user__email", "Role": "role"}

    def has_add_permission(self, request):
        return self.may(request, "add")

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MemberForm(request.POST or None)
        return self.form_page(
            request,
            form,
            lambda form: self._added(request, form),
            title="Invite a member",
            submit="Send the invitation",
        )

    def _added(self, request, form):
        messages.success(request, invited(invite_member(**form.cleaned_data)))
        return HttpResponseRedirect(self.list_address())

    @admin.display(description="Name", ordering="user__name")
    def person(self, member):
        return str(member.user)

    @admin.display(description="E-mail", ordering="user__email")
    def email(self, member):
        return member.user.email

    @admin.display(description="Approves up to", ordering="approval_limit")
    def approves(self, member):
        if member.approval_limit is not None:
            return amount(member.approval_limit, current_agency().currency)
        return "any amount" if member.role == Membership.Role.OWNER else "nothing"

    @admin.display(description="Last sign-in", ordering="user__last_login")
    def last_login(self, member):
        return member.user.last_login

    @step("Change the role", is_page=True, tone="primary")
    def change_role(self, request, member):
        form = RoleForm(request.POST or None, initial={"role": member.role})
        return self.form_page(
            request,
            form,
            lambda form: self._changed(request, member, form.cleaned_data["role"]),
            title=f"Role of {member.user}",
            submit="Change",
        )

    def _changed(self, request, member, role):
        change_role(member=member, role=role)
        return self.back(request, member, done=f"{member.user} now has another role.")

    @step("Change what they approve", is_page=True)
    def set_limit(self, request, member):
        return self.form_page(
            request,
            LimitForm(
                request.POST if request.method == "POST" else None,
                initial={"limit": member.approval_limit},
            ),
            lambda form: self._limited(request, member, form.cleaned_data["limit"]),
            title=f"What {member.user} approves",
            note="Orders above the agency’s limit and payment runs need the approval of somebody "
            "else than who made them.",
            thing=member,
            submit="Change",
        )

    def _limited(self, request, member, limit):
        set_approval_limit(member=member, limit=limit)
        return self.back(request, member, done=f"What {member.user} approves is changed.")

    @step(
        "Mail a link for a new password",
        says="Only who reads the mail can set it, within an hour. Until then the old password works.",
    )
    def new_password(self, request, member):
        mail_new_password_link(member)
        return f"A link is on its way to {member.user.email}."

    @step("Remove", tone="danger", says="The account stays, but opens nothing here any more.")
    def remove(self, request, member):
        remove_member(member=member)
        messages.success(request, f"{member.user} is no longer a member.")
        return HttpResponseRedirect(self.list_address())


def is_waiting(invitation):
    return invitation.accepted_at is None


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was invited. The mailed link opens nothing once it is used, withdrawn or too old."""

    list_display = ["email", "name", "role", "state", "made", "ends"]
    list_filter = ["role", ("accepted_at", admin.EmptyFieldListFilter)]
    search_fields = ["email", "name"]
    ordering = ["-made_at", "pk"]
    fields = list_display
    readonly_fields = fields
    steps = ["withdraw"]

    @admin.display(description="State", ordering="accepted_at")
    def state(self, invitation):
        return pill("PENDING", "Waiting") if is_waiting(invitation) else pill("done", "Accepted")

    @admin.display(description="Invited", ordering="made_at")
    def made(self, invitation):
        return when(invitation.made_at)

    @admin.display(description="Ends", ordering="expires_at")
    def ends(self, invitation):
        return when(invitation.expires_at)

    @step("Withdraw", when=is_waiting, tone="danger", says="The link in the mail opens nothing.")
    def withdraw(self, request, invitation):
        withdraw_invitation(invitation.pk)
        messages.success(request, f"The invitation to {invitation.email} is withdrawn.")
        return HttpResponseRedirect(self.list_address())


@admin.register(Organizer)
class OrganizerAdmin(BackOfficeAdmin):
    list_display = ["name", "email", "user"]
    list_select_related = ["user"]
    search_fields = ["name", "email"]
    ordering = ["name", "pk"]
    fields = ["name", "email", "user"]
    export_columns = {"Name": "name", "E-mail": "email"}

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(memberships__isnull=False).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@panel("accounts.user", needs="accounts.user")
def memberships(request, user):
    """Where a person works, for the operator."""
    with as_system():
        held = list(Membership.objects.filter(user=user).order_by("role", "pk"))
        names = dict(Agency.objects.values_list("pk", "name"))
    rows = [[names.get(each.agency_id), each.get_role_display()] for each in held]
    return Panel("Works for", Table(columns("Agency", "Role"), rows, empty="Nobody yet."))
