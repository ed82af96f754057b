"""What the gate lets pass, the library accepts: for random resources of the presets and of the RFC's own types."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import Context, ScimProvider

from gateway.scim.gate import is_plain
from gateway.scim.schemas import provider_of, shape_of
from gateway.scim.shape import Attribute, Shape
from tests.scim import standard
from tests.scim.wire import compiled

odd = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just([]), st.just({}), st.just(["a"]))
Draw = Callable[[st.SearchStrategy[Any]], Any]


def value(draw: Draw, attribute: Attribute) -> Any:
    """Mostly what belongs there, sometimes something odd."""
    if draw(st.integers(0, 15)) == 0:
        return draw(odd)
    if not attribute.multi_valued:
        return one(draw, attribute)
    return [one(draw, attribute) for _ in range(draw(st.integers(0, 2)))]


def one(draw: Draw, attribute: Attribute) -> Any:
    if attribute.complex:
        return some(draw, attribute.subs.values())
    return draw(st.booleans() if attribute.type == "boolean" else st.text(max_size=3))


def some(draw: Draw, attributes: Iterable[Attribute]) -> dict[str, Any]:
    """A few of the attributes, and mostly those that are required."""
    known = list(attributes)
    chosen = draw(st.lists(st.sampled_from(known), max_size=3)) if known else []
    needed = [each for each in known if each.required and draw(st.integers(0, 9))]
    return {each.name: value(draw, each) for each in (*chosen, *needed)}


@st.composite
def resources(draw: Draw, shape: Shape) -> dict[str, Any]:
    writable = [each for each in shape.core.values() if not each.read_only and each.name != "schemas"]
    resource = some(draw, writable)
    for each in shape.extensions.values():
        if draw(st.booleans()):
            resource[each.urn] = some(draw, each.attributes.values())
    return resource


CONFIG = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}


def subjects() -> list[tuple[str, Shape, ScimProvider]]:
    found: list[tuple[str, Shape, ScimProvider]] = [
        ("User", standard.USER, standard.PROVIDER),
        ("Group", standard.GROUP, standard.PROVIDER),
    ]
    for name in ("embedded", "openldap"):
        mapping = compiled(name)
        provider = provider_of(mapping, CONFIG, strict=False)
        found += [(kind, shape_of(resource), provider) for kind, resource in mapping.resources.items()]
    return found


@pytest.mark.parametrize(("kind", "shape", "provider"), subjects())
def test_what_passes_the_gate_the_library_accepts(kind: str, shape: Shape, provider: ScimProvider) -> None:
    model = provider.model_for(kind)
    assert model is not None
    passed: list[dict[str, Any]] = []

    @settings(max_examples=250, deadline=None)
    @given(resources(shape))
    def every(resource: dict[str, Any]) -> None:
        if is_plain(shape, resource):
            passed.append(resource)
            for context in (Context.RESOURCE_CREATION_REQUEST, Context.RESOURCE_REPLACEMENT_REQUEST):
                model.model_validate({"schemas": [shape.schema], **resource}, scim_ctx=context, scim_provider=provider)

    every()
    assert len(passed) > 5, "the gate lets hardly anything pass"


def test_what_is_missing_or_wrong_does_not_pass() -> None:
    user = {"userName": "ann", "emails": [{"value": "a@example.com", "type": "work", "primary": True}]}
    assert is_plain(standard.USER, user)
    faults: list[dict[str, object]] = [
        {"userName": None},
        {"userName": 5},
        {"active": "true"},
        {"emails": {"value": "a"}},
        {"emails": ["a"]},
        {"name": []},
        {"name": {"givenName": 1}},
        {standard.ENTERPRISE: []},
        {standard.ENTERPRISE: {"department": {}}},
        {"profileUrl": "https://example.com"},
        {"x509Certificates": [{"value": "YQ=="}]},
    ]
    for wrong in faults:
        assert not is_plain(standard.USER, {**user, **wrong}), wrong
