"""The entries of draws: looked at, filtered, exported, withdrawn for who asks for it."""

from django.contrib import admin
from django.db.models import F

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import linked, pill, when
from customers import draws
from customers.draws.forms import WhyOutForm
from customers.models import DrawEntry, DrawStatus


class BecameFilter(admin.SimpleListFilter):
    title = "what became of it"
    parameter_name = "became"

    def lookups(self, request, model_admin):
        return [("in", "In"), ("reserve", "On the reserve list"), ("gone", "Withdrawn")]

    def queryset(self, request, queryset):
        living = queryset.filter(withdrawn_at=None, draw__status=DrawStatus.DRAWN)
        return {
            "in": living.filter(rank__lte=F("draw__let_in")),
            "reserve": living.filter(rank__gt=F("draw__let_in")),
            "gone": queryset.exclude(withdrawn_at=None),
        }.get(self.value(), queryset)


@admin.register(DrawEntry)
class DrawEntryAdmin(ReadOnlyAdmin):
    list_display = ["number", "draw_link", "place", "address", "entered", "became"]
    list_filter = [BecameFilter, ("draw", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["draw"]
    search_fields = ["number", "email"]
    search_help_text = "Number or e-mail"
    ordering = ["draw", "rank", "number"]
    fields = ["number", "draw_link", "place", "address", "entered", "became", "why_out"]
    readonly_fields = fields
    steps = ["withdraw"]
    export_columns = {
        "Number": "number",
        "Draw": "draw__name",
        "Place": "rank",
        "E-mail": "email",
        "Entered": "entered_at",
        "Withdrawn": "withdrawn_at",
        "Why": "why_out",
    }

    @admin.display(description="Draw", ordering="draw__name")
    def draw_link(self, entry):
        return linked(entry.draw)

    @admin.display(description="Place", ordering="rank")
    def place(self, entry):
        return f"{entry.rank:,}" if entry.rank else "–"

    @admin.display(description="E-mail", ordering="email")
    def address(self, entry):
        return entry.email or "–"

    @admin.display(description="Entered", ordering="entered_at")
    def entered(self, entry):
        return when(entry.entered_at)

    @admin.display(description="State")
    def became(self, entry):
        if entry.withdrawn_at:
            return pill("CANCELLED", "Taken out" if entry.why_out else "Withdrawn")
        if entry.draw.status == DrawStatus.CALLED_OFF:
            return pill("CANCELLED", "Called off")
        if not entry.rank:
            return pill("ACTIVE", "Entered")
        is_in = entry.rank <= entry.draw.let_in
        return pill("COMPLETED", "In") if is_in else pill("HELD", "Reserve list")

    def above(self, entry):
        return [entry.draw.event, entry.draw]

    @step("Take it out", tone="danger", is_page=True, when=lambda entry: not entry.withdrawn_at)
    def withdraw(self, request, entry):
        def work(form):
            draws.withdraw(entry.pk, **form.cleaned_data)
            return self.back(request, entry.draw, done=f"{entry} is taken out, and he is mailed.")

        return self.form_page(
            request,
            WhyOutForm(request.POST or None),
            work,
            title=f"Take it out: {entry}",
            thing=entry,
            submit="Take it out",
            note="His address is deleted, and a mail tells him so. Of a frozen list the number stays "
            "and keeps its place, so that the published SHA-256 stays true. Before, it is not on the "
            "list, and the page of the draw says how many were taken out.",
        )
