"""What the agency's bookkeeper calls its accounts: numbers of the French general chart of accounts."""

from payments.models import Account, AccountCode

CODES = {
    Account.INVENTORY: ("371000", "Stock of tickets"),
    Account.ACCOUNTS_PAYABLE: ("401000", "Suppliers"),
    Account.PROVIDER_CLEARING: ("511500", "Card payments on their way"),
    Account.CUSTOMER_DEPOSITS: ("419100", "Received for coming events"),
    Account.TICKET_REVENUE: ("707000", "Ticket sales"),
    Account.FEE_REVENUE: ("706000", "Service fees"),
    Account.COST_OF_SALES: ("607000", "Tickets bought for sale"),
    Account.BANK: ("512000", "Bank"),
    Account.SUPPLIER_ADVANCES: ("409100", "Advances to suppliers"),
    Account.SUPPLIER_CREDITS: ("409800", "Credit notes of suppliers"),
    Account.CONSIGNED_STOCK: ("372000", "Stock on consignment"),
    Account.CONSIGNMENT_OWED: ("408100", "Consignment to be settled"),
    Account.PURCHASE_VARIANCE: ("603700", "Price differences of purchases"),
}


def name_accounts():
    AccountCode.objects.bulk_create(
        AccountCode(account=account, code=code, name=name)
        for account, (code, name) in CODES.items()
    )
