"""Use cases of selling, one module each."""

from bookings.services.at_desk import PageStillOpen, pay_at_desk
from bookings.services.by_transfer import NoTransfer, await_transfer
from bookings.services.codes import CodeRefused, enter_code, take_out_code
from bookings.services.confirm import confirm
from bookings.services.disputed import follow_disputes
from bookings.services.expire import abandon, expire_lapsed, expire_unheard
from bookings.services.held import FOR_NOTHING, NotForNothing, give_held, sell_held
from bookings.services.pay import AlreadyPaid, NotYours, contact, pay, pay_page_addresses
from bookings.services.renew import RenewedAlready, renew
from bookings.services.reserve import (
    LeavesAlone,
    NotOnSale,
    Sale,
    TooMany,
    TooManyHolds,
    Wish,
    best_places,
    reserve,
    reserve_best,
)

__all__ = [
    "FOR_NOTHING",
    "AlreadyPaid",
    "CodeRefused",
    "LeavesAlone",
    "NoTransfer",
    "NotForNothing",
    "NotOnSale",
    "NotYours",
    "PageStillOpen",
    "RenewedAlready",
    "Sale",
    "TooMany",
    "TooManyHolds",
    "Wish",
    "abandon",
    "await_transfer",
    "best_places",
    "confirm",
    "contact",
    "enter_code",
    "expire_lapsed",
    "expire_unheard",
    "follow_disputes",
    "give_held",
    "pay",
    "pay_at_desk",
    "pay_page_addresses",
    "renew",
    "reserve",
    "reserve_best",
    "sell_held",
    "take_out_code",
]
