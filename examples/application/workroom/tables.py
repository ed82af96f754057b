"""The tables of Workroom. The SQL presets write into them directly, the REST presets through ``api``."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, MetaData, PrimaryKeyConstraint, String, Table

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("row_version", Integer, nullable=False, server_default="1"),
    Column("organization", String(64), nullable=False, server_default="acme"),
    Column("email", String(320), nullable=False, unique=True),
    Column("idp_id", String(255)),
    Column("first_name", String(255)),
    Column("last_name", String(255)),
    Column("role", String(64), nullable=False, server_default="viewer"),
    Column("state", String(16), nullable=False, server_default="invited"),
    Column("saml_enabled", Boolean, nullable=False, server_default="0"),
    Column("created_by", String(16), nullable=False, server_default="application"),
)
"""state: invited (has never signed in), active, deactivated"""

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
)
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("revoked", Boolean, nullable=False, server_default="0"),
)
teams = Table(
    "teams",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
)
team_members = Table(
    "team_members",
    metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("team_id", "user_id"),
)
ROLES = {"viewer": "Viewer", "editor": "Editor", "workspace_admin": "Admin"}
"""what the column holds → what people read"""
