"""TLS that verifies: ldap3's own settings check no certificate, no IP address, and send no server name."""

import socket
import ssl
from functools import lru_cache
from typing import Any

import ldap3


@lru_cache(maxsize=32)
def context(ca: str | None) -> ssl.SSLContext:
    """The context for one set of authorities; cached, because loading them costs more than a connection.

    :param ca: a PEM file, or None for the system's.
    """
    made = ssl.create_default_context(cafile=ca)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


class VerifiedTls(ldap3.Tls):  # type: ignore[misc]
    """Wraps ldap3's socket with certificate, host name and address verified, and the server name sent."""

    def __init__(self, ca: str | None, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._ca = ca
        self._host = host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Called by ldap3 for LDAPS and StartTLS.

        :raises ssl.SSLError: the server is not who it should be.
        """
        del do_handshake  # always: an unverified socket must not be used
        plain: socket.socket = connection.socket
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket = context(self._ca).wrap_socket(plain, server_hostname=self._host)
