"""Every statement of the ledger, compiled once when it is opened."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.selectable import FromClause

from gateway.ledger.dialect import Dialect, Kind
from gateway.ledger.schema import (
    ALIAS,
    ASSERTION,
    AUDIT,
    DEFERRED,
    EPOCH,
    INTENT,
    MEMBER,
    PENDING,
    REFERENCE,
    TOKEN,
    VALUE,
    beginning,
)


def _is(table: FromClause, *names: str) -> ColumnElement[bool]:
    return and_(*(table.c[name] == bindparam(name) for name in names))


LIVE, DELETED = (literal_column(f"'{life}'", Text) for life in ("live", "deleted"))
ZERO, ONE = literal_column("0", Integer), literal_column("1", Integer)
"""constants stand in the text, so that a statement's parameters are what its caller gives and nothing else"""

PLACE = ("target", "resource_type")
OWN = ("connection", *PLACE)
OBJECT = (*OWN, "id")
MEMBERSHIP = ("connection", "target", "member_id")


@dataclass(frozen=True, slots=True)
class Statements:
    """Texts by what they do; parameters bear the names of the columns."""

    # assertions
    by_id: str
    by_ids: str
    by_anchors: str
    by_external: str
    special: str
    naming: str
    every: str
    upsert_assertion: str
    grow_generation: str
    set_work: str
    was_deleted: str
    disown_anchor: str
    # what is hidden
    hidden: str
    epochs: str
    grow_epoch: str
    upsert_alias: str
    forget_alias: str
    aliases: str
    # ledger values and references
    insert_reference: str
    forget_references: str
    insert_value: str
    forget_values: str
    value_eq: str
    value_all: str
    insert_deferred: str
    forget_deferred: str
    waiting: str
    # members
    add_members: str
    remove_members: str
    clear_members: str
    forget_member: str
    hold_member: str
    doubt_members: str
    members: str
    members_among: str
    groups_of: str
    held_members: str
    held_groups: str
    held_own: str
    held: str
    # intents and pending work
    insert_intent: str
    delete_intent: str
    intents: str
    intents_of: str
    intents_on: str
    joining: str
    pending_one: str
    pending_all: str
    upsert_pending: str
    delete_pending: str
    due: str
    reschedule: str
    finish_pending: str
    # tokens
    insert_token: str
    tokens: str
    token_by_digest: str
    revoke_token: str
    touch_token: str
    # audit
    insert_audit: str


