"""Connectors whose backend nobody listens for."""

from typing import Any

from connectors.ldap import LdapConnector
from connectors.rest import RestConnector
from tests.backends.ports import lasting_ports


def ldap_away(scheme: str = "ldaps") -> LdapConnector:
    """Before no directory."""
    return LdapConnector.from_options("away", {"urls": [f"{scheme}://127.0.0.1:{lasting_ports(1)[0]}"], "base": "dc=x"})


def rest_away(**more: Any) -> RestConnector:
    """Before no application. :param more: further options."""
    return RestConnector.from_options("away", {"base": f"http://127.0.0.1:{lasting_ports(1)[0]}", **more})
