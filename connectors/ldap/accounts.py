"""What Active Directory demands of accounts, checked here: some servers are laxer, and all answer in riddles."""

from collections.abc import Mapping, Sequence

from connectors.errors import InvalidValue

NAME, FLAGS, PASSWORD = "sAMAccountName", "userAccountControl", "unicodePwd"
DISABLED = 2
"""ADS_UF_ACCOUNTDISABLE of userAccountControl ([MS-ADTS] 2.2.16)"""
LONGEST = 20
_FORBIDDEN = frozenset('"/\\[]:|<>+=;?,*')


def check_name(values: Sequence[bytes], *, person: bool) -> None:
    """A pre-Windows 2000 name ([MS-SAMR] 3.1.1.6): 20 characters for a person, none forbidden, no dot at the end.

    :raises InvalidValue: naming the attribute and the rule.
    """
    for raw in values:
        name = raw.decode("utf-8", "replace")
        if person and len(name) > LONGEST:
            raise InvalidValue(f"'{NAME}' may have {LONGEST} characters; this has {len(name)}", attribute=NAME)
        wrong = sorted({char for char in name if char in _FORBIDDEN or ord(char) < 32})
        if wrong:
            raise InvalidValue(f"'{NAME}' may not contain {' '.join(map(ascii, wrong))}", attribute=NAME)
        if name.endswith("."):
            raise InvalidValue(f"'{NAME}' may not end with a dot", attribute=NAME)


def check_new(values: Mapping[str, Sequence[bytes]], *, person: bool) -> None:
    """A new entry: its name, and no account that is enabled without a password.

    The password travels in the add itself, so that the account is there with it or not at all.

    :raises InvalidValue: see above.
    """
    held = {name.lower(): raws for name, raws in values.items()}
    check_name(held.get(NAME.lower(), ()), person=person)
    flags = held.get(FLAGS.lower(), ())
    enabled = any(not int(raw) & DISABLED for raw in flags if raw.isdigit())
    if person and enabled and not held.get(PASSWORD.lower()):
        raise InvalidValue("an account that is enabled must have a password", attribute=PASSWORD)
