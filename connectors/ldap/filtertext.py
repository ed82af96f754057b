"""LDAP filters as operators write them (RFC 4515): for ``search_filter`` only. What clients send never comes here."""

import re

from connectors.ldap import query

_ITEM = re.compile(r"\(([A-Za-z][\w;.-]*|[\d.]+)?((?::dn)?)((?::[\w.-]+)?)(:=|>=|<=|~=|=)([^()]*)\)")
_ESCAPED = re.compile(r"\\([0-9a-fA-F]{2})|\\")
_DEEPEST = 50


def parse_filter(text: str) -> bytes:
    """Read one filter.

    :raises ValueError: it is none; the message says where.
    """
    term, at = _filter(text.strip(), 0, 0)
    if at != len(text.strip()):
        raise ValueError(f"'{text}' goes on after its end")
    return term


def _filter(text: str, at: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEEPEST:
        raise ValueError("a filter of this depth is not accepted")
    opened = text[at : at + 2]
    if opened in ("(&", "(|", "(!"):
        terms, at = [], at + 2
        while text[at : at + 1] == "(":
            term, at = _filter(text, at, depth + 1)
            terms.append(term)
        if text[at : at + 1] != ")" or (opened == "(!" and len(terms) != 1):
            raise ValueError(f"'{text}' is no LDAP filter: look at character {at + 1}")
        made = {"(&": lambda: query.both(*terms), "(|": lambda: query.either(terms)}
        return made.get(opened, lambda: query.negated(terms[0]))(), at + 1
    found = _ITEM.match(text, at)
    if found is None:
        raise ValueError(f"'{text}' is no LDAP filter: look at character {at + 1}")
    return _item(text, *found.groups(default="")), found.end()


def _item(text: str, attribute: str, dn: str, rule: str, operator: str, value: str) -> bytes:
    if operator == ":=":
        if dn or not rule or not attribute:
            raise ValueError(f"'{text}': only (attribute:rule:=value) is understood of extensible matches")
        return query.matches(attribute, rule[1:], _raw(text, value))
    if not attribute or dn or rule:
        raise ValueError(f"'{text}' is no LDAP filter")
    if operator == ">=":
        return query.at_least(attribute, _raw(text, value))
    if operator == "<=":
        return query.at_most(attribute, _raw(text, value))
    if operator == "~=":
        raise ValueError(f"'{text}': approximate matches differ from server to server; use =")
    parts = [_raw(text, part) for part in value.split("*")]
    if len(parts) == 1:
        return query.equal(attribute, parts[0])
    return query.substrings(attribute, parts[0], parts[1:-1], parts[-1])


def _raw(text: str, value: str) -> bytes:
    """A value without its escapes."""
    raw, at = b"", 0
    for found in _ESCAPED.finditer(value):
        if found[1] is None:
            raise ValueError(f"'{text}': a backslash is followed by two hexadecimal digits")
        raw += value[at : found.start()].encode() + bytes([int(found[1], 16)])
        at = found.end()
    return raw + value[at:].encode()
