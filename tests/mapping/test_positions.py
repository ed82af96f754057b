"""The line of every key: checked against hand-counted lines, and against tomllib on generated documents."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.file.positions import Path, positions

DOCUMENT = '''format = 1 # one
"quoted key" = 'a # no comment'
[user]
class = [
  "top",   # ] not the end
  "person",
]
parent = [ { when = 'userType eq "x"', dn = "ou=a" },
  { dn = "b]" } ]
[user.map]
'emails[type eq "work"].value' = { attr = "mail", via = ["trim",
   { presence = "0" }] }
"name.\\"givenName\\"" = "givenName"
a.b . "c.d" = 1
[[test]]
scim = \'\'\'{
 "x": "]"
}\'\'\'
gives.dn = """two ""quotes"""""
[[test]]
name = "second"
[[test.deep]]
x = 1
[[test.deep]]
x = 2
[resource."My Device".map]
'''


def test_lines_of_every_kind_of_key() -> None:
    found = positions(DOCUMENT)
    tomllib.loads(DOCUMENT)
    work = 'emails[type eq "work"].value'
    assert found[("quoted key",)] == 2
    assert found[("user", "class", 1)] == 6
    assert found[("user", "parent", 0, "dn")] == 8
    assert found[("user", "parent", 1, "dn")] == 9
    assert found[("user", "map", work, "attr")] == 11
    assert found[("user", "map", work, "via", 1, "presence")] == 12
    assert found[("user", "map", 'name."givenName"')] == 13
    assert found[("user", "map", "a", "b", "c.d")] == 14
    assert found[("test", 0, "gives", "dn")] == 19
    assert found[("test", 1, "name")] == 21
    assert found[("test", 1, "deep", 0, "x")] == 23
    assert found[("test", 1, "deep", 1, "x")] == 25
    assert found[("resource", "My Device", "map")] == 26


def test_windows_line_ends_count_once() -> None:
    assert positions("a = 1\r\n\r\nb = 2\r\n")[("b",)] == 3


def _paths(value: Any, path: Path = ()) -> set[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {found for key, child in inner for found in _paths(child, (*path, key))}


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
_values = st.recursive(
    st.one_of(_text, st.integers(-9, 9), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_text, inner, max_size=3)),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    escaped = "".join(char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in text)
    return f'"{escaped}"'


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_quoted(key)} = {_toml(child)}" for key, child in value.items()) + " }"
    if isinstance(value, list):
        return "[ # x ]\n" + ",\n".join(_toml(child) for child in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)


@given(st.dictionaries(_text, st.dictionaries(_text, _values, max_size=3), max_size=3))
def test_every_key_that_tomllib_sees_has_a_line(document: dict[str, dict[str, Any]]) -> None:
    lines: list[str] = []
    for table, pairs in document.items():
        lines.append(f"[{_quoted(table)}]")
        lines += [f"{_quoted(key)} = {_toml(value)}" for key, value in pairs.items()]
    text = "\n".join(lines)
    assert set(positions(text)) == _paths(tomllib.loads(text)) - {()}
