"""Bearer tokens (RFC 6750): who asks, or 401.

Nothing is remembered between requests, so a revoked token is refused at once (acceptance.md, H3).
"""

import hmac
from collections.abc import Collection
from hashlib import sha256
from typing import Protocol

from scim2_models import UnauthorizedException

from gateway.http.settings import Access
from gateway.ledger.model import Token
from gateway.scim.settings import Subject


class Tokens(Protocol):
    """What authentication needs of the ledger."""

    async def verify(self, connections: Collection[str], secret: str) -> Token | None:
        """Return the usable token behind a secret, if it is for one of these connections."""
        ...


def presented(header: str | None) -> str | None:
    """The secret of an Authorization field: ``Bearer T`` in any capitals, or the bare ``T`` that Okta may send."""
    words = (header or "").split()
    if len(words) == 1 and words[0].lower() != "bearer":
        return words[0]
    if len(words) == 2 and words[0].lower() == "bearer":
        return words[1]
    return None


async def authenticate(header: str | None, connection: str, access: Access, tokens: Tokens) -> Subject:
    """Return who asks.

    :raises UnauthorizedException: no token, or none that is good for this connection now; it does not say which.
    :raises LedgerUnavailable: it cannot be known.
    """
    secret = presented(header)
    if secret is None:
        raise UnauthorizedException(detail="A bearer token is required in the Authorization header")
    digest = sha256(secret.encode("utf-8", "replace")).hexdigest()
    # Every hash is compared, so that the time taken does not tell which one was close.
    matching = [token for token in access.tokens if hmac.compare_digest(token.sha256.lower(), digest)]
    if matching:
        return Subject(matching[0].name, matching[0].read_only)
    token = await tokens.verify([connection], secret)
    if token is None:
        raise UnauthorizedException(detail="The bearer token is unknown, expired or revoked")
    return Subject(token.name, token.read_only)
