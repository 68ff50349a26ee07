"""Steps of a booking at the desk: a guest's code of a promotion, taken in or out before he pays."""

from django import forms

from bookings.admin_desk import is_due
from bookings.models import Booking, Status
from bookings.orders import due_of, sum_of
from bookings.services import CodeRefused, confirm, enter_code, take_out_code
from core.admin_base import step
from promotions.codes import LONGEST, spelled
from promotions.guessing import counted_guesses
from promotions.queries import uses_of


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=LONGEST, help_text="Capitals, spaces and hyphens make no difference."
    )


def has_codes(booking):
    return booking.status == Status.RESERVED and bool(uses_of(booking.pk))


def is_for_nothing(booking):
    """Whether who buys is known, and nothing of the order is to be paid."""
    is_held = booking.status == Status.RESERVED and booking.customer_id is not None
    return is_held and not booking.total and not sum_of(due_of(booking) or [booking])


class TakesCodes:
    """Mixin for the page of a booking."""

    @step("Enter a code", when=is_due, is_page=True)
    def enter_code(self, request, booking):
        def work(form):
            text = form.cleaned_data["code"]
            given_way = self._entered(request, booking, text)
            instead = f" It takes the place of {', '.join(given_way)}." if given_way else ""
            written = as_written(booking, text)
            return self.back(
                request, booking, done=f"{written} is in.{instead} {_now_due(booking)}"
            )

        return self.form_page(
            request,
            CodeForm(request.POST or None),
            work,
            thing=booking,
            title=f"Enter a code: {booking}",
            note=f"{_now_due(booking)} A code that does no good changes nothing.",
            submit="Enter it",
        )

    def _entered(self, request, booking, text):
        with counted_guesses(f"staff:{request.user.pk}", [text]) as tell:
            try:
                return enter_code(booking.pk, text)
            except CodeRefused as no:
                tell([no.refused])
                raise

    @step(
        "Take the codes out",
        when=has_codes,
        says="The booking costs what it does without them; each can be used elsewhere again.",
    )
    def take_codes_out(self, request, booking):
        for use in uses_of(booking.pk):
            take_out_code(booking.pk, use.code.text)
        return f"No code is in {booking} any more. {_now_due(booking)}"

    @step(
        "Confirm: nothing is to be paid",
        when=is_for_nothing,
        says="Its tickets are valid at once and mailed.",
    )
    def confirm_for_nothing(self, request, booking):
        confirm(booking.pk)
        return f"{booking} is confirmed. The tickets are on their way."


def as_written(booking, text):
    """A code as the promotion has it, however it was typed."""
    letters = spelled(text)
    return next(
        (use.code.text for use in uses_of(booking.pk) if spelled(use.code.text) == letters), text
    )


def _now_due(booking):
    """€85.00 are due."""
    booking = Booking.objects.get(pk=booking.pk)
    return f"{sum_of(due_of(booking) or [booking]).display()} are due."
