"""What buyers type."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django import forms

from core.addresses import has_address
from core.money import DECIMAL_PLACES, MAX_DIGITS
from tickets.models.transfers import LONGEST_MESSAGE
from tickets.services import Attendee, Recipient, said_of

MOST_SECTIONS = 9_999
MOST_GIVEN = 100


@dataclass(frozen=True)
class Price:
    """A price chosen for the best places: of a level, of places that cost no more, or both."""

    level: UUID | None
    at_most: Decimal | None

    def __str__(self):
        """As the form sends it."""
        return f"{self.level or ''}" + ("" if self.at_most is None else f":{self.at_most}")


class PriceField(forms.CharField):
    """`<level id>`, `<level id>:<price before fees>` or `:<price before fees>` as a Price, or None."""

    amount = forms.DecimalField(
        min_value=0, max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, required=False
    )
    level = forms.UUIDField(required=False)

    def to_python(self, value):
        level, _, amount = (super().to_python(value) or "").partition(":")
        price = Price(self.level.clean(level), self.amount.clean(amount))
        return None if price == Price(None, None) else price


class ReserveForm(forms.Form):
    """Either `seat` ordinals, or a wish: quantity with level, section, wheelchair, together, near.

    `around` makes a wish of ticked seats: for so many, near them. `party` is what the page of the
    section was asked for, `drawn` the hash of the layout that the seats were chosen on.
    """

    quantity = forms.IntegerField(min_value=1, max_value=100, required=False)
    level = PriceField(required=False)
    section = forms.IntegerField(min_value=0, max_value=MOST_SECTIONS, required=False)
    together = forms.BooleanField(required=False)
    wheelchair = forms.BooleanField(required=False)
    near = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    around = forms.IntegerField(min_value=1, max_value=100, required=False)
    party = forms.IntegerField(min_value=1, max_value=100, required=False)
    from_section = forms.IntegerField(min_value=0, max_value=MOST_SECTIONS, required=False)
    drawn = forms.CharField(max_length=32, required=False)

    def __init__(self, data):
        super().__init__(data)
        self.raw_seats = data.getlist("seat")

    def clean(self):
        cleaned = super().clean()
        try:
            cleaned["seats"] = sorted({int(seat) for seat in self.raw_seats[:200]})
        except ValueError as error:
            raise forms.ValidationError("These are not seats of this event.") from error
        if any(not 0 <= seat < 2**31 for seat in cleaned["seats"]):
            raise forms.ValidationError("These are not seats of this event.")
        if cleaned.get("around"):
            cleaned["quantity"] = cleaned["around"]
        if not cleaned["seats"] and not cleaned.get("quantity"):
            raise forms.ValidationError("Choose at least one seat first.")
        return cleaned

    @property
    def is_wish(self):
        """Whether the best places are asked for, not those that were ticked."""
        return bool(self.cleaned_data["around"]) or not self.cleaned_data["seats"]

    @property
    def names_places(self):
        """Whether something of a certain map is meant: places to have or to be near to, or a section,
        which is named by its position."""
        wanted = self.cleaned_data
        return bool(wanted["seats"]) or wanted["near"] is not None or wanted["section"] is not None


class SectionsForm(forms.Form):
    """What a buyer looks for in the list of sections. What cannot be read is as if nothing was said."""

    ORDERS = (("best", "Nearest first"), ("price", "Cheapest first"), ("left", "Most left first"))

    party = forms.IntegerField(min_value=1, max_value=100, required=False)
    price = forms.DecimalField(
        min_value=0, max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, required=False
    )
    floor = forms.CharField(max_length=60, required=False)
    zone = forms.CharField(max_length=60, required=False)
    name = forms.CharField(max_length=60, required=False)
    spaces = forms.BooleanField(required=False)
    order = forms.ChoiceField(choices=ORDERS, required=False)
    page = forms.IntegerField(min_value=1, max_value=MOST_SECTIONS, required=False)

    @property
    def asked(self):
        """{field: value or None} of everything that could be read."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}


def phone_field(help_text="Only if something changes on the day.", **more):
    """Not needed, and only looked at when something happens."""
    return forms.RegexField(
        regex=r"^[0-9+ ().\-]{6,20}$",
        required=False,
        label="Phone",
        help_text=help_text,
        error_messages={
            "invalid": "This does not look like a phone number, such as +33 6 12 34 56 78."
        },
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        **more,
    )


