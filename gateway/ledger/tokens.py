"""Bearer tokens: made once, shown once, kept as a hash.

A secret is ``<prefix><43 letters and digits><6 of checksum>``: 256 bits of randomness, so a plain SHA-256 is enough,
and a form that secret scanners can be taught (prefix, length, CRC32 of all before it in base 62).
"""

import hashlib
import hmac
import secrets
import string
import uuid
import zlib
from datetime import datetime

from gateway.ledger import codec
from gateway.ledger.errors import LedgerConflict
from gateway.ledger.model import Token
from gateway.ledger.statements import Statements
from gateway.ledger.store import Session

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM, CHECK, SHOWN = 43, 6, 6


def make_secret(prefix: str) -> str:
    """A new secret."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC32 in base 62, six digits: tells a typing error or a stray word from a token."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def create(
    session: Session,
    s: Statements,
    connection: str,
    name: str,
    secret: str,
    shown: str,
    read_only: bool,
    expires: datetime | None,
    now: datetime,
) -> Token:
    """Write a new token's row. :raises LedgerConflict: a live token of the connection has this name."""
    if any(one.connection == connection and one.name == name and one.revoked is None for one in listed(session, s)):
        raise LedgerConflict(f"connection {connection} already has a token named {name!r}; revoke it or choose another")
    token = Token(uuid.uuid4().hex[:12], connection, name, shown, now, None, expires, read_only)
    session.execute(
        s.insert_token,
        {
            "id": token.id,
            "connection": connection,
            "name": name,
            "prefix": shown,
            "digest": digest_of(secret),
            "created": codec.moment(now),
            "last_used": None,
            "expires": codec.moment(expires) if expires else None,
            "read_only": int(read_only),
            "revoked": None,
        },
    )
    return token


def listed(session: Session, s: Statements) -> list[Token]:
    return [codec.token(row) for row in session.execute(s.tokens).fetchall()]


def revoke(session: Session, s: Statements, name: str, connection: str | None, now: datetime) -> Token | None:
    """Revoke by id, or by name where no live token has that id. :return: the token as it was, None if there is none."""
    live = [
        one
        for one in listed(session, s)
        if one.revoked is None and (connection is None or one.connection == connection)
    ]
    found = [one for one in live if one.id == name] or [one for one in live if one.name == name]
    if len(found) > 1:
        places = ", ".join(one.connection for one in found)
        raise LedgerConflict(
            f"several connections have a token named {name!r} ({places}); name the connection or the id"
        )
    if not found:
        return None
    session.execute(s.revoke_token, {"id": found[0].id, "at": codec.moment(now)})
    return found[0]


def verify(session: Session, s: Statements, secret: str) -> Token | None:
    """The token of a secret, as the database knows it at this moment; revoked and expired ones included."""
    digest = digest_of(secret)
    row = session.execute(s.token_by_digest, {"digest": digest}).fetchone()
    if row is None or not hmac.compare_digest(str(row[4]), digest):
        return None
    return codec.token(row)
