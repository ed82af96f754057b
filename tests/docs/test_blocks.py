"""Every block of code in the documentation is run, or loaded and judged."""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gateway.app.parts import check_mapping
from gateway.config import parse_config
from gateway.mapping.load import load
from tests import warm
from tests.docs.pages import JOURNEYS, ROOT, Block, blocks, pages

BIN = Path(sys.executable).parent
KNOWN = {"toml", "bash", "json", "python", "sql", "text"}
STOP = '[ -z "${SERVER:-}" ] || { kill $SERVER; wait $SERVER || true; }'
WAIT = 'for i in $(seq 300); do curl -sf "$HEALTH" >/dev/null && break; sleep 0.1; done; curl -sf "$HEALTH" >/dev/null'
TARGETS = {f"docs/how-to/{page}.md" for page in ("openldap", "active-directory", "389ds", "sql", "rest")}
ELSEWHERE = {*TARGETS, *JOURNEYS}
"""pages whose commands need a target: test_targets.py runs them; or after which a provider comes: test_providers.py"""


def named(block: Block) -> str:
    return str(block)


def test_there_are_blocks_and_only_in_languages_that_are_judged() -> None:
    assert {block.language for block in blocks()} <= KNOWN
    assert len(blocks()) > 20


@pytest.mark.parametrize("block", blocks("toml"), ids=named)
def test_toml_is_a_configuration_or_a_mapping_that_works(block: Block, tmp_path: Path) -> None:
    values = tomllib.loads(block.text)
    if "format" in values:
        path = tmp_path / "mapping.toml"
        path.write_text(block.text)
        check_mapping(load(path))
    else:
        parse_config(completed(block.text, values), str(block), tmp_path)


def completed(text: str, values: dict[str, object]) -> str:
    """Add what a fragment leaves out: the target that a connection names, or a connection."""
    connections, targets = values.get("connection", {}), values.get("target", {})
    assert isinstance(connections, dict)
    assert isinstance(targets, dict)
    for connection in connections.values():
        if connection["target"] not in targets:
            text += f'\n[target.{connection["target"]}]\nkind = "memory"\n'
    if not connections:
        target = next(iter(targets), "spare")
        text += "" if targets else '\n[target.spare]\nkind = "memory"\n'
        text += f'\n[connection.spare]\npath = "/spare"\ntarget = "{target}"\nmapping = "embedded"\n'
    return text


@pytest.mark.parametrize("block", blocks("json"), ids=named)
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def test_python_runs(tmp_path: Path) -> None:
    for block in blocks("python"):
        done = subprocess.run([sys.executable, "-c", block.text], cwd=tmp_path, check=False, timeout=60)
        assert done.returncode == 0, block


def script(page: str, port: int) -> str:
    """One page's commands as one script, in order; ``make`` and the scripts of examples are judged elsewhere.

    One server at a time: where the page starts another, the reader was told to stop the first.
    """
    lines: list[str] = []
    for block in (each for each in blocks("bash") if each.page == page):
        text = block.text.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace(".venv/bin/", "")
        lines += [line for line in text.splitlines() if not line.startswith(("make ", "examples/"))]
    lines = [f"{line} --listen 127.0.0.1:{port}" if line == "dirbridge serve" else line for line in lines]
    served = (f"{STOP}\n{line} &\nSERVER=$!\n{WAIT}" if line.startswith("dirbridge serve") else line for line in lines)
    return "\n".join(served)


def files_of(page: str, directory: Path) -> None:
    """Save the blocks that say, in their first line, which file they are."""
    for block in (each for each in blocks("toml") if each.page == page):
        found = re.match(r"# (\S+\.toml)\n", block.text)
        if found:
            (directory / found[1]).write_text(block.text)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


PROLOGUE = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT\n"
"""a script stops at its first failure, and ends what it started"""


def variables(port: int, *, cold: bool = False, **more: str) -> dict[str, str]:
    """The environment of a page's commands. :param cold: the installed program itself, each time from nothing."""
    path = f"{BIN}:{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path if cold else f"{warm.on_path()}:{path}",
        "HEALTH": f"http://127.0.0.1:{port}/healthz",
        **more,
    }


def run(commands: str, directory: Path, port: int, *, cold: bool = False, **environment: str) -> str:
    """Run a script to its end, and end what it started. :return: what it said."""
    done = subprocess.run(
        ["bash", "-c", PROLOGUE + commands],
        cwd=directory, env=variables(port, cold=cold, **environment),
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", sorted({block.page for block in blocks("bash")} - ELSEWHERE))
def test_commands_run(page: str, tmp_path: Path) -> None:
    port = free_port()
    # A page's own config.toml is for its last commands; before, the embedded default serves.
    commands = script(page, port)
    if "dirbridge serve" not in commands:
        (tmp_path / "dirbridge-data").mkdir()  # a gateway has served here before
        files_of(page, tmp_path)
    else:
        head, mark, tail = commands.partition("dirbridge check config.toml")
        (tmp_path / "saved").mkdir()
        files_of(page, tmp_path / "saved")
        commands = f"{head}cp saved/*.toml .\n{mark}{tail}" if mark else commands
    run(commands, tmp_path, port, cold=page == "docs/tutorial/first-steps.md")


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    used = {target for page in pages() for target in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.M)}
    assert {"demo", "test", "check", "lock"} <= used
    assert used <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_every_page_can_be_found_from_the_first() -> None:
    """Each page is linked from another; the decisions all from their list."""
    linked = {
        (page.parent / target).resolve()
        for page in pages()
        for target in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text())
    }
    ends = {"README.md", "CHANGELOG.md", "SECURITY.md"}
    lost = [page for page in pages() if page.resolve() not in linked and page.name not in ends]
    assert [str(page.relative_to(ROOT)) for page in lost] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page}: {target}"
