"""Forms of the back office: amounts, what must be unique, the look of plain controls."""

import re

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from unfold.widgets import (
    CHECKBOX_CLASSES,
    FILE_CLASSES,
    SELECT_CLASSES,
    TEXTAREA_CLASSES,
    UnfoldAdminTextInputWidget,
)
from unfold.widgets import INPUT_CLASSES as TEXT_CLASSES

# One comma with one or two figures behind it can only mean decimals.
COMMA_DECIMALS = re.compile(r"\s*[-+]?\d*,\d{1,2}\s*")


class AmountField(forms.DecimalField):
    """An amount shown with two decimals unless it has a third; 20,50 is read like 20.50."""

    widget = UnfoldAdminTextInputWidget
    default_error_messages = {
        "invalid": "Write the amount as 20.50 or 20,50, with nothing between thousands."
    }

    def __init__(self, **kwargs):
        super().__init__(**{"widget": self.widget(attrs={"inputmode": "decimal"}), **kwargs})

    def to_python(self, value):
        if isinstance(value, str) and COMMA_DECIMALS.fullmatch(value):
            value = value.replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value):
        value = super().prepare_value(value)
        if isinstance(value, str) or value is None:
            return value
        return f"{value:.2f}" if value == round(value, 2) else f"{value:f}"


class BackOfficeForm(forms.ModelForm):
    """Also checks what must be unique within the agency, in words."""

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - {"agency_id"}

    def _update_errors(self, errors):
        for error in getattr(errors, "error_dict", {}).get(NON_FIELD_ERRORS, []):
            fields = (error.params or {}).get("unique_check", ())
            if "agency_id" in fields:
                thing, name = self._meta.model._meta.verbose_name, fields[-1].replace("_", " ")
                article = "an" if thing[0] in "aeiou" else "a"
                error.message = f"There is already {article} {thing} with this {name}."
                error.params = None
        super()._update_errors(errors)


WIDGET_CLASSES = {
    forms.CheckboxInput: CHECKBOX_CLASSES,
    forms.Textarea: TEXTAREA_CLASSES,
    forms.Select: SELECT_CLASSES,
    forms.ClearableFileInput: FILE_CLASSES,
}


def styled(form):
    """A plain form with the back office's look on its controls."""
    for bound in form.fields.values():
        kind = next((k for k in WIDGET_CLASSES if isinstance(bound.widget, k)), None)
        bound.widget.attrs.setdefault("class", " ".join(WIDGET_CLASSES.get(kind, TEXT_CLASSES)))
    return form
