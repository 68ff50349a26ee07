"""Suppliers come and go; their history stays."""

from core.locks import lock_one
from core.transactions import use_case
from suppliers.models import Supplier


@use_case
def deactivate_supplier(*, supplier):
    """Nothing more is ordered there; open orders go on as agreed."""
    return _set(supplier, is_active=False)


@use_case
def activate_supplier(*, supplier):
    """Orders may be made there again."""
    return _set(supplier, is_active=True)


def _set(supplier, *, is_active):
    supplier = lock_one(Supplier.objects.filter(pk=supplier.pk))
    supplier.is_active = is_active
    supplier.save(update_fields=["is_active"])
    return supplier
