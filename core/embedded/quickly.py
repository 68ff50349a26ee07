"""`python -m core.embedded.quickly`: the migrations for a test's template, in half the time.

For each constraint, index or trigger of a model Django makes the classes of that model and of all its
neighbours anew, though none of their fields changed. Here the class that is there is told of it.
"""

import os

import django
from django.core.management import call_command
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

DRAW_ANEW = ProjectState.reload_model


def change_options(state, app_label, model_name):
    """Gives the model's options of this state to its class, if there is one."""
    if "apps" in state.__dict__:
        options = state.models[app_label, model_name.lower()].options
        model = state.apps.get_model(app_label, model_name)
        for name in ("constraints", "indexes", "triggers"):
            setattr(model._meta, name, list(options.get(name, ())))


def without_drawing(change):
    """The change of a state, after which no class but for its options is made anew."""

    def changed(self, *args):
        ProjectState.reload_model = lambda state, app, model, delay=False: change_options(
            state, app, model
        )
        try:
            return change(self, *args)
        finally:
            ProjectState.reload_model = DRAW_ANEW

    return changed


def main():
    for owner, names in (
        (ProjectState, ("_append_option", "_remove_option", "_alter_option", "rename_index")),
        (AddTrigger, ("state_forwards",)),
        (RemoveTrigger, ("state_forwards",)),
    ):
        for name in names:
            setattr(owner, name, without_drawing(getattr(owner, name)))
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main()
