"""``try.sh`` of every example, from a copy in a temporary folder, on real parts."""

import re
from pathlib import Path

import pytest

from tests.backends.slapd import require_slapd
from tests.examples.sites import SITES, processes_of, tried

ANSWERS = {
    "hospital": "201 201 200 200 200 201 200 201 201 200 200 403 204",
    "retail": "201 201 201 200 200 204 204 403 403 200 204",
    "university": "201 201 201 200 200 200 200 403 200",
}
"""the answers of the gateway, in order"""


@pytest.mark.parametrize("site", SITES)
def test_it_shows_what_it_says_and_leaves_nothing_behind(site: str, tmp_path: Path) -> None:
    if site == "university":
        require_slapd()
    done = tried(site, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert " ".join(re.findall(r"^← (\d+)", done.stdout, re.MULTILINE)) == ANSWERS[site], done.stdout
    assert "\x1b" not in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []


def test_without_slapd_the_university_says_so_and_shows_what_it_would_write(tmp_path: Path) -> None:
    done = tried("university", tmp_path, SLAPD="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slapd is not installed here" in done.stdout
    assert re.search(r"^otherTelephone +\+442079460002 *$", done.stdout, re.MULTILINE), done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []
