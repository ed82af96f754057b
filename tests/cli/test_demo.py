"""``dirbridge demo``: what a newcomer sees first."""

import os
import pty
import re
import subprocess
from pathlib import Path

from tests.cli.running import PROGRAM, dirbridge

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_it_plays_the_main_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = dirbridge("demo", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    for part in (
        "→ POST  /Users",
        "← 201 Created",
        "→ PUT   /Users/",
        "→ PATCH /Groups/",
        "the tables stand as before",
        "Lead Engineer",
        "ann.lee@example.com, ben.ortiz@example.com",
        "audit  done  create User by first",
        "unchanged",
    ):
        assert part in said, f"{part!r} is missing in\n{said}"
    assert "1mz050nq" not in said
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_last_table_shows_ben_switched_off_and_out_of_the_group(tmp_path: Path) -> None:
    last = dirbridge("demo", cwd=tmp_path).stdout.rpartition("deactivated")[2].splitlines()
    ben = next(line for line in last if line.strip().startswith("ben.ortiz"))
    group = next(line for line in last if line.strip().startswith("Engineering"))
    assert ben.split()[-1] == "0"
    assert group.split()[1:] == ["ann.lee@example.com"]


def on_terminal(directory: Path, columns: int) -> str:
    """What the demonstration writes to a terminal of so many columns."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    with subprocess.Popen(
        [PROGRAM, "demo", "--pace", "0"], cwd=directory, stdout=slave, stderr=slave, stdin=slave, env=environment
    ) as process:
        os.close(slave)
        said = bytearray()
        while True:
            try:
                said += os.read(master, 65536)
            except OSError:  # the other side is closed
                break
        assert process.wait(60) == 0, said.decode()
    os.close(master)
    return said.decode()


def test_it_works_on_a_terminal(tmp_path: Path) -> None:
    said = on_terminal(tmp_path, 100)
    assert "\x1b[" in said
    assert "Lead Engineer" in said


def test_no_word_is_broken_at_80_columns(tmp_path: Path) -> None:
    lines = [COLOURS.sub("", line) for line in on_terminal(tmp_path, 80).splitlines()]
    assert [line for line in lines if len(line) > 80] == []
    text = " ".join(" ".join(lines).split())
    for whole in (
        "with SQLite as its target, until this ends.",
        "userName = ann.lee@example.com; externalId = 00u1ann;",
    ):
        assert whole in text
