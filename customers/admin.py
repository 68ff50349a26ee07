"""The buyers of the agency."""

from django.contrib import admin

from core.admin_base import ReadOnlyAdmin
from core.admin_parts import when
from customers.models import Customer


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "phone", "since"]
    list_filter = [("created_at", admin.DateFieldListFilter)]
    search_fields = ["name", "email", "phone"]
    ordering = ["name", "pk"]
    fields = ["name", "email", "phone", "since"]
    readonly_fields = ["since"]
    export_columns = {"Name": "name", "E-mail": "email", "Phone": "phone", "Since": "created_at"}

    @admin.display(description="Known since", ordering="created_at")
    def since(self, customer):
        return when(customer.created_at)
