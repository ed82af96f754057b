"""What exists is documented: every setting, command, option, failure and metric."""

import re
import tomllib
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from connectors import errors
from connectors.ldap.options import _KEYS as LDAP_KEYS
from connectors.rest.options import AUTH, AUTH_KEYS
from connectors.rest.options import KEYS as REST_KEYS
from connectors.sql.connector import KEYS as SQL_KEYS
from gateway.cli.program import program
from gateway.config import load_config
from gateway.config.settings import Config
from gateway.http.observing import Counters
from gateway.ledger.model import AuditLine, Outcome
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
EXAMPLE = ROOT / "config.example.toml"


def models(kind: Any = Config) -> list[type[BaseModel]]:
    """A model and every model below it."""
    found = [kind] if isinstance(kind, type) and issubclass(kind, BaseModel) else []
    inner = [field.annotation for field in kind.model_fields.values()] if found else get_args(kind)
    return found + [each for part in inner for each in models(part)]


KEYS = sorted({field.alias or name for model in models() for name, field in model.model_fields.items()})


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_documented_and_in_the_example(key: str) -> None:
    page = (REFERENCE / "configuration.md").read_text()
    assert re.search(rf"`[^`]*\b{key}\b|\[{key}", page), f"{key} is missing in docs/reference/configuration.md"
    assert re.search(rf"(^|[\s{{\[#.]){key}(\.|\s*=|\])", EXAMPLE.read_text(), re.MULTILINE), f"{key} is missing"


@pytest.mark.parametrize("key", sorted({*LDAP_KEYS, *REST_KEYS, *SQL_KEYS, *AUTH} - {"settle"}))
def test_every_key_of_a_connector_is_documented(key: str) -> None:
    assert f"`{key}`" in (REFERENCE / "configuration.md").read_text()


@pytest.mark.parametrize("key", sorted(set().union(*AUTH_KEYS.values())))
def test_every_key_of_a_login_is_shown(key: str) -> None:
    assert re.search(rf"\b{key}\b( =|`)", (ROOT / "docs" / "how-to" / "rest.md").read_text())


def test_the_example_loads_and_also_with_every_comment_taken_away() -> None:
    load_config(EXAMPLE)
    text = re.sub(r"^# (?=[a-z_]+ +=)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    text = text.replace('ledger          = "sqlite:///ledger.db"', "#")
    values = tomllib.loads(text)
    assert {"tls", "cursor_key", "ledger"} <= set(values["server"])


def commands() -> dict[str, Any]:
    """Every verb, ``token create`` among them, with its click command."""
    top: Any = typer.main.get_command(program)
    found: dict[str, Any] = {}
    for name, command in top.commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {word}": each for word, each in inner.items()} if inner else {name: command}
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_is_documented(name: str) -> None:
    page = (REFERENCE / "cli.md").read_text()
    section = re.search(rf"^## dirbridge {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"dirbridge {name} is missing in docs/reference/cli.md"
    options = {option for each in commands()[name].params for option in each.opts if option.startswith("--")}
    assert {option for option in options - {"--help"} if option not in section[1]} == set()


def failures(kind: type[errors.ConnectorError] = errors.ConnectorError) -> list[str]:
    """The whole tree of what can go wrong at a backend."""
    return [
        each
        for sub in kind.__subclasses__()
        if sub.__module__ == errors.__name__
        for each in (sub.__name__, *failures(sub))
    ]


@pytest.mark.parametrize("name", failures())
def test_every_failure_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (REFERENCE / "errors.md").read_text()


def test_every_field_and_outcome_of_the_audit_is_documented() -> None:
    page = (REFERENCE / "audit.md").read_text()
    words = [*AuditLine.__dataclass_fields__, *get_args(Outcome)]
    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_metric_is_documented() -> None:
    counters = Counters()
    counters.count("okta", "GET", 200, 0.1)
    names = set(re.findall(r"^# TYPE (\S+)", counters.text(), re.MULTILINE))
    page = (REFERENCE / "metrics.md").read_text()
    assert names
    assert {name for name in names if f"`{name}`" not in page} == set()