@cache
def prepare(kind: Kind) -> Statements:
    """Compile all of them for one kind of database: once, however many ledgers a process opens."""
    dialect = Dialect(kind)
    sql = dialect.sql
    here = _is(ASSERTION, *PLACE)
    deleted = here & (ASSERTION.c.life == DELETED) & ASSERTION.c.anchor.is_not(None)
    return Statements(
        by_id=sql(select(ASSERTION).where(here, ASSERTION.c.id == bindparam("id"))),
        by_ids=sql(select(ASSERTION).where(here, dialect.among(ASSERTION.c.id, "ids"))),
        by_anchors=sql(select(ASSERTION).where(here, dialect.among(ASSERTION.c.anchor, "anchors"))),
        by_external=sql(
            select(ASSERTION).where(
                _is(ASSERTION, *OWN, "external_id"), beginning("external_id") == bindparam("beginning")
            )
        ),
        special=sql(select(ASSERTION).where(here, ASSERTION.c.special == ONE).order_by(ASSERTION.c.id)),
        naming=_naming(dialect),
        every=sql(select(ASSERTION).where(here).order_by(ASSERTION.c.id)),
        upsert_assertion=dialect.upsert(ASSERTION),
        grow_generation=sql(
            update(ASSERTION).where(_is(ASSERTION, *OBJECT)).values(generation=ASSERTION.c.generation + ONE)
        ),
        set_work=sql(update(ASSERTION).where(_is(ASSERTION, *OBJECT)).values(work=bindparam("new_work"))),
        was_deleted=sql(
            select(ONE).select_from(ASSERTION).where(_is(ASSERTION, *PLACE, "anchor"), ASSERTION.c.life == DELETED)
        ),
        disown_anchor=sql(
            update(ASSERTION)
            .where(here, ASSERTION.c.anchor == bindparam("taken"), ASSERTION.c.id != bindparam("by"))
            .where(ASSERTION.c.life != LIVE)
            .values(anchor=null())
        ),
        hidden=_hidden(dialect, select(ASSERTION.c.anchor).where(deleted, ~_living())),
        epochs=sql(select(EPOCH.c.resource_type, EPOCH.c.number).where(_is(EPOCH, "target"))),
        grow_epoch=_grow_epoch(dialect),
        upsert_alias=dialect.upsert(ALIAS),
        forget_alias=sql(delete(ALIAS).where(_is(ALIAS, *PLACE, "anchor"))),
        aliases=sql(select(ALIAS.c.anchor, ALIAS.c.id).where(_is(ALIAS, *PLACE), ALIAS.c.retired == ZERO)),
        insert_reference=dialect.insert(REFERENCE),
        forget_references=sql(delete(REFERENCE).where(_is(REFERENCE, *OBJECT))),
        insert_value=dialect.insert(VALUE),
        forget_values=sql(delete(VALUE).where(_is(VALUE, *OBJECT))),
        value_eq=sql(_values().where(_is(VALUE, "path", "folded"), beginning("folded") == bindparam("beginning"))),
        value_all=sql(_values().where(_is(VALUE, "path"))),
        insert_deferred=dialect.insert(DEFERRED),
        forget_deferred=sql(delete(DEFERRED).where(_is(DEFERRED, *OBJECT))),
        waiting=sql(
            select(DEFERRED).where(
                _is(DEFERRED, "connection", "target", "raw"), beginning("raw") == bindparam("beginning")
            )
        ),
        add_members=_add_members(dialect),
        remove_members=sql(
            delete(MEMBER).where(_is(MEMBER, *OWN, "group_id"), dialect.among(MEMBER.c.member_id, "members"))
        ),
        clear_members=sql(delete(MEMBER).where(_is(MEMBER, *OWN, "group_id"))),
        forget_member=sql(delete(MEMBER).where(_is(MEMBER, "connection", "target", "member_id"))),
        hold_member=sql(update(MEMBER).where(_is(MEMBER, *MEMBERSHIP), MEMBER.c.held == ZERO).values(held=ONE)),
        doubt_members=_add_members(dialect, doubtful=True),
        members=sql(select(MEMBER.c.member_id, MEMBER.c.held).where(_is(MEMBER, *OWN, "group_id"))),
        members_among=sql(
            select(MEMBER.c.member_id).where(_is(MEMBER, *OWN, "group_id"), dialect.among(MEMBER.c.member_id, "ids"))
        ),
        groups_of=sql(
            select(MEMBER.c.resource_type, MEMBER.c.group_id).where(_is(MEMBER, "connection", "target", "member_id"))
        ),
        held_members=_held(dialect, "group_id"),
        held_groups=_held(dialect, "member_id"),
        held_own=sql(select(MEMBER.c.member_id).where(_is(MEMBER, *OWN), MEMBER.c.held == ONE).distinct()),
        held=sql(select(MEMBER.c.group_id, MEMBER.c.member_id).where(_is(MEMBER, *PLACE), MEMBER.c.held == ONE)),
        insert_intent=dialect.insert(INTENT),
        delete_intent=sql(delete(INTENT).where(_is(INTENT, "key"))),
        intents=sql(select(INTENT).order_by(INTENT.c.at)),
        intents_on=sql(select(INTENT).where(_is(INTENT, *PLACE), dialect.among(INTENT.c.id, "ids"))),
        joining=sql(select(INTENT).where(_is(INTENT, "target"), INTENT.c.adding != literal_column("'[]'", Text))),
        intents_of=sql(select(INTENT).where(_is(INTENT, *OBJECT)).order_by(INTENT.c.at)),
        pending_one=sql(select(PENDING).where(_is(PENDING, *OBJECT))),
        pending_all=sql(select(PENDING).order_by(PENDING.c.next_due)),
        upsert_pending=dialect.upsert(PENDING),
        delete_pending=sql(delete(PENDING).where(_is(PENDING, *OBJECT))),
        due=sql(
            select(PENDING)
            .where(PENDING.c.failed == ZERO, PENDING.c.next_due <= bindparam("now"))
            .order_by(PENDING.c.next_due)
        )
        + dialect.limit("most"),
        reschedule=sql(
            update(PENDING)
            .where(_is(PENDING, *OBJECT, "generation"))
            .values(
                next_due=bindparam("new_due"),
                attempts=PENDING.c.attempts + ONE,
                reason=bindparam("new_reason"),
                failed=bindparam("new_failed"),
            )
        ),
        finish_pending=sql(delete(PENDING).where(_is(PENDING, *OBJECT, "generation"))),
        insert_token=dialect.insert(TOKEN),
        tokens=sql(select(TOKEN).order_by(TOKEN.c.created)),
        token_by_digest=sql(select(TOKEN).where(_is(TOKEN, "digest"))),
        revoke_token=sql(update(TOKEN).where(_is(TOKEN, "id")).values(revoked=bindparam("at"))),
        touch_token=sql(update(TOKEN).where(_is(TOKEN, "id")).values(last_used=bindparam("at"))),
        insert_audit=dialect.insert(AUDIT),
    )


