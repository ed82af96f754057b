"""The sections that the LDAP connector's tests use."""

from connectors.contract import CollectionSpec, Reference

_PLAIN = "uid cn sn givenName displayName mail title description employeeNumber manager secretary telephoneNumber"
_SPECIAL = "pwdAccountLockedTime createTimestamp"
_TEST = "testFlag testNumber testExact testAscii testMoment testBytes"

USER = CollectionSpec(
    name="User",
    anchor="entryUUID",
    attributes=frozenset(f"{_PLAIN} userPassword {_SPECIAL} {_TEST}".split()),
    options={
        "class": ["top", "person", "organizationalPerson", "inetOrgPerson", "testObject"],
        "rdn": "uid",
        "parent": "ou=people,{base}",
    },
    references={
        "manager": Reference(("User",), {"User": ("displayName",)}),
        "secretary": Reference(("User",), {"User": ("displayName",)}),
        "@groups": Reference(("Group",), {"Group": ("cn",)}),
    },
    secrets=frozenset({"userPassword"}),
    types={
        "testFlag": "boolean",
        "testNumber": "integer",
        "testBytes": "binary",
        "testMoment": "dateTime",
        "createTimestamp": "dateTime",
    },
)

GROUP = CollectionSpec(
    name="Group",
    anchor="entryUUID",
    attributes=frozenset({"cn", "description"}),
    options={"class": ["top", "groupOfNames"], "rdn": "cn", "parent": "ou=groups,{base}"},
    members={"attr": "member", "ref": "user", "chunk": 500, "placeholder": "cn=nobody,{base}"},
    references={"@members": Reference(("User", "Group"), {"User": ("description", "uid"), "Group": ("cn",)})},
)
