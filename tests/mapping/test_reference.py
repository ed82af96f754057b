"""``docs/reference/mapping.md`` and ``mappings/README.md``: complete, and every example on them works."""

import re
from pathlib import Path

import pytest

from gateway.mapping.check import check
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.file import call_keys as http_keys
from gateway.mapping.file import keys
from gateway.mapping.file.document import presets
from gateway.mapping.laws.filetests import run_tests
from gateway.mapping.load import load
from gateway.mapping.steps import STEPS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "mapping.md"
README = ROOT / "mappings" / "README.md"

_BLOCK = re.compile(r"^```toml ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

BASES = {
    "ldap": """
        [user]
        class = ["inetOrgPerson"]
        rdn = "uid"
        anchor = "entryUUID"
        parent = "ou=people,{base}"
        [user.map]
        userName = { attr = "uid", required = true }
        "name.familyName" = "sn"
        active = { attr = "locked", via = ["not", { presence = "1" }] }
        """,
    "sql": """
        [user]
        table = "users"
        anchor = { attr = "id", generate = "uuid4" }
        [user.map]
        userName = { attr = "email", required = true }
        active = "active"
        """,
    "rest": """
        [user]
        anchor = "id"
        [user.http]
        read = { get = "/users/{id}" }
        [user.map]
        userName = { attr = "email", required = true }
        active = "active"
        """,
    "memory": """
        [user]
        anchor = "id"
        [user.map]
        userName = { attr = "login", required = true }
        [user.lifecycle]
        delete = "delete"
        """,
}


def blocks(page: Path) -> list[tuple[int, str, str]]:
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, found.start()) + 1, found[1], found[2]) for found in _BLOCK.finditer(text)]


EXAMPLES = [
    pytest.param(kind, text, id=f"{page.name}:{line}")
    for page in (REFERENCE, README)
    for line, kind, text in blocks(page)
]


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_examples_load_check_and_pass_their_tests(tmp_path: Path, kind: str, text: str) -> None:
    if kind:
        (tmp_path / "base.toml").write_text(f'format = 1\ntarget = "{kind}"\n{BASES[kind]}', encoding="utf-8")
        text = f'format = 1\nextends = "base.toml"\n{text}'
    path = tmp_path / "example.toml"
    path.write_text(text, encoding="utf-8")
    file = load(path)
    assert [str(message) for message in check(file)] == []
    results = run_tests(compile_mapping(file), file)
    assert [(result.name, result.lines) for result in results if not result.ok] == []


def tables() -> list[tuple[str, keys.Keys]]:
    both = {**vars(keys), **vars(http_keys)}
    named = {name: value for name, value in both.items() if name.isupper() and isinstance(value, dict)}
    flat: list[tuple[str, keys.Keys]] = []
    for name, value in named.items():
        inner = [each for each in value.values() if isinstance(each, dict)]
        flat += [(name, each) for each in inner] if inner else [(name, value)]
    return flat


def test_every_key_is_explained() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    missing = [f"{name}: {key}" for name, table in tables() for key in table if f"`{key}`" not in rows]
    assert missing == []
    assert len(tables()) > 10


def test_every_closed_choice_is_named() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    missing = [
        f"{key}: {choice}"
        for _, table in tables()
        for key, meant in table.items()
        for choice in meant.choices
        if f"`{choice}`" not in text and f'"{choice}"' not in text
    ]
    assert missing == []


def test_every_step_is_explained_and_shown_in_an_example() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    examples = "\n".join(block for _, _, block in blocks(REFERENCE))
    assert [name for name in STEPS if f"`{name}`" not in rows] == []
    assert [name for name in STEPS if not re.search(rf'(\["|, "|\{{ ){name}\b', examples)] == []


def test_every_preset_is_named_to_operators() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in presets() if f"[`{name}`]({name}.toml)" not in text] == []
