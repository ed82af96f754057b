"""Which addresses may be connected to, asked of the very address that is connected to.

A name is looked up here, its addresses are judged, and the connection is made to one of those just judged. So a name
that answers otherwise the second time (DNS rebinding) gains nothing. TLS still checks the certificate for the name.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore2

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NEVER: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # "this host"
            "169.254.0.0/16",  # link-local: the metadata services of most clouds
            "100.100.100.200/32",  # metadata, Alibaba Cloud
            "168.63.129.16/32",  # host agent, Azure
            "192.0.0.192/32",  # metadata, Oracle Cloud
            "224.0.0.0/4",  # multicast
            "255.255.255.255/32",
            "::/128",
            "fe80::/10",  # link-local
            "fd00:ec2::254/128",  # metadata, AWS
            "fd20:ce::254/128",  # metadata, Google Cloud
            "ff00::/8",  # multicast
        ),
    )
)
"""what is not connected to unless ``allow_addresses`` names it"""
_EMBEDDING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96")))
"""networks whose last 32 bits are an IPv4 address: NAT64 (RFC 6052, RFC 8215), translated, and the old "compatible" """


def inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64 and the like), or itself."""
    if isinstance(address, IPv6Address) and int(address) > 0xFFFF:  # ``::`` and ``::1`` stand for themselves
        if any(address in each for each in _EMBEDDING):
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def allowed(text: str, exceptions: Iterable[Network]) -> bool:
    """Whether an address may be connected to."""
    address = inner(ip_address(text.partition("%")[0]))
    return any(address in each for each in exceptions) or not any(address in each for each in NEVER)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to allowed addresses only. :param exceptions: networks that are allowed all the same."""

    def __init__(self, exceptions: Sequence[Network] = ()) -> None:
        self._exceptions = tuple(exceptions)
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See httpcore2. :raises httpcore2.ConnectError: no address, none that may be, or none that answers."""
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("the name is not found in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name is not known") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        permitted = [address for address in addresses if allowed(address, self._exceptions)]
        if not permitted:
            raise httpcore2.ConnectError("the address is not allowed")
        failure: Exception | None = None
        for address in permitted:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """An application is never behind a socket of the file system here."""
        del path, timeout, socket_options
        raise httpcore2.ConnectError("no sockets of the file system")

    async def sleep(self, seconds: float) -> None:
        """See httpcore2."""
        await self._backend.sleep(seconds)
