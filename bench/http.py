"""A load client that costs little: HTTP/1.1 keep-alive over asyncio streams, nothing parsed but status and length."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


class HttpError(Exception):
    """An answer that the measurement did not expect."""


class NoAnswer(HttpError):
    """The server closed the connection instead of answering."""


class Client:
    """One connection to one SCIM server."""

    def __init__(self, base_url: str, token: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path.rstrip("/")
        self._headers = (
            f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: application/scim+json\r\nContent-Type: application/scim+json\r\n"
        )

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 24)

    async def send(self, method: str, path: str, body: Any = None) -> bytes:
        """Send one request and return the body of a 2xx answer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {self._path}{path} HTTP/1.1\r\n{self._headers}Content-Length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)
        try:
            status, length = await self._head()
        except (asyncio.IncompleteReadError, ConnectionError) as failure:
            raise NoAnswer(f"{method} {path}: no answer") from failure
        answer = await (self._chunks() if length is None else self._reader.readexactly(length))
        if not 200 <= status < 300:
            raise HttpError(f"{method} {path}: {status} {answer[:300]!r}")
        return answer

    async def _head(self) -> tuple[int, int | None]:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split()[1])
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if "content-length" in fields:
            return status, int(fields["content-length"])
        return status, None if "chunked" in fields.get("transfer-encoding", "") else 0

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readline(), 16):
            parts.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readline()
        return b"".join(parts)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
