"""What one SCIM endpoint is told: values only, made by ``gateway.app`` from ``[connection.NAME]``."""

import secrets
from dataclasses import dataclass, field
from typing import Literal

OPERATIONS = frozenset({"create", "update", "deactivate", "delete", "groups"})


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; as many may come at once."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ScimSettings:
    """One ``[connection.NAME]``, as much of it as the SCIM rooms need.

    :param path: where it is mounted, without a trailing slash (``/scim/v2``).
    :param base_url: scheme and host of ``meta.location``; None = as the request says.
    :param bulk_payload: the largest bulk body in bytes; :param max_body: the largest of any other request.
    :param max_depth: how deep a JSON body may nest.
    :param page: resources of a list that asks for no ``count``; :param max_page: the most of any list.
    :param allow: the operations this connection may do; ``groups`` stands for every write of a group.
    :param secret: seals the cursors; every process of one deployment needs the same one.
    """

    path: str
    dialect: str = "tolerant"
    base_url: str | None = None
    patch_response: Literal["auto", "body", "none"] = "auto"
    bulk: bool = True
    bulk_operations: int = 1000
    bulk_payload: int = 1_048_576
    sort: bool = True
    etag: bool = True
    unknown_attributes: Literal["ignore", "refuse"] = "ignore"
    mode: Literal["live", "read-only"] = "live"
    allow: frozenset[str] = OPERATIONS
    reads: Rate | None = None
    writes: Rate | None = None
    page: int = 100
    max_page: int = 1000
    cursor_timeout: int = 3600
    max_body: int = 1_048_576
    max_depth: int = 32
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: the name of the token, and whether it may only read."""

    name: str = ""
    read_only: bool = False
