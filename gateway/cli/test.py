"""``dirbridge test``: the tests inside mapping files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import ConfigOption, JsonOption, configured
from gateway.cli.outcome import FINE, FOUND, UNUSABLE, end, outcomes
from gateway.cli.screen import say, say_json
from gateway.config import ConfigError, UnusableConfig, anchored_mapping
from gateway.mapping.errors import Message, in_order

if TYPE_CHECKING:
    from gateway.mapping.laws.filetests import TestResult


def run_file_tests(
    files: Annotated[
        list[str] | None, typer.Argument(help="mapping files, names of presets; else those of --config")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Run the tests inside mapping files."""
    with outcomes():
        results, wrong = _all_results(files or [], config)
        if wrong:
            end(UNUSABLE, *(str(message) for message in wrong))
    if json:
        say_json([_shown(name, result) for name, each in results.items() for result in each])
    else:
        _print(results)
    broken = any(not result.ok for each in results.values() for result in each)
    raise typer.Exit(FOUND if broken else FINE)


def _all_results(names: list[str], config: Path | None) -> "tuple[dict[str, list[TestResult]], list[Message]]":
    """Run the tests of every mapping that can be used; return everything that is wrong with the others beside them."""
    from gateway.app.parts import check_mapping
    from gateway.mapping.laws.filetests import run_tests
    from gateway.mapping.load import load

    results: dict[str, list[TestResult]] = {}
    wrong: list[Message] = []
    if not names:
        names, wrong = _configured(config)
    for name in names:
        try:
            file = load(name)
            results[name] = list(run_tests(check_mapping(file, test=False), file))
        except ConfigError as error:
            wrong += error.messages
    return results, in_order(wrong)


def _configured(config: Path | None) -> tuple[list[str], list[Message]]:
    """The mappings that a configuration names, and what is wrong with the configuration."""
    wrong: list[Message] = []
    try:
        loaded = configured(config)
    except UnusableConfig as error:
        loaded, wrong = error.rest, error.messages
    return list(
        dict.fromkeys(anchored_mapping(each.mapping, loaded.root) for each in loaded.connection.values())
    ), wrong


def _print(results: "dict[str, list[TestResult]]") -> None:
    for name, each in results.items():
        say(f"{name} {''.join('.' if result.ok else 'F' for result in each) or 'has no tests'}")
    failed = [result for each in results.values() for result in each if not result.ok]
    for result in failed:
        say()
        say(f"{result.place}: {result.name}", "bold red")
        for line in result.lines:
            say(f"  {line}")
    number = sum(len(each) for each in results.values())
    say()
    say(f"{number - len(failed)} passed" + (f", {len(failed)} failed" if failed else ""), "red" if failed else "green")


def _shown(file: str, result: "TestResult") -> dict[str, Any]:
    return {
        "file": file,
        "test": result.name,
        "place": str(result.place),
        "ok": result.ok,
        "lines": list(result.lines),
    }
