"""One bound connection. ldap3 opens, secures and binds it; after that the messages are ours."""

import contextlib
import select
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException

from connectors.ldap.ber import header, number
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


def open_session(settings: Settings, url: str) -> "Session":
    """Connect, secure and bind.

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
        connection.socket.settimeout(settings.answer)
    except (LDAPException, OSError) as error:
        _discard(connection)
        raise Lost(_reason(error)) from error
    except BaseException:
        _discard(connection)
        raise
    return Session(connection.socket, url)


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
    """A bound connection, used by one thread at a time."""

    def __init__(self, sock: socket.socket, url: str) -> None:
        self.url = url
        self.open = True
        self._socket = sock
        self._number = 1000  # ldap3 used the small ones
        self._buffer = bytearray()

    def alive(self) -> bool:
        """Whether nothing has arrived while it was idle: an end, or the server's notice that it is leaving."""
        if not self.open:
            return False
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return not waiting.poll(0)

    def call(self, operation: bytes, controls: Sequence[Control] = ()) -> Response:
        """Send one request and await its result; entries come with it.

        :raises Lost: the connection ended or fell silent; it is closed.
        """
        self._number += 1
        message = envelope(self._number, operation, controls)
        try:
            self._socket.sendall(message)
            return self._receive()
        except (OSError, ValueError) as error:
            self.close()
            silent = isinstance(error, TimeoutError)
            raise Lost(
                "no answer in time" if silent else "the connection was lost", sent=True, silent=silent
            ) from error

    def abort(self) -> None:
        """End it under another thread's hands: what waits in ``call`` there is lost at once, and closes it."""
        self.open = False
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # not TLS's own, which is not for two threads

    def close(self) -> None:
        """Say goodbye and close; for the thread that uses it. Idempotent."""
        if self.open:
            self.open = False
            with contextlib.suppress(OSError):
                self._socket.settimeout(0.2)
                self._socket.sendall(envelope(self._number + 1, _UNBIND))
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._socket.close()

    def _receive(self) -> Response:
        rows: list[Row] = []
        while True:
            start, end = self._message()
            buffer = self._buffer
            _, a, at = header(buffer, start) or (0, 0, 0)
            tag, body, after = header(buffer, at) or (0, 0, 0)
            if number(buffer, a, at) != self._number:
                if number(buffer, a, at) == 0:
                    raise OSError("the server is leaving")  # RFC 4511 §4.4.1
            elif tag == ENTRY:
                rows.append(row(buffer, body, after))
            elif tag not in (REFERENCE, INTERMEDIATE):
                answer = result(buffer, body, after, end, rows if tag == DONE else ())
                del buffer[:end]
                return answer
            del buffer[:end]

    def _message(self) -> tuple[int, int]:
        """Receive until a whole message stands at the front; return where its content starts and ends."""
        buffer = self._buffer
        while True:
            found = header(buffer, 0)
            if found is not None and found[2] <= len(buffer):
                return found[1], found[2]
            chunk = self._socket.recv(262144)
            if not chunk:
                raise OSError("the connection ended")
            buffer += chunk
