"""The terms of sale: published once, never changed; the newest counts."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from unfold.widgets import UnfoldAdminTextareaWidget

from agencies.models import TermsOfSale
from agencies.queries import current_terms
from agencies.terms import publish_terms
from core.admin_base import ReadOnlyAdmin
from core.admin_parts import when


class TermsForm(forms.Form):
    text = forms.CharField(
        label="The text that buyers accept",
        required=False,
        max_length=100_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24}),
        help_text="Plain text; an empty line begins a new paragraph. From now on nobody pays on the "
        "site, or with a key over the API, without having accepted it. Empty: nothing is asked for.",
    )


@admin.register(TermsOfSale)
class TermsOfSaleAdmin(ReadOnlyAdmin):
    list_display = ["published", "version", "person", "begins"]
    list_filter = [("published_at", admin.DateFieldListFilter)]
    list_select_related = ["published_by"]
    search_fields = ["text", "digest"]
    ordering = ["-published_at", "-pk"]
    fields = ["published", "version", "person", "text"]
    readonly_fields = fields
    export_columns = {"Published": "published_at", "Version": "digest", "Text": "text"}

    @admin.display(description="Published", ordering="published_at")
    def published(self, terms):
        return when(terms.published_at)

    @admin.display(description="Version", ordering="digest")
    def version(self, terms):
        return terms.digest

    @admin.display(description="By", ordering="published_by__name")
    def person(self, terms):
        return str(terms.published_by or "–")

    @admin.display(description="Begins")
    def begins(self, terms):
        return terms.text[:60] or "Nothing is asked for"

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        counts = current_terms()
        form = TermsForm(request.POST or None, initial={"text": counts.text if counts else ""})

        def work(form):
            made = publish_terms(form.cleaned_data["text"], by=request.user)
            return self.back(
                request, made, done="It counts from now on; what was accepted stays so."
            )

        return self.form_page(
            request, form, work, title="Publish terms of sale", submit="Publish this text"
        )
