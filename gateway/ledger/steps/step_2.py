"""Schema 2: who is being added to a group, and who names whom in an asserted document. Frozen."""

from gateway.ledger.dialect import Dialect

TEXTS = {
    "sqlite": "SELECT DISTINCT one.connection, one.target, one.resource_type, one.id, leaf.atom "
    "FROM ledger_assertion one, json_tree(one.document) leaf WHERE leaf.type = 'text'",
    "postgresql": "SELECT DISTINCT one.connection, one.target, one.resource_type, one.id, leaf #>> '{}' "
    "FROM ledger_assertion one, jsonb_path_query("
    "replace(one.document, '\\u0000', '\\ufffd')::jsonb, 'strict $.**') leaf WHERE jsonb_typeof(leaf) = 'string'",
}
"""every text of every document (jsonb takes no NUL): which of them are references only the mapping knows, and is told
with the next write to the object"""

TEMPLATES = (
    "ALTER TABLE ledger_intent ADD COLUMN adding TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX ledger_intent_adding ON ledger_intent (target) WHERE adding != '[]'",
    """
CREATE TABLE ledger_reference (
    connection TEXT NOT NULL,
    target TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    names TEXT NOT NULL
)
""",
    "INSERT INTO ledger_reference (connection, target, resource_type, id, names) {texts}",
    "CREATE INDEX ledger_reference_names ON ledger_reference "
    "(connection, target, resource_type, substr(names, 1, 200))",
    "CREATE INDEX ledger_reference_object ON ledger_reference (id, connection, target, resource_type)",
)


def statements(dialect: Dialect) -> tuple[str, ...]:
    """The DDL as one database writes it."""
    return tuple(template.replace("{texts}", TEXTS[dialect.kind]) for template in TEMPLATES)
