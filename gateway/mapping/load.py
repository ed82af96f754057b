"""From a mapping file, or the name of a preset, to a ``MappingFile``: form is checked here, meaning in ``check``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.mapping.checks.meaning import meaning_messages
from gateway.mapping.errors import MappingError, Message, alike, in_order
from gateway.mapping.file import keys
from gateway.mapping.file.document import presets, read_document
from gateway.mapping.file.reader import Node, json_table, texts
from gateway.mapping.file.rows import ALIASES, resource_name
from gateway.mapping.file.sections import read_section
from gateway.mapping.model import FileTest, MappingFile, SchemaAttribute, Section

__all__ = ["load", "presets"]


def load(source: str | Path) -> MappingFile:
    """Read a mapping file, or a preset by its name, with everything it ``extends``.

    :raises MappingError: every error of form in the file, each with file, line and key, and with them everything that
        ``check`` would say of the rest.
    """
    document = read_document(source)
    report = document.report
    root = Node(document, (), document.values, report)
    fields = root.accept(keys.FILE, {})
    if "format" in fields and fields["format"].value != keys.FORMAT:
        text = f"this version reads format {keys.FORMAT}, not {fields['format'].value}"
        raise MappingError([Message(fields["format"].place, text)])
    report.faults.update(("resource", name) for key in document.values for name in _nearly(key) if key not in fields)
    if "target" not in document.values and not root.hides("target"):
        root.lack(["target"], "'target' is missing: the kind of target the file is for, such as \"ldap\"")
    sections = _sections(fields.get("resource"), fields["target"].value if "target" in fields else "")
    file = MappingFile(
        name=str(source),
        target=fields["target"].value if "target" in fields else "",
        sections=sections,
        tables=_tables(fields.get("table")),
        schemas=tuple(_schemas(fields.get("schema"), sections)),
        tests=tuple(_tests(fields.get("test"), tuple(sections))),
        places=document.places,
        faults=frozenset(report.faults),
        strays=frozenset(report.strays),
    )
    if not sections and not report.messages:
        root.lack(["resource"], "there is no [user], [group] or [resource.…] section")
    if report.messages:
        raise MappingError(in_order([*report.messages, *meaning_messages(file)]))
    return file


def _nearly(key: str) -> Iterator[str]:
    """The resource types that an unknown key of the file may have been meant for."""
    return (name for alias, name in ALIASES.items() if alike(key, alias))


def _sections(node: Node | None, target: str) -> dict[str, Section]:
    if node is None:
        return {}
    known = tuple(node.value)
    read = {name: read_section(name, section, target, known) for name, section in node.items()}
    return {name: section for name, section in read.items() if section is not None}


def _tables(node: Node | None) -> dict[str, Mapping[str, Any]]:
    tables: dict[str, Mapping[str, Any]] = {}
    for name, table in node.items() if node else ():
        for _, value in table.items():
            value.fits(keys.Key("", ("scalar",)))
        if isinstance(table.value, dict):
            tables[name] = table.value
    return tables


def _schemas(node: Node | None, sections: Mapping[str, Section]) -> Iterator[SchemaAttribute]:
    for word, attributes in node.items() if node else ():
        resource = resource_name(word, tuple(sections))
        for name, attribute in attributes.items():
            section = sections.get(resource)
            yield _attribute(resource, name, attribute, section.schema if section else "")


def _attribute(resource: str, name: str, node: Node, urn: str) -> SchemaAttribute:
    fields = node.accept(keys.SCHEMA_ATTRIBUTE, {})
    parts = fields.get("sub_attributes")
    urn = fields["urn"].value if "urn" in fields else urn
    read_apart = {"canonical", "reference_types", "sub_attributes", "urn"}
    return SchemaAttribute(
        resource=resource,
        name=name,
        urn=urn,
        place=node.place,
        canonical=texts(fields.get("canonical")),
        reference_types=texts(fields.get("reference_types")),
        sub_attributes=tuple(
            _attribute(resource, part, child, urn) for part, child in (parts.items() if parts else ())
        ),
        **{key: field.value for key, field in fields.items() if key not in read_apart},
    )


def _tests(node: Node | None, known: tuple[str, ...]) -> Iterator[FileTest]:
    for test in node.each() if node else ():
        fields = test.accept(keys.TEST, {})
        if "fails" in fields:
            fields["fails"].accept(keys.FAILS, {})
        yield FileTest(
            name=fields["name"].value if "name" in fields else "",
            place=test.place,
            resource=resource_name(fields["for"].value if "for" in fields else "user", known),
            entry=json_table(fields.get("entry")),
            last=json_table(fields.get("last")),
            scim=json_table(fields.get("scim")),
            gives=fields["gives"].value if "gives" in fields else None,
            reads=fields["reads"].value if "reads" in fields else None,
            calls=texts(fields["calls"]) if "calls" in fields else None,
            fails=fields["fails"].value if "fails" in fields else None,
        )
