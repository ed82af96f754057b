"""The resource types of a mapping, three ways: as published, as ``Shape`` and as a provider of scim2-models.

What is published is true: exactly the mapped attributes. What the library validates with is looser under every
dialect but ``strict``: a random string passes where a URI or base64 is typed, and the parts that the gateway itself
derives (``$ref``) are not required.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
from scim2_models import ResourceType, Schema, ScimPolicy, ScimProvider, ServiceProviderConfig
from scim2_models.path import FilterNode, ValuePath

from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.mapping.compiled import ResourceMapping
from gateway.scim import selections
from gateway.scim.dialects import TOLERANT
from gateway.scim.normalise import attribute_path, parsed
from gateway.scim.shape import Attribute, Shape, shape_from

Document = dict[str, Any]
COMMON_NAMES = frozenset({"schemas", "id", "externalid", "meta"})


def shape_of(resource: ResourceMapping) -> Shape:
    """The shape of one mapped resource type."""
    shape = shape_from(
        resource.name,
        resource.endpoint,
        resource.schema,
        resource.extensions,
        resource.schema_documents,
        members=resource.members is not None,
        aliases=dict(resource.attributes.aliases),
    )
    return replace(shape, core={**shape.core, **_soles(resource, shape)})


def _soles(resource: ResourceMapping, shape: Shape) -> dict[str, Attribute]:
    """The attributes of which all rows take one and the same element: ``emails[type eq "work"].value`` alone."""
    rows: dict[str, list[FilterNode | None]] = {}
    for row in resource.section.rows:
        path = parsed(row.path) if row.direction == "map" else None
        if path is not None:
            node = path.val_filter if isinstance(path, ValuePath) else None
            rows.setdefault(attribute_path(path).attr.lower(), []).append(node)
    soles = {}
    for name, (first, *others) in rows.items():
        attribute = shape.core.get(name)
        if attribute is not None and first is not None and all(str(each) == str(first) for each in others):
            soles[name] = replace(attribute, sole=selections.bound(attribute, first, TOLERANT))
    return soles


def schema_documents(mapping: CompiledMapping, *, strict: bool) -> list[Document]:
    """Every Schema document once (RFC 7643 §7), whichever resource types share it.

    :param strict: leave out the other names of attributes (``also``), which are not read then.
    """
    documents: dict[str, Document] = {}
    for resource in mapping.resources.values():
        others = frozenset(resource.attributes.aliases) if strict else frozenset[str]()
        for document in resource.schema_documents:
            attributes = [each for each in document["attributes"] if str(each["name"]).lower() not in others]
            core = str(document["id"]).lower() == resource.schema.lower()
            documents[str(document["id"]).lower()] = {**document, "attributes": attributes} if core else document
    return list(documents.values())


def resource_types(mapping: CompiledMapping) -> list[Document]:
    """The ResourceType documents (RFC 7643 §6)."""
    return [resource.resource_type for resource in mapping.resources.values()]


def provider_of(mapping: CompiledMapping, config: Document, *, strict: bool) -> ScimProvider:
    """The provider the library validates with, built once for schemas that say the same."""
    documents = schema_documents(mapping, strict=strict)
    validated = documents if strict else [loosened(document) for document in documents]
    return _provider(
        orjson.dumps(validated, option=orjson.OPT_SORT_KEYS),
        orjson.dumps(resource_types(mapping), option=orjson.OPT_SORT_KEYS),
        orjson.dumps(config, option=orjson.OPT_SORT_KEYS),
        strict,
    )


@lru_cache(maxsize=64)
def _provider(schemas: bytes, types: bytes, config: bytes, strict: bool) -> ScimProvider:
    unknown = ScimPolicy.Unknown.forbid if strict else ScimPolicy.Unknown.ignore
    return ScimProvider.from_discovery(
        [Schema.model_validate(document) for document in orjson.loads(schemas)],
        [ResourceType.model_validate(document) for document in orjson.loads(types)],
        config=ServiceProviderConfig.model_validate(orjson.loads(config)),
        policy=ScimPolicy(unknown=unknown),
    )


def loosened(schema: Mapping[str, Any]) -> Document:
    """A Schema document to validate with: URIs and binaries as strings, what the gateway derives not required."""
    return {**schema, "attributes": _loosened(schema.get("attributes") or ())}


def _loosened(attributes: Iterable[Mapping[str, Any]]) -> list[Document]:
    result = []
    for attribute in attributes:
        if str(attribute["name"]).lower() in COMMON_NAMES:
            continue
        loose = dict(attribute)
        if loose.get("type") in ("reference", "binary"):
            loose |= {"type": "string", "caseExact": True}
            loose.pop("referenceTypes", None)
        if loose["name"] == "$ref":
            loose["required"] = False
        if loose.get("subAttributes"):
            loose["subAttributes"] = _loosened(loose["subAttributes"])
        result.append(loose)
    return result
