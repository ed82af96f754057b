"""The form of calls: each key known, each call with one method and a path."""

from collections.abc import Mapping

from gateway.mapping.errors import listed
from gateway.mapping.file import call_keys as http_keys
from gateway.mapping.file.keys import Keys
from gateway.mapping.file.reader import Node

METHODS = ("get", "post", "put", "patch", "delete")
_LISTING = {**http_keys.LISTING}
CALLS: Mapping[str, Keys] = {
    "find": {**_LISTING, **http_keys.FIND},
    "list": _LISTING,
    "read": {},
    "create": http_keys.CREATE,
    "update": http_keys.UPDATE,
    "delete": {},
}
MEMBER_CALLS: Mapping[str, Keys] = {
    "read": {**_LISTING, **http_keys.MEMBER_LIST},
    "of": {**_LISTING, **http_keys.MEMBER_LIST},
    "add": http_keys.MEMBER_CHANGE,
    "remove": http_keys.MEMBER_CHANGE,
}


def read_http(node: Node) -> None:
    """Report what is wrong with the form of ``http``."""
    fields = node.accept(http_keys.HTTP, {})
    for key, more in CALLS.items():
        for call in fields[key].each() if key in fields else ():
            read_call(call, more)


def read_members(node: Node) -> None:
    """Report what is wrong with the form of the calls of ``members``."""
    for key, more in MEMBER_CALLS.items():
        if isinstance(node.value.get(key), dict):
            read_call(node.at(key), more)


def read_call(node: Node, more: Keys) -> None:
    """Report what is wrong with the form of one call. :param more: its keys beyond those of every call."""
    fields = node.accept({**http_keys.CALL, **more}, {})
    given = [method for method in METHODS if method in fields]
    if not isinstance(node.value, dict) or not set(METHODS) & node.value.keys():
        node.complain(f"needs one of {listed(METHODS, 'or')}, with the path of the call")
    elif len(given) > 1:
        node.complain(f"one method, not {listed(given)}")
    for method in given:
        path = fields[method].value
        if not path.startswith("/") or path.startswith("//"):
            fields[method].complain(
                f"{path!r} must be a path that begins with one slash; the target's base is put before"
            )
    if "page" in fields:
        fields["page"].accept(http_keys.PAGE, {})
