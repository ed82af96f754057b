"""The small notations of config.toml: ``30d``, ``100/s``, ``2MB``, ``127.0.0.1:8080``, ``10.0.0.0/8``."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. Port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def duration(value: Any) -> float:
    """Turn ``"30d"`` into seconds. :raises ValueError:"""
    if isinstance(value, float):
        return value
    match = re.fullmatch(r"(\d+)(ms|s|m|min|h|d)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is not a duration; write "500ms", "20s", "5m", "1h" or "30d"')
    return int(match[1]) * _SECONDS[match[2]]


def rate(value: Any) -> Rate:
    """Turn ``"100/s"`` into a Rate. :raises ValueError:"""
    if isinstance(value, Rate):
        return value
    match = re.fullmatch(r"([1-9]\d*)/(s|m|min|h)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is not a rate; write "100/s", "1000/min" or "5000/h"')
    return Rate(int(match[1]), _SECONDS[match[2]])


def size(value: Any) -> int:
    """Turn ``"2MB"`` into bytes; a number is bytes already. :raises ValueError:"""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = re.fullmatch(r"([1-9]\d*)(B|KB|MB|KiB|MiB)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is not a size; write "500KB" or "2MB"')
    return int(match[1]) * _BYTES[match[2]]


def address(value: Any) -> Address:
    """Turn ``"127.0.0.1:8080"`` or ``"[::1]:8080"`` into an Address. :raises ValueError:"""
    if isinstance(value, Address):
        return value
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]\s]+)):(\d{1,5})", value) if isinstance(value, str) else None
    if match is None or int(match[3]) > 65535:
        raise ValueError(f'{value!r} is not an address; write "127.0.0.1:8080" or "[::1]:8080"')
    return Address(match[1] or match[2], int(match[3]))


def network(value: Any) -> IPv4Network | IPv6Network:
    """Turn ``"10.0.0.0/8"`` or one address into a network. :raises ValueError:"""
    if isinstance(value, (IPv4Network, IPv6Network)):
        return value
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(f'{value!r} is not a network; write "10.0.0.0/8" or one address') from None


Duration = Annotated[float, BeforeValidator(duration)]
Limit = Annotated[Rate, BeforeValidator(rate)]
Size = Annotated[int, BeforeValidator(size)]
Listen = Annotated[Address, BeforeValidator(address)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(network)]
