"""Unfold has made the site by now and every app has put its tables on it; here it gets our rules."""

from django.contrib import admin

from config.admin_site import BackOffice, SignInForm

admin.site.__class__ = BackOffice
admin.site.login_form = SignInForm
admin.site.disable_action("delete_selected")
