"""The sections that the LDAP connector's tests use on a Samba domain controller."""

from connectors.contract import CollectionSpec, Reference
from connectors.entry import Attributes

_PLAIN = "cn sn givenName displayName mail title employeeNumber sAMAccountName userPrincipalName userAccountControl"
_MORE = "unicodePwd telephoneNumber otherTelephone manager msNPAllowDialin uidNumber whenCreated"

ACCOUNT = CollectionSpec(
    name="User",
    anchor="objectGUID",
    attributes=frozenset(f"{_PLAIN} {_MORE}".split()),
    options={
        "class": ["top", "person", "organizationalPerson", "user"],
        "rdn": "cn",
        "parent": "OU=people,{base}",
        "search_base": ["OU=people,{base}"],
        "search_filter": "(&(objectCategory=person)(objectClass=user))",
    },
    references={
        "manager": Reference(("User",), {"User": "displayName"}),
        "@groups": Reference(("Group",), {"Group": "cn"}),
    },
    secrets=frozenset({"unicodePwd"}),
    types={
        "msNPAllowDialin": "boolean",
        "uidNumber": "integer",
        "userAccountControl": "integer",
        "whenCreated": "dateTime",
    },
)

ROLE = CollectionSpec(
    name="Group",
    anchor="objectGUID",
    attributes=frozenset({"cn", "sAMAccountName", "description"}),
    options={
        "class": ["top", "group"],
        "rdn": "cn",
        "parent": "OU=groups,{base}",
        "search_base": ["OU=groups,{base}"],
    },
    members={"attr": "member", "ref": ["user", "group"], "chunk": 500},
    references={"@members": Reference(("User", "Group"), {"User": "cn", "Group": "cn"})},
)


def account(n: int) -> Attributes:
    """The least of an account: disabled, without a password."""
    return {
        "cn": (f"Person {n}",),
        "sAMAccountName": (f"person{n}",),
        "userAccountControl": (514,),
        "@parent": ("OU=people,{base}",),
    }


def role(n: int) -> Attributes:
    return {"cn": (f"group {n}",), "sAMAccountName": (f"group{n}",), "@parent": ("OU=groups,{base}",)}
