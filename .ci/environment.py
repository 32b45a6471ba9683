"""Make .venv from requirements.lock, once: called by every Makefile target; instant when nothing changed.

Runs on any Python 3 (so that an old one gets a clear message), with the standard library only. Two runs at once in one
clone wait for each other under a file lock; the stamp is written last, so an interrupted run is simply done again.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, ".stamp")
LOCK = os.path.join(ROOT, "requirements.lock")
OLDEST = (3, 11)


def wanted() -> str:
    """Digest of all that decides what the environment holds."""
    digest = hashlib.sha256()
    for path in (LOCK, os.path.join(ROOT, "pyproject.toml"), os.path.abspath(__file__)):
        with open(path, "rb") as file:
            digest.update(file.read())
    digest.update(ROOT.encode())
    return digest.hexdigest()


def is_ready(stamp: str) -> bool:
    try:
        with open(STAMP) as file:
            return file.read() == stamp
    except OSError:
        return False


def interpreter() -> str:
    """The first Python of at least 3.11: $PYTHON, then python3.11 and newer by name, then python3."""
    names = [os.environ.get("PYTHON", ""), "python3.11", "python3.12", "python3.13", "python3", sys.executable]
    for name in names:
        path = shutil.which(name) if name else None
        if path is None:
            continue
        question = f"import sys, venv, ensurepip; print(sys.version_info[:2] >= {OLDEST!r})"
        answer = subprocess.run([path, "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode == 0 and answer.stdout.strip() == b"True":
            return path
    sys.exit(
        "miaodai needs Python >= 3.11 with venv and ensurepip (Debian: python3-venv); "
        f"here is {sys.version.split()[0]}.\n"
        "Install one, or say which: make PYTHON=/path/to/python3.11 ..."
    )


def uv_requirement() -> str:
    """The block of the lock that pins uv itself, hashes included."""
    with open(LOCK) as file:
        lines = file.read().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("uv=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return "\n".join(lines[start:end]) + "\n"


def run(*command: str) -> bool:
    """Whether the command succeeded; its own output shows what went wrong."""
    return subprocess.run(command, cwd=ROOT).returncode == 0


def fill(python: str) -> None:
    """Install the lock, by uv (seconds) or, where uv cannot reach the packages, by pip; then the project itself."""
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--no-input")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(uv_requirement())
        only_uv.flush()
        has_uv = run(*pip, "install", "--quiet", "--require-hashes", "--no-deps", "-r", only_uv.name)
    by_uv = (python, "-m", "uv", "--no-progress", "pip", "install", "--quiet", "--python", python)
    if not (has_uv and run(*by_uv, "--require-hashes", "-r", LOCK)):
        print("uv did not succeed, trying pip", flush=True)
        if not run(*pip, "install", "--quiet", "--require-hashes", "-r", LOCK):
            sys.exit("the packages of requirements.lock could not be installed (see above)")
    if not run(*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT):
        sys.exit("the project itself could not be installed (see above)")


def main() -> None:
    stamp = wanted()
    if is_ready(stamp):
        return
    with open(os.path.join(ROOT, ".venv.lock"), "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if is_ready(stamp):
            return
        python = os.path.join(VENV, "bin", "python")
        print("preparing .venv from requirements.lock (once) ...", flush=True)
        usable = os.path.exists(python) and run(python, "-c", "import pip, sys; assert sys.version_info >= (3, 11)")
        if not (usable or run(interpreter(), "-m", "venv", "--clear", VENV)):
            sys.exit("the virtual environment could not be made (see above)")
        fill(python)
        with open(STAMP + ".new", "w") as file:
            file.write(stamp)
        os.replace(STAMP + ".new", STAMP)


if __name__ == "__main__":
    main()
