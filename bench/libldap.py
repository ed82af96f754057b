"""The raw side: OpenLDAP's own C library through ctypes, one connection a thread.

ctypes releases the interpreter's lock during a call, so sixteen threads are sixteen clients. What it measures is what
the directory can do when nothing stands before it.
"""

import ctypes
import ctypes.util
from collections.abc import Iterable, Mapping

_NAMES = ("libldap.so.2", "libldap-2.5.so.0", "libldap-2.4.so.2")
_PROTOCOL_VERSION, _SUBTREE = 0x11, 2
ADD, DELETE, REPLACE = 0, 1, 2
ALREADY_THERE = (20, 16)


class LdapError(Exception):
    """A result code other than success."""


class _BerValue(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ulong), ("value", ctypes.c_char_p)]


class _Modification(ctypes.Structure):
    _fields_ = [
        ("operation", ctypes.c_int),
        ("kind", ctypes.c_char_p),
        ("values", ctypes.POINTER(ctypes.c_char_p)),
    ]


def _library() -> ctypes.CDLL:
    for name in (*_NAMES, ctypes.util.find_library("ldap")):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    raise LdapError("libldap is not installed: on Debian, apt-get install ldap-utils")


def _modifications(changes: Iterable[tuple[int, str, list[str]]]) -> ctypes.Array[ctypes.c_void_p]:
    made = []
    for operation, kind, values in changes:
        texts = (ctypes.c_char_p * (len(values) + 1))(*[value.encode() for value in values], None)
        made.append(_Modification(operation, kind.encode(), texts))
    pointers = (ctypes.c_void_p * (len(made) + 1))(*[ctypes.addressof(each) for each in made], None)
    pointers.kept_alive = made  # type: ignore[attr-defined]
    return pointers


class Client:
    """One bound connection."""

    def __init__(self, url: str, dn: str, password: str) -> None:
        self._ldap = _library()
        self._handle = ctypes.c_void_p()
        self._check(self._ldap.ldap_initialize(ctypes.byref(self._handle), url.encode()))
        version = ctypes.c_int(3)
        self._check(self._ldap.ldap_set_option(self._handle, _PROTOCOL_VERSION, ctypes.byref(version)))
        secret = _BerValue(len(password), password.encode())
        self._check(
            self._ldap.ldap_sasl_bind_s(self._handle, dn.encode(), None, ctypes.byref(secret), None, None, None)
        )

    def search(self, base: str, expression: str) -> int:
        """Return the number of entries found."""
        found = ctypes.c_void_p()
        code = self._ldap.ldap_search_ext_s(
            self._handle, base.encode(), _SUBTREE, expression.encode(),
            None, 0, None, None, None, 0, ctypes.byref(found),
        )  # fmt: skip
        try:
            self._check(code)
            return int(self._ldap.ldap_count_entries(self._handle, found))
        finally:
            self._ldap.ldap_msgfree(found)

    def add(self, dn: str, attributes: Mapping[str, list[str]]) -> None:
        changes = _modifications((ADD, kind, values) for kind, values in attributes.items())
        self._check(self._ldap.ldap_add_ext_s(self._handle, dn.encode(), changes, None, None))

    def modify(self, dn: str, operation: int, kind: str, value: str) -> None:
        """One change of one value; a value that is already so is no error."""
        changes = _modifications([(operation, kind, [value])])
        code = self._ldap.ldap_modify_ext_s(self._handle, dn.encode(), changes, None, None)
        if code not in ALREADY_THERE:
            self._check(code)

    def close(self) -> None:
        self._ldap.ldap_unbind_ext_s(self._handle, None, None)

    def _check(self, code: int) -> None:
        if code:
            self._ldap.ldap_err2string.restype = ctypes.c_char_p
            raise LdapError(f"{code}: {self._ldap.ldap_err2string(code).decode()}")
