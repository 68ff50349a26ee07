"""Where the reader of a mailed link sets a new password."""

from django.contrib import admin, messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.urls import reverse_lazy

from core.admin_forms import styled


class NewPassword(PasswordResetConfirmView):
    """Django's own, in the look of the desk: the link works once, and not for long."""

    template_name = "admin/set_password.html"
    success_url = reverse_lazy("admin:login")

    def get_form(self, form_class=None):
        return styled(super().get_form(form_class))

    def form_valid(self, form):
        messages.success(self.request, "Your new password is set. Sign in with it.")
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        context = {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}
        if not self.validlink:
            return {**context, "title": "This link is over", "is_over": True, "form": None}
        title = f"A new password for {self.user}"
        return {**context, "title": title, "account": self.user.email, "button": "Set it"}
