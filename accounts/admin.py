"""People and keys. Users belong to the platform; an agency knows its people as members."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey, User
from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, SystemWide, step
from core.admin_parts import pill
from core.ids import reference

for replaced in (Group, AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(replaced)


def first_password():
    """A password that can be read aloud, to be shown once."""
    letters = reference(16)
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


class NewUserForm(forms.Form):
    email = forms.EmailField()
    name = forms.CharField(max_length=120)
    is_superuser = forms.BooleanField(label="Platform operator", required=False)

    def clean_email(self):
        email = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody with this e-mail is known already.")
        return email


@admin.register(User)
class UserAdmin(SystemWide, BackOfficeAdmin):
    list_display = ["email", "name", "is_staff", "is_superuser", "is_active", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "name"]
    ordering = ["email", "pk"]
    fields = ["email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined"]
    readonly_fields = ["last_login", "date_joined"]
    steps = ["new_password"]

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewUserForm(request.POST or None)
        return self.form_page(
            request, form, lambda form: self._added(request, form), title="New user", submit="Add"
        )

    def _added(self, request, form):
        password = first_password()
        user = User.objects.create_user(password=password, is_staff=True, **form.cleaned_data)
        return self._show(request, user, password)

    @step(
        "Give a new password",
        tone="danger",
        says="The old password stops working. The new one is shown once.",
    )
    def new_password(self, request, user):
        password = first_password()
        user.set_password(password)
        user.save(update_fields=["password"])
        return self._show(request, user, password)

    def _show(self, request, user, password):
        return self.page(
            request,
            "admin/secret.html",
            title=f"Password of {user}",
            secret=password,
            words="Pass it on over a safe way. The person should change it after signing in.",
        )


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed sign-ins; deleting one lets the person try again at once."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    list_filter = [("attempt_time", admin.DateFieldListFilter)]
    search_fields = ["username", "ip_address"]
    ordering = ["-attempt_time", "-pk"]
    fields = ["attempt_time", "username", "ip_address", "failures_since_start", "user_agent"]

    def has_delete_permission(self, request, obj=None):
        return self.may(request, "delete")


class NewKeyForm(forms.Form):
    name = forms.CharField(
        max_length=80, help_text="Who will use it, so that it can be found again."
    )
    role = forms.ChoiceField(
        help_text="A gate’s key serves every gate, and its device names one when it signs in. For one "
        "gate only, make the key on that gate’s page. A staff key does what you may do yourself."
    )
    expires_at = forms.SplitDateTimeField(
        label="Ends",
        required=False,
        help_text="Empty: it works until it is revoked.",
        widget=forms.SplitDateTimeWidget(date_attrs={"type": "date"}, time_attrs={"type": "time"}),
    )

    def __init__(self, *args, roles, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role, role.label) for role in roles]


def is_usable(key):
    return key.revoked_at is None


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "role", "ends_in", "state", "created_at", "expires_at"]
    list_filter = ["role", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "hint"]
    ordering = ["-created_at", "pk"]
    fields = ["name", "role", "ends_in", "state", "created_at", "expires_at", "revoked_at"]
    steps = ["revoke"]

    def has_add_permission(self, request):
        return self.may(request, "add")

    def _roles(self, request):
        """Everybody may have keys that act as himself; keys that reach farther than the gates are
        for who keeps the agency."""
        own = ApiKey.Role.STAFF
        if self.admin_site.allows(request, "change", "agencies.agency"):
            return [ApiKey.Role.PARTNER, ApiKey.Role.PROMOTER, ApiKey.Role.GATE, own]
        if self.admin_site.allows(request, "change", "tickets.gate"):
            return [ApiKey.Role.GATE, own]
        return [own]

    def get_queryset(self, request):
        keys = super().get_queryset(request)
        if self.admin_site.allows(request, "change", "agencies.agency"):
            return keys
        shown = Q(user=request.user)
        if self.admin_site.allows(request, "change", "tickets.gate"):
            shown |= Q(role=ApiKey.Role.GATE)
        return keys.filter(shown)

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewKeyForm(request.POST or None, roles=self._roles(request))
        return self.form_page(
            request, form, lambda form: self._made(request, form), title="New key", submit="Make it"
        )

    def _made(self, request, form):
        is_own = form.cleaned_data["role"] == ApiKey.Role.STAFF
        user = request.user if is_own else None
        key, secret = ApiKey.objects.make(user=user, **form.cleaned_data)
        return self.page(
            request,
            "admin/secret.html",
            title=f"Key {key.name}",
            secret=secret,
            words="Only its fingerprint is kept, so it cannot be shown again.",
        )

    @admin.display(description="Ends in", ordering="hint")
    def ends_in(self, key):
        return f"…{key.hint}"

    @admin.display(description="State", ordering="revoked_at")
    def state(self, key):
        return pill("CANCELLED", "Revoked") if key.revoked_at else pill("ACTIVE", "In use")

    @step(
        "Revoke",
        when=is_usable,
        tone="danger",
        says="Nothing works with this key any more, and it cannot be brought back.",
    )
    def revoke(self, request, key):
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())
        return f"{key.name} is revoked; within a few seconds nothing works with it any more."