def _naming(dialect: Dialect) -> str:
    """Live rows whose document refers to an id or externalId; the index is on the beginning of the text."""
    same = [REFERENCE.c[name] == ASSERTION.c[name] for name in OBJECT]
    named = _is(REFERENCE, *OWN, "names"), beginning("names") == bindparam("beginning"), ASSERTION.c.life == LIVE
    return dialect.sql(select(ASSERTION).join_from(REFERENCE, ASSERTION, and_(*same)).where(*named))


def _living() -> ColumnElement[bool]:
    """Somebody else's row says that the entry of ``ASSERTION.anchor`` is not deleted."""
    other = ASSERTION.alias("other")
    return exists(
        select(ONE).where(
            other.c.target == ASSERTION.c.target,
            other.c.resource_type == ASSERTION.c.resource_type,
            other.c.anchor == ASSERTION.c.anchor,
            other.c.life != DELETED,
        )
    )


def _hidden(dialect: Dialect, deleted: Select[tuple[str]]) -> str:
    retired = select(ALIAS.c.anchor).where(_is(ALIAS, *PLACE), ALIAS.c.retired == ONE)
    return dialect.sql(deleted.union(retired))


def _values() -> Select[tuple[str | None, str]]:
    """Anchor and value of ledger values, of whichever connection, on objects that are there."""
    same = [VALUE.c[name] == ASSERTION.c[name] for name in OBJECT]
    return (
        select(ASSERTION.c.anchor, VALUE.c.value)
        .join_from(VALUE, ASSERTION, and_(*same))
        .where(_is(VALUE, *PLACE), ASSERTION.c.life == LIVE, ASSERTION.c.anchor.is_not(None))
    )


def _held(dialect: Dialect, by: str) -> str:
    return dialect.sql(
        select(MEMBER.c.group_id, MEMBER.c.member_id)
        .where(_is(MEMBER, *PLACE), MEMBER.c.held == ONE, dialect.among(MEMBER.c[by], "ids"))
        .order_by(MEMBER.c.group_id, MEMBER.c.member_id)
    )


def _make(dialect: Dialect, table: Table) -> "sqlite.Insert | postgresql.Insert":
    return sqlite.insert(table) if dialect.kind == "sqlite" else postgresql.insert(table)


def _grow_epoch(dialect: Dialect) -> str:
    statement = _make(dialect, EPOCH).values(**{name: bindparam(name) for name in PLACE}, number=ONE)
    return dialect.sql(statement.on_conflict_do_update(index_elements=PLACE, set_={"number": EPOCH.c.number + ONE}))


def _add_members(dialect: Dialect, *, doubtful: bool = False) -> str:
    """All members of one JSON array in one statement; ``doubtful`` ones change no row."""
    given = dialect.unfold("members").subquery("given")
    rows = select(
        *(bindparam(name, type_=MEMBER.c[name].type) for name in (*OWN, "group_id")),
        given.c.value,
        bindparam("held", type_=MEMBER.c.held.type),
    ).where(true())
    statement = _make(dialect, MEMBER).from_select([column.name for column in MEMBER.columns], rows)
    key = [column.name for column in MEMBER.primary_key.columns]
    if doubtful:
        return dialect.sql(statement.on_conflict_do_nothing(index_elements=key))
    return dialect.sql(statement.on_conflict_do_update(index_elements=key, set_={"held": statement.excluded.held}))
