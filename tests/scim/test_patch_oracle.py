"""PATCH on dicts against PatchOp of scim2-models: the same result, or the same refusal, for whatever it accepts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import Context, Error, PatchOp, SCIMException, ScimPolicy

from gateway.scim.applying import applied
from gateway.scim.dialects import STRICT, TOLERANT, Dialect
from gateway.scim.patching import PATCH_SCHEMA, compiled, envelope
from tests.scim.standard import ENTERPRISE, USER, USER_URN, model

MODEL = model("User")
POLICY = ScimPolicy(unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create)

texts = st.sampled_from(["a", "A", "b", "work x"])
kinds = st.sampled_from(["work", "home", "Work"])
emails = st.fixed_dictionaries(
    {"value": st.sampled_from(["a@x", "b@x", "A@x"])}, optional={"type": kinds, "primary": st.booleans()}
)
names = st.fixed_dictionaries({}, optional={"givenName": texts, "familyName": texts, "formatted": texts})
enterprise = st.fixed_dictionaries({}, optional={"department": texts, "costCenter": texts})


def one_primary(items: list[dict[str, Any]]) -> bool:
    return sum(bool(item.get("primary")) for item in items) < 2


def distinct(items: list[dict[str, Any]]) -> bool:
    return len({(item["value"].lower(), str(item.get("type")).lower()) for item in items}) == len(items)


addresses = st.lists(emails, max_size=3).filter(one_primary).filter(distinct)

resources = st.fixed_dictionaries(
    {"userName": texts},
    optional={
        "title": texts,
        "active": st.booleans(),
        "name": names.filter(bool),
        "emails": addresses.filter(bool),
        ENTERPRISE: enterprise.filter(bool),
    },
)

selections = st.sampled_from(
    [
        'emails[type eq "work"]',
        'emails[type eq "home"]',
        'EMAILS[Type eq "WORK"]',
        'emails[value co "a"]',
        "emails[primary eq true]",
    ]
)
operations = st.one_of(
    st.builds(lambda op, v: {"op": op, "path": "title", "value": v}, st.sampled_from(["add", "replace"]), texts),
    st.builds(
        lambda op, v: {"op": op, "path": "active", "value": v}, st.sampled_from(["add", "Replace"]), st.booleans()
    ),
    st.builds(
        lambda p: {"op": "remove", "path": p},
        st.sampled_from(["title", "name", "name.givenName", "emails", "userName", "id", "nope", "groups"]),
    ),
    st.builds(lambda p: {"op": "remove", "path": p}, st.sampled_from([f"{ENTERPRISE}:department", ENTERPRISE])),
    st.builds(lambda op, v: {"op": op, "path": "name", "value": v}, st.sampled_from(["add", "replace"]), names),
    st.builds(
        lambda op, v: {"op": op, "path": "Name.givenname", "value": v}, st.sampled_from(["add", "replace"]), texts
    ),
    st.builds(lambda op, v: {"op": op, "path": "emails", "value": v}, st.sampled_from(["add", "replace"]), addresses),
    st.builds(lambda op, v: {"op": op, "value": v}, st.sampled_from(["add", "replace"]), resources),
    st.builds(
        lambda op, v: {"op": op, "path": f"{ENTERPRISE}:department", "value": v},
        st.sampled_from(["add", "replace"]),
        texts,
    ),
    st.builds(
        lambda op, v: {"op": op, "path": ENTERPRISE, "value": v}, st.sampled_from(["add", "replace"]), enterprise
    ),
    st.builds(lambda p: {"op": "remove", "path": p}, selections),
    st.builds(lambda p: {"op": "remove", "path": f"{p}.display"}, selections),
    st.builds(
        lambda op, p, v: {"op": op, "path": f"{p}.value", "value": v},
        st.sampled_from(["add", "replace"]),
        selections,
        st.sampled_from(["a@x", "c@x"]),
    ),
    st.builds(
        lambda op, p, v: {"op": op, "path": f"{p}.primary", "value": v},
        st.sampled_from(["add", "replace"]),
        selections,
        st.booleans(),
    ),
    st.builds(
        lambda op, p, v: {"op": op, "path": p, "value": {"display": v}},
        st.sampled_from(["add", "replace"]),
        selections,
        texts,
    ),
    st.just({"op": "remove"}),
    st.just({"op": "replace", "path": "title"}),
    st.just({"op": "replace", "path": "userName", "value": None}),
)


def expected(resource: dict[str, Any], body: dict[str, Any], policy: ScimPolicy) -> Any:
    current = MODEL.model_validate({"schemas": [USER_URN], **resource})
    try:
        with policy:
            patch = PatchOp[MODEL].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)  # type: ignore[valid-type]
            patch.patch(current)
    except ValidationError as error:
        return Error.from_validation_errors(error)[0].scim_type
    except SCIMException as error:
        return error.scim_type
    return plain(current.model_dump())


def actual(resource: dict[str, Any], body: dict[str, Any], dialect: Dialect) -> Any:
    try:
        return plain(applied(compiled(USER, envelope(body, dialect), dialect).operations, resource))
    except SCIMException as error:
        return error.scim_type


def plain(resource: dict[str, Any]) -> dict[str, Any]:
    """What two results must agree in: elements as a set, each (type, value) once, a false primary as none."""
    omitted = ("schemas", "id", "meta")
    kept = {key: value for key, value in resource.items() if key not in omitted and value not in ({}, [])}
    if "emails" in kept:
        merged: dict[Any, dict[str, Any]] = {}
        for email in kept["emails"]:
            kind = str(email.get("type")).lower()
            merged.setdefault((kind, str(email.get("value")).lower()), {}).update({**email, "type": kind})
        shown = [
            {name: str(item).lower() for name, item in email.items() if not (name == "primary" and item is False)}
            for email in merged.values()
        ]
        kept["emails"] = sorted(shown, key=lambda email: sorted(email.items()))
    return kept


@settings(max_examples=600, deadline=None)
@given(resources, st.lists(operations, min_size=1, max_size=3))
def test_a_patch_on_dicts_is_the_patch_of_the_library(resource: dict[str, Any], ops: list[dict[str, Any]]) -> None:
    body = {"schemas": [PATCH_SCHEMA], "Operations": ops}
    wanted = expected(resource, body, ScimPolicy())
    got = actual(resource, body, STRICT)
    if isinstance(wanted, str) and len(ops) > 1:
        # Which of several mistakes is named first is nobody's business.
        assert isinstance(got, str)
    else:
        assert got == wanted


@settings(max_examples=300, deadline=None)
@given(resources, st.lists(operations, min_size=1, max_size=3))
def test_a_patch_never_changes_what_it_was_given(resource: dict[str, Any], ops: list[dict[str, Any]]) -> None:
    before = repr(resource)
    actual(resource, {"Operations": ops}, TOLERANT)
    assert repr(resource) == before


@settings(max_examples=300, deadline=None)
@given(resources, st.lists(operations, min_size=1, max_size=3))
def test_a_tolerant_patch_is_the_library_s_where_both_accept(
    resource: dict[str, Any], ops: list[dict[str, Any]]
) -> None:
    body = {"schemas": [PATCH_SCHEMA], "Operations": ops}
    wanted = expected(resource, body, POLICY)
    got = actual(resource, body, TOLERANT)
    if isinstance(wanted, dict) and isinstance(got, dict):
        assert got == wanted


@pytest.mark.parametrize("op", ["add", "replace"])
def test_the_oracle_sees_a_difference(op: str) -> None:
    body = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": op, "path": "title", "value": "x"}]}
    assert expected({"userName": "a"}, body, ScimPolicy()) != {"userName": "a"}
