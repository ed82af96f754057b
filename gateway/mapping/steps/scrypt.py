"""The step that stores a password as a salted hash: ``scrypt``."""

import hashlib
import secrets
from base64 import b64encode
from typing import Any

from gateway.mapping.steps.step import Plain, text

_LOG_N, _R, _P = 14, 8, 5
"""What OWASP names as the least: 16 MB and some 0.2 s of one core a password."""


class Scrypt(Plain):
    """Write only. The password's scrypt hash (RFC 7914) with a salt of its own, in the PHC string format
    (``$scrypt$ln=14,r=8,p=5$salt$hash``) that passlib and others verify."""

    name = "scrypt"
    example = 'password = { attr = "password_hash", via = ["scrypt"], only = "write" }'
    one_way = True
    varies = True
    slow = True
    gives = "string"

    def forward(self, value: Any) -> str:
        salt = secrets.token_bytes(16)
        secret = text(value, self.name).encode()
        digest = hashlib.scrypt(secret, salt=salt, n=2**_LOG_N, r=_R, p=_P, dklen=32)
        return f"$scrypt$ln={_LOG_N},r={_R},p={_P}${_unpadded(salt)}${_unpadded(digest)}"


def _unpadded(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")


STEPS = (Scrypt,)
