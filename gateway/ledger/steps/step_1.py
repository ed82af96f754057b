"""Schema 1: the first tables. Frozen."""

from gateway.ledger.dialect import Dialect

SERIAL = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}

TEMPLATES = (
    """
CREATE TABLE ledger_alias (
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    anchor TEXT NOT NULL,
    id TEXT NOT NULL,
    retired SMALLINT NOT NULL,
    PRIMARY KEY (target, resource_type, anchor)
)
""",
    "CREATE INDEX ledger_alias_id ON ledger_alias (target, resource_type, id)",
    """
CREATE TABLE ledger_assertion (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    anchor TEXT,
    external_id TEXT,
    document TEXT NOT NULL,
    stored TEXT NOT NULL,
    overlay TEXT NOT NULL,
    "deferred" TEXT NOT NULL,
    life TEXT NOT NULL,
    work TEXT NOT NULL,
    origin TEXT NOT NULL,
    generation BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    confirmed TEXT,
    special SMALLINT NOT NULL,
    PRIMARY KEY (connection, target, resource_type, id)
)
""",
    "CREATE INDEX ledger_assertion_anchor ON ledger_assertion (target, resource_type, anchor)",
    "CREATE INDEX ledger_assertion_external ON ledger_assertion (target, resource_type, substr(external_id, 1, 200))",
    "CREATE INDEX ledger_assertion_id ON ledger_assertion (target, resource_type, id)",
    "CREATE INDEX ledger_assertion_life ON ledger_assertion (target, resource_type, life)",
    "CREATE UNIQUE INDEX ledger_assertion_owner ON ledger_assertion (target, resource_type, anchor) "
    "WHERE life = 'live'",
    "CREATE INDEX ledger_assertion_special ON ledger_assertion (target, resource_type) WHERE special = 1",
    """
CREATE TABLE ledger_audit (
    seq {serial},
    time TEXT NOT NULL,
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    changes TEXT NOT NULL,
    "before" TEXT
)
""",
    "CREATE INDEX ledger_audit_object ON ledger_audit (substr(id, 1, 200), time)",
    "CREATE INDEX ledger_audit_time ON ledger_audit (time)",
    """
CREATE TABLE ledger_deferred (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    path TEXT NOT NULL,
    refers_to TEXT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (connection, target, resource_type, id, path)
)
""",
    "CREATE INDEX ledger_deferred_raw ON ledger_deferred (connection, target, substr(raw, 1, 200))",
    """
CREATE TABLE ledger_epoch (
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (target, resource_type)
)
""",
    """
CREATE TABLE ledger_intent (
    "key" TEXT NOT NULL,
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT,
    anchor TEXT,
    operation TEXT NOT NULL,
    at TEXT NOT NULL,
    "match" TEXT NOT NULL,
    proposed TEXT,
    "before" TEXT,
    reducing TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY ("key")
)
""",
    "CREATE INDEX ledger_intent_object ON ledger_intent (target, resource_type, id)",
    """
CREATE TABLE ledger_member (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    held SMALLINT NOT NULL,
    PRIMARY KEY (connection, target, resource_type, group_id, member_id)
)
""",
    "CREATE INDEX ledger_member_held ON ledger_member (target, resource_type) WHERE held = 1",
    "CREATE INDEX ledger_member_of ON ledger_member (target, member_id)",
    """
CREATE TABLE ledger_pending (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    anchor TEXT,
    goal TEXT NOT NULL,
    next_due TEXT NOT NULL,
    generation BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    failed SMALLINT NOT NULL,
    PRIMARY KEY (connection, target, resource_type, id)
)
""",
    "CREATE INDEX ledger_pending_due ON ledger_pending (failed, next_due)",
    """
CREATE TABLE ledger_token (
    id TEXT NOT NULL,
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    digest TEXT NOT NULL,
    created TEXT NOT NULL,
    last_used TEXT,
    expires TEXT,
    read_only SMALLINT NOT NULL,
    revoked TEXT,
    PRIMARY KEY (id)
)
""",
    "CREATE UNIQUE INDEX ledger_token_digest ON ledger_token (digest)",
    """
CREATE TABLE ledger_value (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    folded TEXT NOT NULL
)
""",
    "CREATE INDEX ledger_value_folded ON ledger_value (target, resource_type, path, substr(folded, 1, 200))",
    "CREATE INDEX ledger_value_object ON ledger_value (connection, target, resource_type, id)",
)


def statements(dialect: Dialect) -> tuple[str, ...]:
    """The DDL as one database writes it."""
    return tuple(template.replace("{serial}", SERIAL[dialect.kind]) for template in TEMPLATES)
