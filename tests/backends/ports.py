"""Ports for servers that are killed and come back."""

import random
import socket

LOWEST, HIGHEST = 15_000, 32_000
"""below the range from which systems hand out ports for outgoing connections, so that nobody takes one meanwhile"""


def lasting_ports(number: int) -> list[int]:
    """Return ports on loopback that nobody listens on now, and that will still be free after a restart."""
    found: list[int] = []
    dice = random.SystemRandom()
    for port in iter(lambda: dice.randrange(LOWEST, HIGHEST), None):
        with socket.socket() as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == number:
            break
    return found
