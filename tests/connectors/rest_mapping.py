"""Workroom (``examples/application``) as a mapping would describe it."""

from connectors.contract import CollectionSpec, Reference
from connectors.entry import GROUPS, MEMBERS

PAGE = {"cursor": "meta.next", "param": "cursor", "size": "limit", "count": 7}
USER = CollectionSpec(
    name="User",
    anchor="id",
    attributes=frozenset(
        {"email", "first_name", "title", "role.name", "state", "saml_enabled", "logins", "last_seen", "tags"}
        | {"emails", "manager_id", "password"}
    ),
    options={
        "http": {
            "find": {"get": "/users?email={userName}", "items": "data", "exact": True},
            "list": {"get": "/users", "items": "data", "page": PAGE},
            "read": {"get": "/users/{id}", "gone": [404, 410]},
            "create": {"post": "/users", "key": "id", "taken": [409], "idempotency": "Idempotency-Key"},
            "update": {"patch": "/users/{id}"},
            "delete": {"delete": "/users/{id}", "gone": [404]},
            "integer_ids": True,
            "if_match": True,
        }
    },
    version="version",
    references={
        GROUPS: Reference(("Group",), {"Group": ("name",)}),
        "manager_id": Reference(("User",), {"User": ("first_name",)}),
    },
    children={"emails": {"map": {"value": "address", "type": "kind"}}},
    secrets=frozenset({"password"}),
    types={"saml_enabled": "boolean", "logins": "integer", "last_seen": "dateTime", "manager_id": "reference"},
    many=frozenset({"tags"}),
    names={"userName": "email"},
    calls=({"delete": "/users/{id}/sessions", "gone": [404]}, {"post": "/users/{id}/api_tokens/revoke"}),
)
GROUP = CollectionSpec(
    name="Group",
    anchor="id",
    attributes=frozenset({"name"}),
    options={
        "http": {
            "list": {"get": "/teams", "items": "data", "page": {"link": "next", "size": "limit", "count": 7}},
            "read": {"get": "/teams/{id}", "gone": [404]},
            "create": {"post": "/teams", "whole": True},
            "update": {"patch": "/teams/{id}"},
            "delete": {"delete": "/teams/{id}", "gone": [404]},
        }
    },
    references={MEMBERS: Reference(("User",), {"User": ("first_name",)})},
    members={
        "ref": "user",
        "read": {
            "get": "/teams/{id}/members",
            "items": "data",
            "value": "user_id",
            "page": {"cursor": "meta.next", "param": "cursor", "size": "limit"},
        },
        "add": {"put": "/teams/{id}/members/{user}"},
        "remove": {"delete": "/teams/{id}/members/{user}", "gone": [404]},
    },
)
