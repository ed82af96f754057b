"""What the HTTP room is told: values only."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network
Ready = Callable[[], Awaitable[None]]
"""Raises where the gateway cannot serve now: its ledger is down."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token kept in configuration: its name and the SHA-256 of its secret, in hexadecimal."""

    name: str
    sha256: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come to one connection.

    :param sources: networks its peers must come from; none = from anywhere.
    """

    tokens: tuple[StaticToken, ...] = ()
    sources: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """:param access: by connection name. :param trusted_proxies: whose X-Forwarded-* headers are believed.
    :param targets: how each target is: ``answers``, ``away`` or ``untried``.
    """

    access: Mapping[str, Access] = field(default_factory=dict)
    trusted_proxies: tuple[Network, ...] = ()
    ready: Ready | None = None
    targets: Callable[[], Mapping[str, str]] = dict
