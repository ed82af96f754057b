"""``docs/reference/acceptance.md``, made from the results of the tests that bear a row's name.

``make acceptance`` writes it. A whole run in CI makes it again and fails where the committed page says otherwise, so
that the table is never a claim.
"""

import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "acceptance.md"
ROWS = Path(__file__).parent / "rows.toml"
GUIDES = {
    "H": "Heeler's guide",
    "S": "Secoda's guide",
    "P": "Heap's guide",
    "O": "An Okta guide with a SCIM server of its own",
    "E": "Microsoft Entra ID",
}
BACKENDS = {
    "memory": "memory",
    "sqlite": "SQLite",
    "embedded": "SQLite",
    "postgres": "PostgreSQL",
    "postgresql": "PostgreSQL",
    "mariadb": "MariaDB",
    "slapd": "OpenLDAP",
    "openldap": "OpenLDAP",
    "samba": "Samba AD",
    "ds389": "389 DS",
    "389ds": "389 DS",
    "rest": "REST application",
    "application": "REST application",
    "workroom": "REST application",
    "keystone": "Keystone",
    "mailman": "GNU Mailman",
    "scim": "SCIM server",
}
"""fixture names and words in the ids of parametrised tests → what the page calls the backend"""

_NAMED = re.compile(r"test_((?:[hspoe]\d+_)+)")


def rows_of(name: str) -> list[str]:
    """The rows that a test bears in its name: ``test_h5_p9_…`` → H5, P9."""
    found = _NAMED.match(name)
    return [word.upper() for word in found[1].split("_") if word] if found else []


def backends_of(item: pytest.Item) -> list[str]:
    """Where a test runs: by its fixtures, and by the words of its parameters."""
    fixtures = set(getattr(item, "fixturenames", ()))
    words = set(re.findall(r"[a-z0-9]+", item.name.partition("[")[2].lower()))
    return sorted({BACKENDS[word] for word in (fixtures | words) & BACKENDS.keys()})


class Table:
    """A pytest plugin: gathers the results of tests named after rows.

    :param write: write the page at the end, and run no other tests. :param compare: fail where the page differs.
    """

    def __init__(self, write: bool, compare: bool) -> None:
        self.write, self.compare = write, compare
        self.results: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.where: dict[str, set[str]] = defaultdict(set)
        self.differs = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Note where each runs, for the report; without the others when the page is to be written."""
        for item in items:
            if rows_of(item.name):
                item.user_properties.append(("backends", backends_of(item)))
        if self.write:
            others = [item for item in items if not rows_of(item.name)]
            items[:] = [item for item in items if rows_of(item.name)]
            config.hook.pytest_deselected(items=others)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how one test ended; of its phases the worst counts."""
        path, *_, name = report.nodeid.partition("[")[0].split("::")
        for row in rows_of(name):
            if report.when == "call" or report.outcome != "passed":
                self.results[row][f"{path}::{name}"].add(report.outcome)
            for backends in (value for key, value in report.user_properties if key == "backends"):
                self.where[row].update(backends)  # type: ignore[arg-type]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, or hold it against the committed one."""
        if hasattr(session.config, "workerinput"):
            return
        page = rendered(self.results, self.where)
        if self.write:
            PAGE.write_text(page, encoding="utf-8")
        elif self.compare and page != PAGE.read_text(encoding="utf-8"):
            self.differs = True
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what to do where the page is not what this run shows."""
        if self.write:
            terminalreporter.write_line(f"written: {PAGE.relative_to(ROOT)}")
        if self.differs:
            terminalreporter.write_line(
                f"{PAGE.relative_to(ROOT)} is not what this run shows; write it again: make acceptance", red=True
            )


def rendered(results: dict[str, dict[str, set[str]]], where: dict[str, set[str]]) -> str:
    """The page. :param results: row → test → its outcomes. :param where: row → backends."""
    return "\n".join(_lines(tomllib.loads(ROWS.read_text(encoding="utf-8")), results, where)) + "\n"


def _lines(rows: dict[str, Any], results: dict[str, dict[str, set[str]]], where: dict[str, set[str]]) -> Iterator[str]:
    shown = sum(_verdict(results[row].values()) == "shown" for row in rows)
    yield "# Acceptance table"
    yield ""
    yield "<!-- Written by `make acceptance` from the results of the tests; a whole CI run fails where it differs. -->"
    yield ""
    yield "What the guides of the systems to serve describe, row by row, and the tests that show that it is so. A row"
    yield "is *shown* when every test that bears its name passed."
    yield ""
    yield f"{shown} of {len(rows)} rows are shown."
    for letter, guide in GUIDES.items():
        yield from (
            "",
            f"## {guide}",
            "",
            "| row | the guide | the gateway | result | on | tests |",
            "|---|---|---|---|---|---|",
        )
        for row, texts in rows.items():
            if row[0] == letter:
                cells = [row, texts["guide"], texts["gateway"], _verdict(results[row].values())]
                cells += [", ".join(sorted(where[row])), "<br>".join(_link(test) for test in sorted(results[row]))]
                yield f"| {' | '.join(cells)} |"


def _verdict(outcomes: Iterable[set[str]]) -> str:
    every = set[str]().union(*outcomes)
    if not every:
        return "**no test**"
    if "failed" in every:
        return "**failed**"
    return "**skipped**" if "skipped" in every else "shown"


def _link(test: str) -> str:
    path, _, name = test.rpartition("::")
    return f"[`{name}`](../../{path})"


def plugin(config: pytest.Config) -> Table:
    """The plugin as the command line and the environment want it."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    return Table(config.getoption("--acceptance"), whole and os.environ.get("CI") == "true")
