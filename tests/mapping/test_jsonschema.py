"""The published JSON Schema: fresh, and of one mind with the loader about presets and about broken files."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.file.document import presets
from gateway.mapping.file.jsonschema import mapping_schema, rendered

SCHEMA = mapping_schema()
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}
KEYWORDS = {"$schema", "$id", "$defs", "title", "description"}


def is_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """Validate by the keywords of JSON Schema 2020-12 that the published schema uses, and by no others."""
    return all(holds(value, keyword, schema) for keyword in schema if keyword not in KEYWORDS)


def holds(value: Any, keyword: str, schema: dict[str, Any]) -> bool:
    said = schema[keyword]
    table = value if isinstance(value, dict) else {}
    match keyword:
        case "$ref":
            return valid(value, SCHEMA["$defs"][said.removeprefix("#/$defs/")])
        case "type":
            return any(is_type(value, name) for name in ([said] if isinstance(said, str) else said))
        case "const":
            return value == said and type(value) is type(said)
        case "enum":
            return value in said
        case "anyOf":
            return any(valid(value, each) for each in said)
        case "allOf":
            return all(valid(value, each) for each in said)
        case "not":
            return not valid(value, said)
        case "if":
            return not valid(value, said) or valid(value, schema["then"])
        case "then":
            return True
        case "required":
            return not isinstance(value, dict) or all(name in value for name in said)
        case "minProperties":
            return not isinstance(value, dict) or len(value) >= said
        case "items":
            return not isinstance(value, list) or all(valid(each, said) for each in value)
        case "properties":
            return all(valid(table[name], each) for name, each in said.items() if name in table)
        case "additionalProperties":
            others = {name: each for name, each in table.items() if name not in schema.get("properties", {})}
            return not others if said is False else all(valid(each, said) for each in others.values())
    raise AssertionError(f"this test does not know the keyword {keyword}")


def toml(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_the_published_schema_is_fresh() -> None:
    published = resources.files("mappings").joinpath("mapping.schema.json").read_bytes()
    assert published == rendered(), "run: python -m gateway.mapping.file.jsonschema > mappings/mapping.schema.json"


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid(name: str) -> None:
    assert valid(toml(resources.files("mappings").joinpath(f"{name}.toml").read_text()), SCHEMA)


def test_a_site_file_that_extends_a_preset_is_valid() -> None:
    text = 'format = 1\nextends = "openldap"\ngroup = false\n[user]\nrdn = "cn"\n[user.map]\ntitle = false'
    assert valid(toml(text), SCHEMA)


def test_a_plugin_target_may_have_keys_of_its_own() -> None:
    assert valid(toml('format = 1\ntarget = "fancy"\n[user]\nanchor = "id"\nfancy = 1'), SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "format = 2",
        'format = 1\ntarget = "ldap"\ntabel = {}',
        'format = 1\ntarget = "ldap"\n[user]\nanchor = "a"\ntable = "t"',
        'format = 1\ntarget = "sql"\n[user]\nanchor = "a"\nrdn = "t"',
        'format = 1\ntarget = "sql"\n[user.map]\nuserName = { attr = "a", apply = "allways" }',
        'format = 1\ntarget = "sql"\n[user.map]\nuserName = { attr = "a", requird = true }',
        'format = 1\ntarget = "sql"\n[user.set]\nx = 5',
        'format = 1\ntarget = "sql"\n[user.lifecycle]\npurge_after = "30d"',
        'format = 1\ntarget = "sql"\n[user.lifecycle]\nstamp = { on = "x", attr = "a" }',
        'format = 1\ntarget = "sql"\n[group.members]\nplaceholder = "x"',
        'format = 1\ntarget = "sql"\n[resource.Device]\nrdn = "x"',
        'format = 1\ntarget = "sql"\n[[test]]\nscim = "{}"',
        'format = 1\ntarget = "sql"\n[schema.User.x]\ntype = "str"',
    ],
)
def test_broken_files_are_invalid(text: str) -> None:
    assert not valid(toml(text), SCHEMA)


def test_the_golden_file_of_broken_forms_is_invalid() -> None:
    assert not valid(toml((Path(__file__).parent / "golden" / "form.toml").read_text()), SCHEMA)
