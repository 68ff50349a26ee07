"""`bin/manage …`: manage.py with the demo's services and secrets."""

import sys

from _environment import as_owner, environment, guarded, manage, run

OWNERS_COMMANDS = ("migrate", "makemigrations", "showmigrations", "sqlmigrate")


def main():
    arguments = sys.argv[1:]
    with environment("demo", mode="demo") as values:
        if arguments[:1] and arguments[0] in OWNERS_COMMANDS:
            values = as_owner(values)
        return run(manage(*arguments), values)


if __name__ == "__main__":
    sys.exit(guarded(main))
