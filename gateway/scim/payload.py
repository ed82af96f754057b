"""JSON bodies and query strings of strangers: bounded, decoded strictly, never deeper than allowed."""

from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from scim2_models import InvalidSyntaxException, PayloadTooLargeException
from starlette.types import Message, Receive


class Disconnected(Exception):
    """The client went away before its request was complete: there is nobody to answer, and nothing was done."""


async def read_body(receive: Receive, limit: int, declared: int | None) -> bytes:
    """Read a body, never holding more than ``limit`` bytes of it.

    :param declared: Content-Length, where the client sent one.
    :raises PayloadTooLargeException: it is larger; what came after the limit was not read. :raises Disconnected:
    """
    if declared is not None and declared > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def too_large(limit: int) -> PayloadTooLargeException:
    """The refusal of a body beyond the bound."""
    return PayloadTooLargeException(detail=f"The body is larger than {limit} bytes")


def parse_json(body: bytes, max_depth: int) -> Any:
    """Parse a JSON body (RFC 8259, UTF-8).

    :raises InvalidSyntaxException: not JSON, not UTF-8, or nested deeper than ``max_depth``.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidSyntaxException(detail=f"The body is not JSON: {error}") from None
    if body.count(b"{") + body.count(b"[") > max_depth and deeper_than(document, max_depth):
        raise InvalidSyntaxException(detail=f"The body nests deeper than {max_depth} levels")
    return document


def deeper_than(document: Any, limit: int) -> bool:
    """Whether arrays and objects nest deeper than ``limit``; without recursion."""
    level = [document]
    for _ in range(limit + 1):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return any(isinstance(item, (dict, list)) for item in level)


def parse_query(query: bytes) -> dict[str, str]:
    """Parse a query string; the last of repeated names counts.

    :raises InvalidSyntaxException: the bytes behind the percent signs are not UTF-8.
    """
    result: dict[str, str] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name:
            try:
                result[_text(name)] = _text(value)
            except UnicodeDecodeError:
                raise InvalidSyntaxException(detail="The query string is not UTF-8") from None
    return result


def _text(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
