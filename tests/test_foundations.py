"""What keeps the repository small, clean and honest."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "gateway").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")])
NEVER = {"manager", "helper", "util", "processor", "data", "info", "base"}
# Put together here, so that this file does not name what it looks for.
REGISTRIES = [
    ".".join(words) for words in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))
]


def committed() -> list[Path]:
    """Return the files under version control, or, in an unpacked archive, those that look like it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def words(name: str) -> set[str]:
    """Split ``HttpHelper`` and ``http_helper`` into words; a plural counts as its singular."""
    parts = re.findall(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*(?![a-z])", name)
    return {part.lower() for part in parts} | {part.lower().removesuffix("s") for part in parts}


def test_no_file_is_longer_than_300_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_names_say_what_a_thing_is() -> None:
    wrong = [str(path.relative_to(ROOT)) for path in SOURCES if words(path.stem) & NEVER]
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and words(node.name) & NEVER:
                wrong.append(f"{path.relative_to(ROOT)}: class {node.name}")
    assert wrong == []


def test_every_module_and_public_class_says_what_it_is() -> None:
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_no_registry_host_is_named() -> None:
    named = []
    for path in committed():
        text = path.read_bytes().decode("utf-8", "replace")
        named += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRIES if host in text]
    assert named == []


def test_lock_files_have_a_hash_for_every_package_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
        blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
        assert "://" not in text
        assert len(pinned) == len(blocks) > 20
        assert all("--hash=sha256:" in block for block in blocks)


def test_the_development_lock_holds_the_runtime_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_only_the_edges_catch_everything() -> None:
    """``except Exception`` stands where a process or a request ends, and nowhere else."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception"):
                found.append(str(path.relative_to(ROOT)))
    edges = {
        "gateway/app/asgi.py",  # a gateway that cannot start says so to the server
        "gateway/app/gateway.py",  # the worker starts again
        "gateway/http/application.py",  # readiness is a question
        "gateway/http/front.py",  # a request ends as a SCIM error
        "gateway/ledger/writer.py",  # a transaction's failure is its waiter's
        "gateway/provisioning/recovery/recovery.py",  # one object's fault is its own, and is parked
        "gateway/provisioning/worker.py",  # likewise, and is tried again
        "gateway/scim/bulk.py",  # one operation's failure is its own
        "gateway/scim/endpoint.py",  # a request ends as a SCIM error
    }
    assert [name for name in found if not any(name.startswith(edge) for edge in edges)] == []
