"""Real applications with a REST API for the tests, each in a virtual environment of its own below ``.cache``.

What is installed is pinned and hash-locked in ``requirements/NAME.txt``; a file that changes makes a new environment.
What is published as source alone stands in ``requirements/source/NAME.txt``, and is built with what the first names.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
CACHE = Path(__file__).parents[2] / ".cache" / "applications"
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
SCRIPTS = {name: Path(__file__).parent / f"{name}_serve.py" for name in ("keystone", "mailman")}
"""applications whose tables are made once: every server of the tests starts from a copy"""
EXACTLY = ("--no-deps", "--no-compile", "--require-hashes")
WHEELS, SOURCES = ("--only-binary", ":all:"), ("--no-build-isolation",)


def names() -> list[str]:
    """The applications that there are requirements for."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def _files(name: str) -> list[tuple[Path, tuple[str, ...]]]:
    """What to install, in this order, and how."""
    files = ((REQUIREMENTS / f"{name}.txt", WHEELS), (REQUIREMENTS / "source" / f"{name}.txt", SOURCES))
    return [(file, how) for file, how in files if file.exists()]


def home(name: str) -> Path:
    """The environment of an application: named by what is to be in it, and by the Python it is for."""
    wanted = b"".join(file.read_bytes() for file, _ in _files(name)) + sys.version.encode()
    return CACHE / f"{name}-{hashlib.sha256(wanted).hexdigest()[:12]}"


def python_of(name: str) -> Path | None:
    """The interpreter of an installed application; None where it is not installed."""
    python = home(name) / "bin" / "python"
    return python if (home(name) / "complete").exists() and python.exists() else None


def missing() -> list[str]:
    """The applications that are not installed."""
    return [name for name in names() if python_of(name) is None]


def install(name: str) -> None:
    """Install one application. :raises subprocess.CalledProcessError, OSError: it cannot be."""
    target = home(name)
    for old in CACHE.glob(f"{name}-*"):
        shutil.rmtree(old, ignore_errors=True)
    venv.create(target, with_pip=True)
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for file, how in _files(name):
        command = [str(target / "bin" / "python"), *PIP, *EXACTLY, *how, "-r", str(file)]
        subprocess.run(command, check=True, env=quiet, stderr=subprocess.PIPE)
    if name in SCRIPTS:
        (target / "set-up").mkdir()
        made = [str(target / "bin" / "python"), "-I", "-W", "ignore", str(SCRIPTS[name]), "setup"]
        subprocess.run([*made, str(target / "set-up")], check=True, env=quiet, capture_output=True)
    (target / "complete").touch()


def install_missing() -> list[str]:
    """Install what is missing, one beside another; return what then still is. Says what went wrong, fails nothing."""
    absent = missing()
    if absent:
        print(f"installing for the tests: {', '.join(absent)}")
        with ThreadPoolExecutor(len(absent)) as beside:
            list(beside.map(_tried, absent))
    return missing()


def _tried(name: str) -> None:
    try:
        install(name)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
        print(f"could not install {name}: {said[-1] if said else error}", file=sys.stderr)