class ContactForm(forms.Form):
    """To whom the tickets go."""

    name = forms.CharField(
        max_length=120,
        label="Name",
        error_messages={"required": "Please enter the name for the tickets."},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="E-mail",
        help_text="Your tickets go here.",
        error_messages={
            "required": "Please enter your e-mail: the tickets go there.",
            "invalid": "This does not look like an e-mail address, such as noor@post.example.",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    phone = phone_field()
    accepts_terms = forms.CharField(required=False, max_length=32, label="Terms of sale")
    remind = forms.BooleanField(
        required=False,
        label="Remind me once if I do not finish",
        help_text="One mail when the time is over, if some like these are left. Nothing else.",
    )

    def __init__(self, *args, terms=None, **kwargs):
        """`terms` are the TermsOfSale to be accepted: a tick sends their digest."""
        super().__init__(*args, **kwargs)
        self.terms = terms

    def clean_accepts_terms(self):
        given = self.cleaned_data["accepts_terms"]
        if self.terms and not given:
            raise forms.ValidationError("Please accept the terms of sale to go on.")
        if self.terms and given != self.terms.digest:
            raise forms.ValidationError(
                "The terms of sale have changed since you opened this page. Please read and accept "
                "them again."
            )
        return given

    @property
    def contact(self):
        """{name: value} of who buys."""
        return {name: self.cleaned_data[name] for name in ("name", "email", "phone")}


class AttendeesForm(forms.Form):
    """Who comes with each of these tickets: `name-0`, `email-0`, `phone-0` for the first, and so on.

    After it was valid, `attendees` is {ticket id: Attendee}.
    """

    def __init__(self, *args, tickets, **kwargs):
        super().__init__(*args, **kwargs)
        self.tickets = tickets
        for at, ticket in enumerate(tickets):
            said = said_of(ticket)
            self.fields |= {
                f"name-{at}": forms.CharField(
                    max_length=120,
                    label="Name",
                    initial=said.name,
                    error_messages={"required": f"Please enter who comes to {ticket.place}."},
                ),
                f"email-{at}": forms.EmailField(label="E-mail", required=False, initial=said.email),
                f"phone-{at}": phone_field(initial=said.phone, help_text=""),
            }

    @property
    def of_tickets(self):
        """[(ticket, its fields)]"""
        return [
            (ticket, [self[f"{name}-{at}"] for name in ("name", "email", "phone")])
            for at, ticket in enumerate(self.tickets)
        ]

    @property
    def attendees(self):
        return {
            ticket.pk: Attendee(
                *(self.cleaned_data[f"{name}-{at}"] for name in ("name", "email", "phone"))
            )
            for at, ticket in enumerate(self.tickets)
        }


class NoAddresses:
    """For words that we mail to others: nobody is led anywhere by them."""

    def __call__(self, words):
        if has_address(words):
            raise forms.ValidationError(
                "Please leave out web addresses, and put a space after each full stop."
            )


class GiveForm(forms.Form):
    """Which tickets go to whom. After it was valid, `ticket_ids` and `recipient` say it."""

    name = forms.CharField(
        max_length=120,
        label="Name",
        validators=[NoAddresses()],
        error_messages={"required": "Please enter who gets them."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="E-mail",
        help_text="The offer goes there. Look at it twice.",
        error_messages={
            "required": "Please enter an e-mail: the offer goes there.",
            "invalid": "This does not look like an e-mail address, such as noor@post.example.",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    message = forms.CharField(
        max_length=LONGEST_MESSAGE,
        required=False,
        label="A few words",
        validators=[NoAddresses()],
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data, *, tickets, back_to=None):
        """`tickets` can be given; `back_to` is the Customer they go back to, whose e-mail is his own
        affair, if that is what is wanted."""
        super().__init__(data)
        self.tickets = tickets
        self.back_to = back_to
        if back_to is not None:
            del self.fields["name"], self.fields["email"]
        self.chosen = data.getlist("ticket")[:MOST_GIVEN] if data else []

    def clean(self):
        known = {str(ticket.pk): ticket for ticket in self.tickets}
        if not self.chosen:
            raise forms.ValidationError("Choose at least one ticket first.")
        if not known.keys() >= set(self.chosen):
            raise forms.ValidationError("These tickets are not yours to give any more.")
        return super().clean()

    @property
    def given(self):
        """The tickets that are ticked, in their order."""
        return [ticket for ticket in self.tickets if str(ticket.pk) in self.chosen]

    @property
    def recipient(self):
        said = {name: self.cleaned_data[name] for name in self.fields}
        if self.back_to is not None:
            said |= {"name": self.back_to.name, "email": self.back_to.email}
        return Recipient(**said)


class AcceptForm(forms.Form):
    """Who takes tickets that he was offered."""

    name = forms.CharField(
        max_length=120,
        label="Your name",
        help_text="It stands on the tickets and is shown at the gate.",
        error_messages={"required": "Please enter your name."},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    accepts_terms = forms.CharField(required=False, max_length=32, label="Terms of sale")

    clean_accepts_terms = ContactForm.clean_accepts_terms

    def __init__(self, *args, terms=None, **kwargs):
        """`terms` are the TermsOfSale to be accepted: a tick sends their digest."""
        super().__init__(*args, **kwargs)
        self.terms = terms


class FindForm(forms.Form):
    """A guest looking for his booking, or for all of them."""

    email = forms.EmailField(
        label="E-mail",
        help_text="The one you booked with.",
        error_messages={"required": "Please enter the e-mail you booked with."},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    number = forms.CharField(
        max_length=20,
        required=False,
        label="Booking number",
        help_text="Such as BCDF-2345. Without it the link shows all your bookings.",
    )


class ProfileForm(forms.Form):
    """What a customer says of himself."""

    name = forms.CharField(
        max_length=120,
        label="Name",
        error_messages={"required": "Please enter your name."},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = phone_field()
