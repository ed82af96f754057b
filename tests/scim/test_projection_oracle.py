"""What an answer shows, against the library's own dump, for random resources and random request shapes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import Context, Resource, ResponseParameters, Schema

from gateway.scim.dialects import STRICT
from gateway.scim.filters import canonical_attribute
from gateway.scim.projection import Projection, Projections
from gateway.scim.shape import Shape, shape_from
from tests.scim.standard import ENTERPRISE, GROUP, USER, USER_URN, model

BASE = "https://scim.example.com/scim/v2"
WIDGET_URN = "urn:example:params:scim:schemas:Widget"


def attribute(name: str, kind: str = "string", **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
        **facts,
    }


def part(name: str, returned: str, *, many: bool) -> dict[str, Any]:
    subs = [attribute("value"), *(attribute(each, returned=each) for each in ("always", "default", "request", "never"))]
    return attribute(name, "complex", multiValued=many, returned=returned, subAttributes=subs)


RETURNED = ("always", "default", "request", "never")
WIDGET_DOCUMENT = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": WIDGET_URN,
    "name": "Widget",
    "description": "every returned value, at both levels",
    "attributes": [
        *(attribute(f"{each}One", returned=each) for each in RETURNED),
        *(part(f"{each}Part", each, many=False) for each in RETURNED),
        *(part(f"{each}Parts", each, many=True) for each in RETURNED),
    ],
}
WIDGET = shape_from("Widget", "/Widgets", WIDGET_URN, (), [WIDGET_DOCUMENT])
WIDGET_MODEL = Resource.from_schema(Schema.model_validate(WIDGET_DOCUMENT))

texts = st.sampled_from(["a", "b"])
metas = st.just({"resourceType": "User", "version": 'W/"1"', "created": "2011-08-01T18:29:49Z"})


def values(shape: Shape, skip: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Random resources of a shape: every attribute there or not."""
    optional = {each.name: _value(each) for each in shape.core.values() if each.name not in skip}
    extensions = {
        each.urn: st.fixed_dictionaries({}, optional={sub.name: _value(sub) for sub in each.attributes.values()})
        for each in shape.extensions.values()
    }
    return st.fixed_dictionaries({"id": st.just("1"), "meta": metas}, optional={**optional, **extensions})


def _value(each: Any) -> st.SearchStrategy[Any]:
    if each.complex:
        one: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {}, optional={s.name: _value(s) for s in each.subs.values() if s.name != "$ref"}
        )
    elif each.type == "boolean":
        one = st.booleans()
    elif each.type == "reference":
        one = st.just("https://example.com/x")
    elif each.type == "binary":
        one = st.just("YQ==")
    else:
        one = texts
    return st.lists(one, max_size=2) if each.multi_valued else one


def names(shape: Shape) -> st.SearchStrategy[list[str]]:
    paths = [path for each in shape.core.values() for path in (each.path, *(sub.path for sub in each.subs.values()))]
    paths += [f"{shape.schema}:{path}" for path in paths]
    for extension in shape.extensions.values():
        paths += [extension.urn, *(each.path for each in extension.attributes.values())]
        paths += [sub.path for each in extension.attributes.values() for sub in each.subs.values()]
    known = st.sampled_from([path for path in paths if "$ref" not in path and "location" not in path])
    spelled = known.flatmap(lambda path: st.sampled_from([path, path.upper() if not path.startswith("urn") else path]))
    return st.lists(st.one_of(spelled, st.just("nope"), st.just("name.nope")), min_size=1, max_size=4)


def shown(shape: Shape, resource: dict[str, Any], asked: list[str], excluded: list[str]) -> dict[str, Any]:
    def paths(given: list[str]) -> frozenset[str]:
        found = (canonical_attribute(name, [shape], STRICT) for name in given)
        return frozenset(path for path in found if path is not None)

    projection = Projection(shape, paths(asked) if asked else None, paths(excluded), {})
    return without_location(projection.render(resource, BASE))


