"""What the agency charges beside its prices, and what its bookkeeper calls its accounts: numbers of
the French general chart of accounts."""

from decimal import Decimal

from events.models import CancellationPolicy, FeeRule, TaxedAs, TaxRule
from payments.models import Account, AccountCode

CODES = {
    Account.INVENTORY: ("371000", "Stock of tickets"),
    Account.ACCOUNTS_PAYABLE: ("401000", "Suppliers"),
    Account.PROVIDER_CLEARING: ("511500", "Card payments on their way"),
    Account.CUSTOMER_DEPOSITS: ("419100", "Received for coming events"),
    Account.CUSTOMER_CREDIT: ("419700", "Credit of customers"),
    Account.CREDIT_GIVEN: ("658800", "Credit given, less what lapsed"),
    Account.POINTS_SPENT: ("658810", "Points that became credit"),
    Account.TICKET_REVENUE: ("707000", "Ticket sales"),
    Account.FEE_REVENUE: ("706000", "Service fees"),
    Account.CANCELLATION_FEES: ("708800", "Kept of cancelled tickets"),
    Account.DISCOUNTS: ("709700", "Discounts given"),
    Account.TAXES_COLLECTED: ("445710", "VAT collected"),
    Account.COST_OF_SALES: ("607000", "Tickets bought for sale"),
    Account.MONEY_ON_ITS_WAY: ("511600", "Payouts of card payments on their way"),
    Account.BANK: ("512000", "Bank"),
    Account.UNASSIGNED_MONEY: ("471000", "Bank transfers to be assigned"),
    Account.CASH: ("531000", "Cash in the drawer"),
    Account.CASH_DIFFERENCES: ("658000", "Differences of the drawer"),
    Account.DISPUTED: ("467100", "Card payments in dispute"),
    Account.DISPUTE_LOSSES: ("654000", "Disputes lost"),
    Account.PROVIDER_FEES: ("627000", "Fees of card payments"),
    Account.SUPPLIER_ADVANCES: ("409100", "Advances to suppliers"),
    Account.SUPPLIER_CREDITS: ("409800", "Credit notes of suppliers"),
    Account.CONSIGNED_STOCK: ("372000", "Stock on consignment"),
    Account.CONSIGNMENT_OWED: ("408100", "Consignment to be settled"),
    Account.PURCHASE_VARIANCE: ("603700", "Price differences of purchases"),
}


def charge(**fee):
    """A fee on each ticket, and the VAT of France that prices and fees contain."""
    FeeRule.objects.create(name="Service fee", currency="EUR", **fee)
    for on, percent in ((TaxedAs.ADMISSION, "5.5"), (TaxedAs.SERVICE, "20")):
        TaxRule.objects.create(name="VAT", country="FR", on=on, percent=Decimal(percent))


def let_cancel():
    """Until two weeks before all but the fee comes back, until two days before half of the price."""
    CancellationPolicy.objects.create(
        name="Usual",
        currency="EUR",
        is_default=True,
        windows=[
            {"hours": 14 * 24, "percent": "0", "fixed": "0"},
            {"hours": 48, "percent": "50", "fixed": "0"},
        ],
    )


def name_accounts():
    AccountCode.objects.bulk_create(
        AccountCode(account=account, code=code, name=name)
        for account, (code, name) in CODES.items()
    )
