"""Requests with the login on them: once anew where a token was refused, once more where a read found a dead line."""

from collections.abc import Mapping

from connectors.errors import Unavailable
from connectors.rest.login import Login
from connectors.rest.transport import Answer, Dropped, Request, Transport


class Wire:
    """One application."""

    def __init__(self, transport: Transport, login: Login) -> None:
        self.transport = transport
        self.login = login

    async def ask(self, request: Request) -> Answer:
        """Send a request. A write is sent a second time only after 401, which says that nothing was done.

        :raises Unavailable: see ``Transport.send``.
        """
        headers = await self.login.headers(self.transport)
        answer = await self._send(request, headers)
        if answer.status == 401 and self.login.refused(headers):
            answer = await self._send(request, await self.login.headers(self.transport))
        return answer

    async def _send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        for last in (False, True):
            try:
                return await self.transport.send(request, headers)
            except Dropped as dropped:
                if last:
                    raise Unavailable(f"the connection was lost during {request.label}") from dropped
        raise AssertionError("unreachable")
