"""One bound connection. ldap3 opens, secures and binds it; after that the messages are ours."""

import asyncio
import contextlib
import select
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException

from connectors.ldap.ber import element, header, number
from connectors.ldap.messages import DONE, ENTRY, INTERMEDIATE, REFERENCE, Control, Response, Row, envelope, result, row
from connectors.ldap.options import Settings
from connectors.ldap.tls import VerifiedTls

_UNBIND = b"\x42\x00"


class Lost(Exception):
    """The connection is gone or silent.

    :param sent: the request had been handed to the network, so that it may have been carried out.
    :param silent: no answer within the time allowed, rather than an end.
    """

    def __init__(self, reason: str, *, sent: bool = False, silent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.silent = silent


class LoginRefused(Exception):
    """The server answered, and does not accept the login (or StartTLS); ``code`` is its result code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


def open_socket(settings: Settings, url: str) -> socket.socket:
    """Connect, secure and bind; takes its time.

    :raises Lost: no connection, or the server is not who it should be.
    :raises LoginRefused: it does not take the login.
    """
    host = urlsplit(url).hostname or ""
    server = ldap3.Server(
        url, get_info=ldap3.NONE, connect_timeout=settings.connect, tls=VerifiedTls(settings.ca, host)
    )
    anonymous = not settings.bind_dn
    connection = ldap3.Connection(
        server,
        user=settings.bind_dn or None,
        password=settings.password or None,
        authentication=ldap3.ANONYMOUS if anonymous else ldap3.SIMPLE,
        receive_timeout=settings.answer,  # an int, or ldap3 fails; without it, it waits for ever
        auto_referrals=False,
        check_names=False,
    )
    try:
        connection.open(read_server_info=False)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if settings.start_tls and not server.ssl and not connection.start_tls(read_server_info=False):
            raise LoginRefused(int(connection.result.get("result", 52)))
        if not connection.bind(read_server_info=False):
            raise LoginRefused(int(connection.result.get("result", 49)))
    except (LDAPException, OSError) as error:
        _discard(connection)
        raise Lost(_reason(error)) from error
    except BaseException:
        _discard(connection)
        raise
    opened: socket.socket = connection.socket
    return opened


def _reason(error: Exception) -> str:
    """A word for people: never a host name, never an address."""
    text = str(error)
    if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in text or "ssl wrapping" in text:
        return "its TLS certificate could not be verified"
    return "no answer in time" if "timed out" in text or "timeout" in text else "no connection"


def _discard(connection: Any) -> None:
    if connection.socket is not None:
        with contextlib.suppress(OSError):
            connection.socket.close()


class Session:
    """A bound connection of one event loop, one request at a time.

    The socket stays the one ldap3 made, TLS and all, and is watched by the loop: no thread stands between a request
    and its answer.
    """

    def __init__(self, sock: socket.socket, url: str, patience: float) -> None:
        self.url = url
        self.open = True
        self._socket = sock
        self._patience = patience
        self._number = 1000  # ldap3 used the small ones
        self._incoming = bytearray()
        self._outgoing = memoryview(b"")
        self._rows: list[Row] = []
        self._answer: asyncio.Future[Response] | None = None
        self._heard = 0.0
        self._loop = asyncio.get_running_loop()
        self._file = sock.fileno()
        self._watch = select.poll()
        self._watch.register(self._file, select.POLLIN)
        sock.setblocking(False)
        self._loop.add_reader(self._file, self._readable)

    def alive(self) -> bool:
        """Whether it can be used: no end and no notice of one has arrived while it was idle."""
        if self.open and self._loop is not asyncio.get_running_loop():
            self.close()  # of a loop that has ended
        if self.open and self._watch.poll(0):
            self._readable()
        return self.open

    async def call(self, operation: bytes, controls: Sequence[Control] = ()) -> Response:
        """Send one request and await its result; entries come with it.

        :raises Lost: the connection ended or fell silent; it is closed.
        """
        if not self.open:
            raise Lost("the connection was lost")
        self._number += 1
        self._rows = []
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        self._heard = self._loop.time()
        timer = self._loop.call_later(self._patience, self._listen, answer)
        self._outgoing = memoryview(envelope(self._number, operation, controls))
        try:
            self._send()
            return await answer
        except asyncio.CancelledError:
            self.close()  # the answer to come would be taken for that of the next request
            raise
        finally:
            timer.cancel()
            self._answer = None

    def close(self) -> None:
        """Say goodbye and close; whoever waits for an answer has lost it. Idempotent."""
        if self.open:
            if self._answer is None:
                with contextlib.suppress(OSError):
                    self._socket.send(envelope(self._number + 1, _UNBIND))
            self._end(Lost("the connection was lost", sent=True))

    def _end(self, reason: Lost) -> None:
        if not self.open:
            return
        self.open = False
        if not self._loop.is_closed():
            self._loop.remove_reader(self._file)
            self._loop.remove_writer(self._file)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._socket.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(reason)

    def _listen(self, answer: asyncio.Future[Response]) -> None:
        """Called when patience is over; a list that keeps coming is not silence."""
        if answer.done():
            return
        left = self._heard + self._patience - self._loop.time()
        if left > 0:
            self._loop.call_later(left, self._listen, answer)
        else:
            self._end(Lost("no answer in time", sent=True, silent=True))

    def _send(self) -> None:
        """Hand over what the network takes now, and the rest when it can be written."""
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[self._socket.send(self._outgoing) :]
        except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError):
            self._loop.add_writer(self._file, self._send)
            return
        except ssl.SSLWantReadError:
            return  # goes on when something was read
        except OSError:
            self._end(Lost("the connection was lost", sent=True))
            return
        if self.open:
            self._loop.remove_writer(self._file)

    def _readable(self) -> None:
        try:
            while True:
                chunk = self._socket.recv(262144)
                if not chunk:
                    raise OSError("the connection ended")
                self._incoming += chunk
                if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                    break
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self._end(Lost("the connection was lost", sent=True))
            return
        self._heard = self._loop.time()
        try:
            self._take()
        except (OSError, ValueError):
            self._end(Lost("the connection was lost", sent=True))
            return
        if self._outgoing:
            self._send()

    def _take(self) -> None:
        """Take every whole message off the front.

        :raises ValueError: one is malformed. :raises OSError: the server says that it is leaving (RFC 4511 §4.4.1).
        """
        buffer, front = self._incoming, 0
        while (found := header(buffer, front)) is not None and found[2] <= len(buffer):
            _, start, end = found
            _, a, at = element(buffer, start, end)
            tag, body, after = element(buffer, at, end)
            about = number(buffer, a, at)
            front = end
            if about == 0 or self._answer is None:
                raise OSError("the server is leaving")
            if about != self._number:
                continue
            if tag == ENTRY:
                self._rows.append(row(buffer, body, after))
            elif tag not in (REFERENCE, INTERMEDIATE) and not self._answer.done():
                self._answer.set_result(result(buffer, body, after, end, self._rows if tag == DONE else ()))
        del buffer[:front]
