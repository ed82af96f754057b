"""OpenStack Keystone as a mapping would describe it: users and groups of one domain."""

from connectors.contract import CollectionSpec, Reference
from connectors.entry import GROUPS, MEMBERS

USER = CollectionSpec(
    name="User",
    anchor="id",
    attributes=frozenset(
        {"name", "description", "title", "email", "enabled", "age", "seen", "tags", "boss", "emails", "password"}
    ),
    options={
        "http": {
            "item": "user",
            "find": {"get": "/v3/users?domain_id={domain}&name={name}", "items": "users"},
            "list": {"get": "/v3/users?domain_id={domain}", "items": "users"},
            "read": {"get": "/v3/users/{id}"},
            "create": {"post": "/v3/users", "send": {"domain_id": "{domain}"}, "whole": True},
            "update": {"patch": "/v3/users/{id}", "whole": True},
            "delete": {"delete": "/v3/users/{id}"},
        }
    },
    references={GROUPS: Reference(("Group",), {"Group": ("name",)}), "boss": Reference(("User",), {"User": ("name",)})},
    children={"emails": {"map": {"value": "address", "type": "kind"}}},
    secrets=frozenset({"password"}),
    types={"enabled": "boolean", "age": "integer", "seen": "dateTime", "boss": "reference"},
    many=frozenset({"tags"}),
)

GROUP = CollectionSpec(
    name="Group",
    anchor="id",
    attributes=frozenset({"name"}),
    options={
        "http": {
            "item": "group",
            "list": {"get": "/v3/groups?domain_id={domain}", "items": "groups"},
            "read": {"get": "/v3/groups/{id}"},
            "create": {"post": "/v3/groups", "send": {"domain_id": "{domain}"}, "whole": True},
            "update": {"patch": "/v3/groups/{id}", "whole": True},
            "delete": {"delete": "/v3/groups/{id}"},
        }
    },
    references={MEMBERS: Reference(("User",), {"User": ("name",)})},
    members={
        "ref": "user",
        "read": {"get": "/v3/groups/{id}/users", "items": "users"},
        "add": {"put": "/v3/groups/{id}/users/{user}"},
        "remove": {"delete": "/v3/groups/{id}/users/{user}"},
        "of": {"get": "/v3/users/{user}/groups", "items": "groups"},
    },
)
