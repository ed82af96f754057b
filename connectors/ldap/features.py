"""What the server that answers can do, learnt from its root DSE and its schema."""

import hashlib
from typing import Any

from connectors.ldap.controls import NAMES
from connectors.ldap.messages import BASE_OBJECT, search
from connectors.ldap.options import Settings
from connectors.ldap.query import ALL
from connectors.ldap.schema import Schema, parse_schema
from connectors.ldap.session import Session

ACTIVE_DIRECTORY = b"1.2.840.113556.1.4.800"
"""LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS] 3.1.1.3.4.3.1)"""
_SCHEMA = ("attributeTypes", "objectClasses", "dITContentRules")


class Features:
    """What the server that answers can do, and which one it is.

    :param controls: those it announces, but for those of ``avoid``. :param active_directory: it is one.
    :param server: a word that differs between the servers of one service: some versions count on each by itself.
    """

    def __init__(
        self,
        controls: frozenset[str] = frozenset(),
        schema: Schema | None = None,
        *,
        active_directory: bool = False,
        server: str = "",
    ) -> None:
        self.controls = controls
        self.schema = schema or Schema()
        self.active_directory = active_directory
        self.server = server

    def has(self, oid: str) -> bool:
        return oid in self.controls


async def learn(session: Session, settings: Settings) -> Features:
    """Read the root DSE and the schema (RFC 4512 §5.1, §4.4); what may not be read stays unknown."""
    asked = ("supportedControl", "subschemaSubentry", "supportedCapabilities", "dsServiceName")
    rows = (await session.call(search("", BASE_OBJECT, ALL, asked))).rows
    if not rows:
        return Features(server=_mark(session.url.encode()))
    values = rows[0].values
    identity: dict[str, Any] = {
        "active_directory": ACTIVE_DIRECTORY in values.get("supportedcapabilities", ()),
        "server": _mark(*values.get("dsservicename", [session.url.encode()])),
    }
    offered = {raw.decode("ascii", "replace") for raw in values.get("supportedcontrol", ())}
    known = frozenset(offered & set(NAMES.values())) - settings.avoid
    place = next((raw.decode() for raw in values.get("subschemasubentry", ())), "cn=Subschema")
    found = (await session.call(search(place, BASE_OBJECT, ALL, _SCHEMA))).rows
    if not found:
        return Features(known, **identity)
    schema = parse_schema(*(found[0].values.get(name.lower(), ()) for name in _SCHEMA))
    return Features(known, schema, **identity)


def _mark(*names: bytes) -> str:
    """A short word for a server; it stands in ETags, so it is no name."""
    return hashlib.sha256(b" ".join(names)).hexdigest()[:6]
