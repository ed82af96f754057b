"""Rows of ``map``, ``set`` and ``show`` from their tables."""

from collections.abc import Iterator
from typing import Any

from gateway.mapping.errors import listed
from gateway.mapping.file.keys import ROWS
from gateway.mapping.file.reader import Node, texts
from gateway.mapping.model import Direction, Row, Step

_RENAMED = {"else": "otherwise"}
_READ_APART = frozenset({"via", "ref", "also", "by_group", "apply"})
ALIASES = {"user": "User", "group": "Group"}


def resource_name(word: str, known: tuple[str, ...]) -> str:
    """Return the resource type that ``user``, ``group`` or a name in any capitals means."""
    return next((name for name in known if name.lower() == word.lower()), ALIASES.get(word.lower(), word))


def read_rows(section: Node, known: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a section in the order of the file; what is wrong with one is reported.

    :param known: the names of the resource types, for ``ref``.
    """
    directions: tuple[Direction, ...] = ("map", "set", "show")
    for direction in directions:
        if direction in section.value:
            for key, node in section.at(direction).items():
                row = _row(direction, key, node, known)
                if row is not None:
                    yield row


def _row(direction: Direction, key: str, node: Node, known: tuple[str, ...]) -> Row | None:
    path, attr = ("", key) if direction == "set" else (key, None)
    if isinstance(node.value, str) and direction != "set":
        return Row(direction, path, node.value, node.place)
    if not isinstance(node.value, dict):
        wanted = "{ value = … } or { template = … }" if direction == "set" else "the name of an attribute, or a table"
        node.complain(f"must be {wanted}")
        return Row(direction, path, attr, node.place)
    if _unquoted(direction, node):
        return None
    fields = node.accept(ROWS[direction], {})
    _insist_on_one_source(direction, node)
    return Row(
        direction,
        path,
        fields["attr"].value if "attr" in fields else attr,
        node.place,
        via=tuple(_steps(fields.get("via"))),
        ref=resource_name(fields["ref"].value, known) if "ref" in fields else None,
        apply=fields["apply"].value if "apply" in fields else "always",
        apply_given="apply" in fields,
        also=texts(fields.get("also")),
        by_group=_by_group(fields.get("by_group")),
        **{
            _RENAMED.get(name, name): field.value
            for name, field in fields.items()
            if name not in _READ_APART and name != "attr"
        },
    )


def _unquoted(direction: Direction, node: Node) -> bool:
    """Notice ``name.givenName = "x"`` without quotes, which TOML reads as a table in a table."""
    strange = [key for key in node.value if key not in ROWS[direction]]
    if len(strange) != len(node.value) or not strange:
        return False
    name = f"{node.path[-1]}.{strange[0]}"
    if direction == "set":
        return False
    node.complain(f'a SCIM path with a dot stands in quotes: "{name}" = …')
    node.report.faults.update((*node.path[:-1], f"{node.path[-1]}.{each}") for each in strange)
    return True


def _insist_on_one_source(direction: Direction, node: Node) -> None:
    """Insist on exactly one of the keys that say where a value lives or comes from."""
    sources = {"map": ("attr", "store"), "set": ("value", "template", "by_group"), "show": ("attr", "value")}[direction]
    written = [key for key in sources if key in node.value]
    if len(written) > 1:
        node.lack(sources, f"has both {listed(written)}; only one can hold")
    elif not written and not any(node.hides(key) for key in sources):
        node.lack(sources, f"needs {listed(sources, 'or')}")


def _steps(node: Node | None) -> Iterator[Step]:
    for step in node.each() if node else ():
        if isinstance(step.value, str):
            yield Step(step.value)
        elif not step.value:
            step.complain("a step needs a name")
        else:
            yield _step_with_options(step.value)


def _step_with_options(table: dict[str, Any]) -> Step:
    """The step is the first key, ``options`` are the others: ``{ bit = 2, base = 512 }``."""
    (name, argument), *others = table.items()
    return Step(name, argument, dict(others))


def _by_group(node: Node | None) -> tuple[tuple[str, Any], ...]:
    if node is None:
        return ()
    pairs = node.value if isinstance(node.value, list) else []
    if not pairs or not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        node.complain("must be an array of [group, value] pairs")
        return ()
    return tuple((group, value) for group, value in pairs)
