"""The ledger's tables, as SQLAlchemy Core knows them.

Times are ISO 8601 text in UTC with microseconds (they sort as they read), JSON is text, truth is 0 or 1: the same bytes
on SQLite and PostgreSQL, so the prebuilt statements run on the bare drivers without any conversion between.
``migrations`` creates these; a test holds the two together.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnClause

METADATA = MetaData()


def beginning(column: str) -> ColumnClause[str]:
    """What is indexed of a text that a stranger chose: PostgreSQL refuses an index row of more than 2,704 bytes."""
    return literal_column(f"substr({column}, 1, 200)", Text)


def _text(name: str, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _scope() -> list[Column[str]]:
    return [_text("connection"), _text("target"), _text("resource_type")]


ASSERTION = Table(
    "ledger_assertion",
    METADATA,
    *_scope(),
    _text("id"),
    _text("anchor", nullable=True),
    _text("external_id", nullable=True),
    _text("document"),
    _text("stored"),
    _text("overlay"),
    _text("deferred"),
    _text("life"),
    _text("work"),
    _text("origin"),
    Column("generation", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    _text("created"),
    _text("modified"),
    _text("confirmed", nullable=True),
    Column("special", SmallInteger, nullable=False),  # readers see more, or other things, than the target holds
    PrimaryKeyConstraint("connection", "target", "resource_type", "id"),
)
Index("ledger_assertion_id", ASSERTION.c.target, ASSERTION.c.resource_type, ASSERTION.c.id)
Index("ledger_assertion_anchor", ASSERTION.c.target, ASSERTION.c.resource_type, ASSERTION.c.anchor)
Index(
    "ledger_assertion_external",
    ASSERTION.c.target,
    ASSERTION.c.resource_type,
    beginning("external_id"),
    _table=ASSERTION,
)
Index("ledger_assertion_life", ASSERTION.c.target, ASSERTION.c.resource_type, ASSERTION.c.life)
Index(
    "ledger_assertion_special",
    ASSERTION.c.target,
    ASSERTION.c.resource_type,
    sqlite_where=ASSERTION.c.special == 1,
    postgresql_where=ASSERTION.c.special == 1,
)
Index(
    "ledger_assertion_owner",  # one live owner per (target, anchor): rule 13, held by the database too
    ASSERTION.c.target,
    ASSERTION.c.resource_type,
    ASSERTION.c.anchor,
    unique=True,
    sqlite_where=ASSERTION.c.life == "live",
    postgresql_where=ASSERTION.c.life == "live",
)

ALIAS = Table(  # only what differs: an anchor without a row here is its own SCIM id
    "ledger_alias",
    METADATA,
    _text("target"),
    _text("resource_type"),
    _text("anchor"),
    _text("id"),
    Column("retired", SmallInteger, nullable=False),
    PrimaryKeyConstraint("target", "resource_type", "anchor"),
)
Index("ledger_alias_id", ALIAS.c.target, ALIAS.c.resource_type, ALIAS.c.id)

VALUE = Table(  # the scalar ledger values once more, one a row, so that a filter on them finds an index
    "ledger_value",
    METADATA,
    *_scope(),
    _text("id"),
    _text("path"),
    _text("value"),
    _text("folded"),
)
Index("ledger_value_object", VALUE.c.connection, VALUE.c.target, VALUE.c.resource_type, VALUE.c.id)
Index("ledger_value_folded", VALUE.c.target, VALUE.c.resource_type, VALUE.c.path, beginning("folded"), _table=VALUE)

DEFERRED = Table(
    "ledger_deferred",
    METADATA,
    *_scope(),
    _text("id"),
    _text("path"),
    _text("refers_to"),
    _text("raw"),
    PrimaryKeyConstraint("connection", "target", "resource_type", "id", "path"),
)
Index("ledger_deferred_raw", DEFERRED.c.connection, DEFERRED.c.target, beginning("raw"), _table=DEFERRED)

REFERENCE = Table(  # by which ids and externalIds an asserted document names others
    "ledger_reference",
    METADATA,
    *_scope(),
    _text("id"),
    _text("names"),
)
Index("ledger_reference_object", REFERENCE.c.id, REFERENCE.c.connection, REFERENCE.c.target, REFERENCE.c.resource_type)
Index(
    "ledger_reference_names",
    REFERENCE.c.connection,
    REFERENCE.c.target,
    REFERENCE.c.resource_type,
    beginning("names"),
    _table=REFERENCE,
)

MEMBER = Table(
    "ledger_member",
    METADATA,
    *_scope(),
    _text("group_id"),
    _text("member_id"),
    Column("held", SmallInteger, nullable=False),  # 0 asserted; 1 and waits; 2 may stand, though nobody was told so
    PrimaryKeyConstraint("connection", "target", "resource_type", "group_id", "member_id"),
)
Index(
    "ledger_member_held",
    MEMBER.c.target,
    MEMBER.c.resource_type,
    sqlite_where=MEMBER.c.held == 1,
    postgresql_where=MEMBER.c.held == 1,
)
Index("ledger_member_of", MEMBER.c.target, MEMBER.c.member_id)

INTENT = Table(
    "ledger_intent",
    METADATA,
    Column("key", Text, primary_key=True),
    *_scope(),
    _text("id", nullable=True),
    _text("anchor", nullable=True),
    _text("operation"),
    _text("at"),
    _text("match"),
    _text("proposed", nullable=True),
    _text("before", nullable=True),
    _text("reducing"),
    _text("actor"),
    _text("request_id"),
    _text("adding"),
)
Index("ledger_intent_object", INTENT.c.target, INTENT.c.resource_type, INTENT.c.id)
Index(
    "ledger_intent_adding",
    INTENT.c.target,
    sqlite_where=INTENT.c.adding != "[]",
    postgresql_where=INTENT.c.adding != "[]",
)

PENDING = Table(
    "ledger_pending",
    METADATA,
    *_scope(),
    _text("id"),
    _text("anchor", nullable=True),
    _text("goal"),
    _text("next_due"),
    Column("generation", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    _text("reason"),
    _text("actor"),
    _text("request_id"),
    Column("failed", SmallInteger, nullable=False),
    PrimaryKeyConstraint("connection", "target", "resource_type", "id"),
)
Index("ledger_pending_due", PENDING.c.failed, PENDING.c.next_due)

TOKEN = Table(
    "ledger_token",
    METADATA,
    Column("id", Text, primary_key=True),
    _text("connection"),
    _text("name"),
    _text("prefix"),
    _text("digest"),
    _text("created"),
    _text("last_used", nullable=True),
    _text("expires", nullable=True),
    Column("read_only", SmallInteger, nullable=False),
    _text("revoked", nullable=True),
)
Index("ledger_token_digest", TOKEN.c.digest, unique=True)

AUDIT = Table(
    "ledger_audit",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _text("time"),
    *_scope(),
    _text("id"),
    _text("operation"),
    _text("outcome"),
    _text("actor"),
    _text("request_id"),
    _text("detail"),
    _text("changes"),
    _text("before", nullable=True),
)
Index("ledger_audit_object", beginning("id"), AUDIT.c.time, _table=AUDIT)
Index("ledger_audit_time", AUDIT.c.time)

EPOCH = Table(  # grows whenever what is hidden in a collection changes: caches of it key on this number
    "ledger_epoch",
    METADATA,
    _text("target"),
    _text("resource_type"),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("target", "resource_type"),
)
