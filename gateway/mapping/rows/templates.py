"""``{path}`` templates: derived text, one way, never a DN."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.mapping.rows.coerce import is_empty
from gateway.mapping.rows.slots import Get, Lack, first, slot
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.schema.paths import PathError, ScimPath, parse_path
from gateway.mapping.steps.step import spelled

Render = Callable[[Mapping[str, Any]], Any]

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """One compiled template.

    :param render: resource → text, or None where a path of it has no value. :param paths: what it reads.
    """

    render: Render
    paths: tuple[ScimPath, ...]


def compile_template(text: str, index: AttributeIndex, resource: str) -> Template:
    """Compile a template; ``{{`` and ``}}`` are braces.

    :raises PathError: a path that names nothing, or a brace that stands alone.
    """
    parts: list[str | Get] = []
    paths: list[ScimPath] = []
    at = 0
    for match in _PART.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is None:
            raise PathError(f"'{text}': a single '{match[0]}'; a brace is written twice")
        else:
            path = parse_path(match[1].strip(), index, resource)
            paths.append(path)
            parts.append(_as_written(slot(path), index.written.get(path.text)))
    parts.append(text[at:])
    return Template(_renderer([part for part in parts if part != ""]), tuple(paths))


def _as_written(get: Get, normal: Callable[[Any], Any] | None) -> Get:
    """What a row makes of the value before it writes it: " ann " under ``trim`` is not " ann " in what follows from it,
    neither at creation nor after a later change, when the target is read."""
    if normal is None:
        return get

    def written(resource: Mapping[str, Any]) -> Any:
        value = get(resource)
        made = None if value is None or isinstance(value, Lack) else normal(value)
        return value if made is None else made

    return written


def _renderer(parts: list[str | Get]) -> Render:
    def render(resource: Mapping[str, Any]) -> str | None:
        written: list[str] = []
        for part in parts:
            if isinstance(part, str):
                written.append(part)
                continue
            value = first(part(resource))
            if is_empty(value) or isinstance(value, dict):
                return None
            written.append(spelled(value))
        return "".join(written)

    return render


def either(template: Template, otherwise: Template | None) -> Template:
    """Return a template that falls back on ``else`` where a path of the first has no value."""
    if otherwise is None:
        return template

    def render(resource: Mapping[str, Any]) -> Any:
        value = template.render(resource)
        return otherwise.render(resource) if value is None else value

    return Template(render, template.paths + otherwise.paths)
