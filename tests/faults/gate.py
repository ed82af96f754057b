"""A gate on the way to a backend: a TCP proxy that stops a write on its way there, or the answer on its way back.

So a fault happens at a point of one's choice: between record and apply, or between apply and confirm.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Literal

Where = Literal["request", "answer"]
Writes = Callable[[bytes], bool]
LDAP_WRITES = frozenset({0x66, 0x68, 0x4A, 0x6C})
"""the tags of modify, add, delete and modify DN requests (RFC 4511)"""
LDAP_PASSWORD = frozenset({0x77})
"""the tag of an extended request: nothing but the password modify of RFC 3062 is asked for here"""


class Gate:
    """Listens on ``port``; everything passes until ``catch``.

    :param writes: whether what a client sends is, or completes, a write.
    """

    def __init__(self, behind: int, writes: Writes) -> None:
        self._behind = behind
        self._writes = writes
        self._where: Where | None = None
        self._open = threading.Event()
        self._open.set()
        self._held = 0
        self._only: int | None = None
        self._seen = 0
        self._forwards = False
        self._counted = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def catch(self, where: Where, writes: Writes | None = None, only: int | None = None) -> None:
        """From now on hold every write before the backend sees it, or after it did and before its answer is heard.

        :param only: not every one, but the so-manieth from now on; those after it pass.
        """
        self._writes = writes or self._writes
        with self._counted:
            self._held, self._only, self._seen = 0, only, 0
        self._open.clear()
        self._where = where

    def caught(self, number: int = 1, patience: float = 15) -> None:
        """Wait until that many writes are held."""
        with self._counted:
            assert self._counted.wait_for(lambda: self._held >= number, patience), f"{self._held} of {number} writes"

    def release(self) -> None:
        """Let go what is held, and everything after it."""
        self._where = None
        self._forwards = True
        self._open.set()

    def drop(self) -> None:
        """Cut every connection, with what is held of it, and let everything pass again."""
        self._where = None
        self._forwards = False
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.set()

    def close(self) -> None:
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._behind), 5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                self._sockets |= {client, server}
                waits = threading.Event()
                threading.Thread(target=self._there, args=(client, server, waits), daemon=True).start()
                threading.Thread(target=self._back, args=(client, server, waits), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket, waits: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while sent := client.recv(1 << 18):
                if self._where is not None and self._writes(sent) and self._is_meant():
                    if self._where == "request":
                        self._hold()
                    else:
                        waits.set()
                server.sendall(sent)
        self._end(client, server)

    def _back(self, client: socket.socket, server: socket.socket, waits: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(1 << 18):
                if waits.is_set():
                    waits.clear()
                    self._hold()
                client.sendall(answer)
        self._end(client, server)

    def _is_meant(self) -> bool:
        with self._counted:
            self._seen += 1
            return self._only in (None, self._seen)

    def _hold(self) -> None:
        """Stand still until ``release``, or until the connection is cut: then nothing of it may pass any more."""
        with self._counted:
            self._held += 1
            self._counted.notify_all()
        self._open.wait()
        if not self._forwards:
            raise ConnectionResetError

    def _end(self, *both: socket.socket) -> None:
        for each in both:
            self._sockets.discard(each)
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def ldap_writes(sent: bytes) -> bool:
    """Whether this is a request that changes the directory."""
    return _ldap_tag(sent) in LDAP_WRITES


def ldap_password(sent: bytes) -> bool:
    """Whether this sets a password."""
    return _ldap_tag(sent) in LDAP_PASSWORD


def postgres_commits(sent: bytes) -> bool:
    """Whether this commits: everything before it is as if it had never been."""
    return re.search(rb"\bCOMMIT\b", sent) is not None


def mariadb_commits(sent: bytes) -> bool:
    """The same: COM_QUERY (0x03) after a packet's header, and what PyMySQL then says."""
    return sent[4:] == b"\x03COMMIT"


def http_writes(sent: bytes) -> bool:
    """Whether this begins a request that changes something."""
    return sent.startswith((b"POST ", b"PUT ", b"PATCH ", b"DELETE "))


def _ldap_tag(message: bytes) -> int:
    """LDAPMessage ::= SEQUENCE { messageID INTEGER, protocolOp CHOICE ... }: return the tag of the operation."""
    at = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    return message[at + 2 + message[at + 1]]
