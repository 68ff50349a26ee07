# ruff: noqa: S603, S606, S607 - pip, apt-get and our own programs with our own arguments
"""Make the virtual environment, then hand over to `bin/_<command>.py` inside it.

Only the standard library is used here: nothing else is installed yet.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
RUNTIME = ("requirements.txt", "constraints.txt")
DEVELOPMENT = ("requirements-dev.txt", *RUNTIME)
NEEDED = {"test": DEVELOPMENT, "check": DEVELOPMENT}


def main(command, *arguments):
    """Set up, then become the command."""
    try:
        set_up(NEEDED.get(command, RUNTIME))
    except PermissionError as error:
        sys.exit(f"{error.filename}: not writable. Use the account that made this folder.")
    except KeyboardInterrupt:
        sys.exit(130)
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["PYTHONPATH"] = search
    script = Path(__file__).with_name(f"_{command}.py")
    os.execv(PYTHON, [str(PYTHON), str(script), *arguments])


def set_up(requirements):
    """Install what these requirement files ask for, unless that was done already."""
    if is_ready(requirements):
        return
    (ROOT / ".local").mkdir(exist_ok=True)
    with open(ROOT / ".local" / "setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready(requirements):
            make_environment()
            install(requirements)


def is_ready(requirements):
    stamp = stamp_of(requirements)
    installed = stamp.read_text() if stamp.exists() else ""
    return os.access(PYTHON, os.X_OK) and installed == hash_of(requirements)


def stamp_of(requirements):
    """The file that remembers what was installed last; it goes with the environment."""
    return ENVIRONMENT / f".{requirements[0]}.installed"


def hash_of(requirements):
    texts = b"\n".join((ROOT / name).read_bytes() for name in requirements)
    return hashlib.sha256(texts).hexdigest()


def make_environment():
    """Make .venv, or make it anew when it does not work (half made, or its Python is gone)."""
    if os.access(PYTHON, os.X_OK) and works(PYTHON, "-m", "pip", "--version"):
        return
    if not works(sys.executable, "-m", "ensurepip", "--version"):
        install_ensurepip()
    say("Making the virtual environment .venv")
    if ENVIRONMENT.is_dir():
        shutil.rmtree(ENVIRONMENT)
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)


def install_ensurepip():
    """Debian keeps a part of venv in a package of its own; fetch it where we may."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() or not shutil.which("apt-get"):
        sys.exit(f"This Python cannot make virtual environments. Please install {package}.")
    say(f"Installing {package}")
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    if subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False).returncode:
        sys.exit(f"{package} could not be installed.")


def install(requirements):
    """Run pip with a line of progress now and then; its last words are shown if it fails."""
    say(f"Installing packages from {requirements[0]} (about a minute the first time)")
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color"]
    with subprocess.Popen(
        [*pip, "install", "-r", ROOT / requirements[0]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = list(show_progress(process.stdout))
    if process.returncode:
        sys.exit("".join(lines[-25:]) + "The packages could not be installed; see above.")
    stamp_of(requirements).write_text(hash_of(requirements))


def show_progress(lines):
    """Pass pip's lines on, saying every 25 packages how far it is."""
    collected = 0
    for line in lines:
        if line.startswith("Collecting "):
            collected += 1
            if collected % 25 == 0:
                say(f"  {collected} packages")
        elif line.startswith("Installing collected"):
            say("  unpacking")
        yield line


def works(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    return done.returncode == 0


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
