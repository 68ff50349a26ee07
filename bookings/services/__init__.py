"""Use cases of selling, one module each."""

from bookings.services.amend import amend
from bookings.services.ask import NotPaid, ask_provider
from bookings.services.at_desk import PageStillOpen, pay_at_desk, reserve_at_desk
from bookings.services.by_transfer import NoTransfer, await_transfer
from bookings.services.codes import CodeRefused, enter_code, take_codes_of_order, take_out_code
from bookings.services.confirm import confirm
from bookings.services.consent import (
    TermsNotAccepted,
    accept_terms,
    has_accepted,
)
from bookings.services.disputed import follow_disputes
from bookings.services.due import AlreadyPaid, NotYours
from bookings.services.duplicates import dismiss_alert, note_duplicate, resolve_alerts
from bookings.services.expire import abandon, expire_lapsed, expire_unheard
from bookings.services.give_up import QuoteMissing, give_up
from bookings.services.held import FOR_NOTHING, NotForNothing, give_held, sell_held
from bookings.services.join import NotTogether, join
from bookings.services.limits import OverLimit
from bookings.services.paid import sell_paid
from bookings.services.pay import buy_with_credit, contact, pay, pay_page_addresses
from bookings.services.remind import ask_reminder, due_reminder, note_reminded
from bookings.services.renew import RenewedAlready, renew
from bookings.services.reserve import (
    LeavesAlone,
    NotOnSale,
    Sale,
    TooMany,
    TooManyHolds,
    Wish,
    best_groups,
    best_places,
    objections,
    reserve,
    reserve_best,
)
from bookings.services.suspicion import hold_tickets, look_at_guest_again, note_suspicion

__all__ = [
    "FOR_NOTHING",
    "AlreadyPaid",
    "CodeRefused",
    "LeavesAlone",
    "NoTransfer",
    "NotForNothing",
    "NotOnSale",
    "NotPaid",
    "NotTogether",
    "NotYours",
    "OverLimit",
    "PageStillOpen",
    "QuoteMissing",
    "RenewedAlready",
    "Sale",
    "TermsNotAccepted",
    "TooMany",
    "TooManyHolds",
    "Wish",
    "abandon",
    "accept_terms",
    "amend",
    "ask_provider",
    "ask_reminder",
    "await_transfer",
    "best_groups",
    "best_places",
    "buy_with_credit",
    "confirm",
    "contact",
    "dismiss_alert",
    "due_reminder",
    "enter_code",
    "expire_lapsed",
    "expire_unheard",
    "follow_disputes",
    "give_held",
    "give_up",
    "has_accepted",
    "hold_tickets",
    "join",
    "look_at_guest_again",
    "note_duplicate",
    "note_reminded",
    "note_suspicion",
    "objections",
    "pay",
    "pay_at_desk",
    "pay_page_addresses",
    "renew",
    "reserve",
    "reserve_at_desk",
    "reserve_best",
    "resolve_alerts",
    "sell_held",
    "sell_paid",
    "take_codes_of_order",
    "take_out_code",
]
