# ruff: noqa: S603, S607 - apt-get and our own programs with our own arguments
"""`bin/test …`: the checks, then every test. conftest.py finds or starts the servers."""

import os
import shutil
import subprocess
import sys

from _check import check
from _environment import guarded, run

from core.embedded.chromium import find_chromium

ONE_PROCESS = ("-n", "--numprocesses", "--pdb", "--trace")
IN_CI = os.environ.get("CI") == "true"


def main():
    """Returns the exit code: pytest's, or 1 when only the checks failed."""
    arguments = sys.argv[1:]
    values = dict(os.environ)
    if not has_browser():
        values["TESSERA_NO_BROWSER"] = "1"
        print("There is no Chromium: the browser tests will be skipped.", flush=True)
        if IN_CI:
            return 1
    checked = check()
    if not checked:
        print("The checks found something; see above. The tests run all the same.", flush=True)
    tested = run([sys.executable, "-m", "pytest", *spread(arguments), *arguments], values)
    return tested or int(not checked)


def has_browser():
    """Whether there is a Chromium, after installing one where that is ours to do."""
    if find_chromium() or os.environ.get("TESSERA_NO_BROWSER"):
        return bool(find_chromium())
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *step], env=quiet, check=False)
    return bool(find_chromium())


def spread(arguments):
    """Two processes, each test file in one of them, unless the arguments say otherwise."""
    if any(argument.startswith(ONE_PROCESS) for argument in arguments):
        return []
    return ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


if __name__ == "__main__":
    sys.exit(guarded(main))
