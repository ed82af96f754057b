"""Fixtures that every room's tests share, and an honest account of what could not run."""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

from tests.acceptance import page

BACKENDS = ("postgres", "mariadb", "slapd", "ds389", "samba", "keystone", "mailman", "workroom", "scim_server")
pytest_plugins = [f"tests.backends.{name}" for name in BACKENDS]

# CI tries the same values each time; whoever runs the tests by hand looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")

MISSING = "backend missing"
"""How the reason of a skip starts where a backend is not installed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--acceptance``: run the tests named after rows of the acceptance table, and write its page."""
    parser.addoption("--acceptance", action="store_true", help="write docs/reference/acceptance.md")


def pytest_configure(config: pytest.Config) -> None:
    """Gather what the acceptance table says."""
    config.pluginmanager.register(page.plugin(config), "acceptance")


@pytest.fixture
def anyio_backend() -> str:
    """Asyncio is what uvicorn runs, so it is what the tests run."""
    return "asyncio"


def reason_of(report: pytest.TestReport) -> str:
    """Return why a test was skipped, without pytest's ``Skipped: ``."""
    longrepr: Any = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def refuse_skip(report: pytest.TestReport) -> None:
    """Turn the skip of a test whose backend is missing into a failure: in CI every backend is required."""
    reason = reason_of(report) if report.skipped else ""
    if reason.startswith(MISSING) and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{reason} (a skip, but with CI=true every backend is required)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """See every report on its way."""
    del item, call
    report = yield
    refuse_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which backend was not there, and how many tests that cost."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(reason for reason in map(reason_of, skipped) if reason.startswith(MISSING))
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {number} tests, {reason}", yellow=True)
