"""What is known of target attributes without asking: which never have more than one value."""

from collections.abc import Callable

_STANDARD = """
    c countryName displayName employeeNumber preferredLanguage preferredDeliveryMethod createTimestamp modifyTimestamp
    creatorsName modifiersName entryUUID entryDN entryCSN hasSubordinates structuralObjectClass uidNumber gidNumber
    homeDirectory loginShell gecos shadowExpire pwdAccountLockedTime pwdChangedTime pwdPolicySubentry pwdReset
"""
"""RFC 4512, 4519, 2798, 2307 and the password policy draft"""
_DIRECTORY_SERVER = "nsUniqueId nsAccountLock"
_ACTIVE_DIRECTORY = """
    objectGUID objectSid sAMAccountName userPrincipalName userAccountControl accountExpires pwdLastSet lockoutTime
    whenCreated whenChanged uSNChanged uSNCreated adminCount company department employeeID division co countryCode info
    extensionAttribute1 extensionAttribute2 extensionAttribute3 mailNickname
"""
"""those that have one value wherever they exist; ``title`` and ``manager`` have several in other directories"""

_LDAP = frozenset(f"{_STANDARD} {_DIRECTORY_SERVER} {_ACTIVE_DIRECTORY}".lower().split())
_TABLES = frozenset({"sql", "rest"})


def single_valued(target: str) -> Callable[[str], bool]:
    """Return whether an attribute of a kind of target never has several values, as far as that is known."""
    if target in _TABLES:
        return lambda _: True
    if target == "ldap":
        return lambda attribute: attribute.lower() in _LDAP
    return lambda _: False
