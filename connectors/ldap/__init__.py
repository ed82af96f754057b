"""The LDAP connector: ``[target.NAME]`` with ``kind = "ldap"``, on OpenLDAP and what speaks RFC 4511 like it."""

from connectors.ldap.connector import LdapConnector

__all__ = ["LdapConnector"]
