"""Money that no provider moves for us: cash, the card terminal at the desk, bank transfers.

People move it and say so; there is nobody to ask. So nothing is ever found here, no page can be opened,
and money on its way back waits until somebody says that he has handed it out.
"""

from payments.adapters import ProviderRefund, ProviderRefused, WebhookRefused


class ByHand:
    """A `payments.adapters.Provider` whose work staff do."""

    captures = False
    pays_out = False

    def takes(self, money):
        return True

    def open_session(self, **wanted):
        raise ProviderRefused("This is paid by hand: there is no page for it.")

    def find_session(self, **known):
        return None

    def expire_session(self, ref):
        return None

    def refund(self, *, amount, currency, **wanted):
        return ProviderRefund(ref="", state="pending", amount=amount, currency=currency)

    def find_refund(self, **wanted):
        return None

    def find_charge(self, payment_ref):
        return None

    def find_disputes(self, payment_ref):
        return []

    def disputes_since(self, moment):
        return []

    def verify_webhook(self, body, headers):
        raise WebhookRefused("Nobody sends notices about what is paid by hand.")
