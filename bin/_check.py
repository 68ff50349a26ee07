# ruff: noqa: S603 - our own programs with our own arguments
"""`bin/check`: the quick part of `bin/test`. Every step runs, so one look shows all faults."""

import os
import subprocess
import sys
import time
from pathlib import Path

from _environment import ROOT, SECRETS, manage

TOOLS = Path(sys.executable).parent
QUIET = [sys.executable, "-W", "ignore"]  # makemigrations warns that it found no database
STEPS = {
    "lint": [TOOLS / "ruff", "check", "--quiet", "--output-format=concise", "."],
    "format": [TOOLS / "ruff", "format", "--check", "--quiet", "."],
    "imports": [TOOLS / "lint-imports"],
    "migrations": [*QUIET, *manage("makemigrations", "--check", "--dry-run")[1:]],
    "system": manage("check", "--fail-level", "WARNING"),
}


def check():
    """Run all steps; returns whether all passed, and has printed what did not."""
    values = {**os.environ, "TESSERA_MODE": "test", "DATABASE_URL": "postgresql:///none?host=/dev"}
    values.update(dict.fromkeys(SECRETS, "only-for-checks-" * 4))
    verdicts = [passes(name, command, values) for name, command in STEPS.items()]
    return all(verdicts)


def passes(name, command, values):
    began = time.monotonic()
    command = [str(part) for part in command]
    done = subprocess.run(
        command, cwd=ROOT, env=values, capture_output=True, text=True, check=False
    )
    verdict = "wrong" if done.returncode else "fine"
    print(f"{name:<12}{verdict}  {time.monotonic() - began:4.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(not check())
