"""The tables of Workroom. The SQL presets write into them directly, the REST presets through ``api``."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
)

metadata = MetaData()


def table(name: str, *columns: Column[Any] | PrimaryKeyConstraint) -> Table:
    """A table whose numbers are never given twice."""
    return Table(name, metadata, *columns, sqlite_autoincrement=True)


users = table(
    "users",
    Column("id", Integer, primary_key=True),
    Column("row_version", Integer, nullable=False, server_default="1"),
    Column("organization", String(64), nullable=False, server_default="acme"),
    Column("email", String(320), nullable=False),
    Column("idp_id", String(255)),
    Column("first_name", String(255)),
    Column("last_name", String(255)),
    Column("title", String(255)),
    Column("role", String(64), nullable=False, server_default="viewer"),
    Column("state", String(16), nullable=False, server_default="invited"),
    Column("saml_enabled", Boolean),
    Column("created_by", String(16), nullable=False, server_default="application"),
    Column("manager_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("password", String(255)),
    Column("profile", JSON(none_as_null=True)),
    Column("made_by_key", String(255), unique=True),
)
"""state: invited (has never signed in), active, deactivated; profile: what else the API takes; made_by_key: the
Idempotency-Key of the creation"""

sessions = table(
    "sessions",
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
)
api_tokens = table(
    "api_tokens",
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("revoked", Boolean, nullable=False, server_default="0"),
)
teams = table(
    "teams",
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False),
)
team_members = table(
    "team_members",
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("team_id", "user_id"),
)
Index("one_address_one_account", func.lower(users.c.email), unique=True)
Index("one_name_one_team", func.lower(teams.c.name), unique=True)
ROLES = {"viewer": "Viewer", "editor": "Editor", "workspace_admin": "Admin"}
"""what the column holds → what people read"""
