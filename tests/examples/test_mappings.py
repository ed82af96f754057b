"""The mapping files of the examples keep the laws and pass their own tests."""

import tomllib

import pytest

from gateway.mapping.check import check
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.laws.filetests import run_tests
from gateway.mapping.load import load
from tests.examples.sites import EXAMPLES, SITES

FEATURES = {
    "extends", "sub_attributes", "multi_valued", "child", "json", "table", "country", "ref", "when", "scope", "protect",
    "move_to", "template", "resource", "by_group", "states", "split", "scrypt", "primary eq false", "element",
}  # fmt: skip


@pytest.mark.parametrize("site", SITES)
def test_check_finds_nothing_and_the_tests_pass(site: str) -> None:
    file = load(str(EXAMPLES / site / "mapping.toml"))
    assert check(file) == []
    results = run_tests(compile_mapping(file), file)
    assert [(result.name, result.lines) for result in results if not result.ok] == []
    assert len(results) > 5


def test_every_resource_type_of_an_example_has_a_test() -> None:
    for site in SITES:
        file = load(str(EXAMPLES / site / "mapping.toml"))
        own = set(file.sections) - {"Group"}
        assert own == {test.resource for test in file.tests} - {"Group"}, site


def test_the_examples_show_every_feature_that_they_are_there_for() -> None:
    texts = {site: (EXAMPLES / site / "mapping.toml").read_text() for site in SITES}
    assert {feature for feature in FEATURES if not any(feature in text for text in texts.values())} == set()
    targets = {load(str(EXAMPLES / site / "mapping.toml")).target for site in SITES}
    assert targets == {"ldap", "sql"}


@pytest.mark.parametrize("site", SITES)
def test_the_readme_names_every_file_of_its_folder(site: str) -> None:
    readme = (EXAMPLES / site / "README.md").read_text()
    names = {path.name for path in (EXAMPLES / site).iterdir() if path.suffix != ".pyc"} - {"README.md"}
    assert {name for name in names if name not in readme} == set()
    assert f"examples/{site}/try.sh" in readme
    assert f"]({site}/README.md)" in (EXAMPLES / "README.md").read_text()
    assert tomllib.loads((EXAMPLES / site / "config.toml").read_text())["connection"]
