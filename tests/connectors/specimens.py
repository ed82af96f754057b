"""One mapping's worth of collections, for every connector that keeps tables or dictionaries."""

from connectors.contract import CollectionSpec, Reference
from connectors.entry import GROUPS, MEMBERS
from connectors.testing import Specimen

TYPES = {"active": "boolean", "age": "integer", "seen": "dateTime", "boss": "reference"}

SPECS = {
    "User": CollectionSpec(
        name="User",
        anchor="id",
        generate="uuid4",
        attributes=frozenset({"name", "title", "email", "active", "age", "seen", "boss", "emails", "token", "tags"}),
        options={"table": "users", "create": True, "unique": ["email"]},
        version="row_version",
        references={
            "boss": Reference(("User",), {"User": ("name",)}),
            GROUPS: Reference(("Group",), {"Group": ("label",)}),
        },
        children={
            "emails": {"table": "user_emails", "key": "user_id", "map": {"value": "address", "type": "kind"}},
        },
        secrets=frozenset({"token"}),
        types=TYPES,
    ),
    "Group": CollectionSpec(
        name="Group",
        anchor="team_id",
        generate="uuid4",
        attributes=frozenset({"label"}),
        options={"table": "teams", "create": True},
        version="row_version",
        references={MEMBERS: Reference(("User",), {"User": ("title", "name")})},
        members={"table": "memberships", "group": "team_id", "user": "user_id", "set": {"source": "scim"}},
    ),
}

SPECIMEN = Specimen(
    specs=SPECS,
    fill=lambda n: {"name": (f"person {n}",)},
    fill_group=lambda n: {"label": (f"team {n}",)},
    name="name",
    text="title",
    unique="email",
    boolean="active",
    number="age",
    moment="seen",
    child="emails",
    reference="boss",
    secret="token",
    bad=("age", ("ten",)),
)