def without_location(document: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in document.get("meta", {}).items() if name != "location"}
    rest = {name: value for name, value in document.items() if name != "meta"}
    return {**rest, **({"meta": meta} if meta else {})}


def dumped(
    cls: type[Resource[Any]], urn: str, resource: dict[str, Any], asked: list[str], excluded: list[str]
) -> dict[str, Any]:
    parameters: Any = ResponseParameters[cls].model_validate({"attributes": asked, "excludedAttributes": excluded})  # type: ignore[valid-type]
    loaded = cls.model_validate({"schemas": [urn], **resource})
    return without_location(loaded.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=parameters))


def shapes(asked: st.SearchStrategy[list[str]]) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    nothing: list[str] = []
    return st.one_of(
        st.tuples(asked, st.just(nothing)), st.tuples(st.just(nothing), asked), st.just((nothing, nothing))
    )


SKIP = frozenset({"schemas", "id", "meta"})


@settings(max_examples=500, deadline=None)
@given(values(USER, SKIP), shapes(names(USER)))
def test_a_user_is_shown_as_the_library_shows_it(resource: dict[str, Any], asked: tuple[list[str], list[str]]) -> None:
    assert shown(USER, resource, *asked) == dumped(model("User"), USER_URN, resource, *asked)


@settings(max_examples=500, deadline=None)
@given(values(WIDGET, SKIP), shapes(names(WIDGET)))
def test_every_returned_value_is_honoured(resource: dict[str, Any], asked: tuple[list[str], list[str]]) -> None:
    assert shown(WIDGET, resource, *asked) == dumped(WIDGET_MODEL, WIDGET_URN, resource, *asked)


def test_references_and_location_are_urls() -> None:
    group = {
        "id": "g 1",
        "meta": {"resourceType": "Group"},
        "displayName": "Team",
        "members": [{"value": "u/1", "type": "User", "display": "Ann"}, {"value": "g2", "type": "Group"}],
    }
    projections = Projections({"User": USER, "Group": GROUP}, versions=True)
    document = projections.of("Group", None, frozenset()).render(group, BASE)
    assert document["meta"]["location"] == f"{BASE}/Groups/g%201"
    assert [member["$ref"] for member in document["members"]] == [f"{BASE}/Users/u%2F1", f"{BASE}/Groups/g2"]


def test_the_manager_is_a_user() -> None:
    resource = {"id": "1", "meta": {"resourceType": "User"}, ENTERPRISE: {"manager": {"value": "2", "display": "x"}}}
    document = (
        Projections({"User": USER, "Group": GROUP}, versions=True).of("User", None, frozenset()).render(resource, BASE)
    )
    assert document[ENTERPRISE] == {"manager": {"value": "2", "$ref": f"{BASE}/Users/2"}}
    assert document["schemas"] == [USER_URN, ENTERPRISE]


def test_an_extension_that_is_not_shown_is_not_named() -> None:
    resource = {"id": "1", "meta": {"resourceType": "User"}, "userName": "a", ENTERPRISE: {"department": "x"}}
    document = (
        Projections({"User": USER}, versions=True)
        .of("User", frozenset({"userName"}), frozenset())
        .render(resource, BASE)
    )
    assert document == {"schemas": [USER_URN], "id": "1", "userName": "a"}


def test_without_etags_no_version_is_shown() -> None:
    resource = {"id": "1", "meta": {"resourceType": "User", "version": 'W/"1"'}}
    document = Projections({"User": USER}, versions=False).of("User", None, frozenset()).render(resource, BASE)
    assert document["meta"] == {"resourceType": "User", "location": f"{BASE}/Users/1"}


def test_the_cache_of_projections_is_bounded() -> None:
    projections = Projections({"User": USER}, versions=True)
    for number in range(1000):
        projections.of("User", frozenset({f"a{number}"}), frozenset())
    assert len(projections._kept) <= 256
