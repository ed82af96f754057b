"""One call of a mapping file, read once: ``{ get = "/users/{id}", gone = [404, 410] }``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.errors import InvalidValue
from connectors.rest import paths, templates
from connectors.rest.errors import GONE, TAKEN
from connectors.rest.reader import Reader
from connectors.rest.transport import Request

METHODS = ("get", "post", "put", "patch", "delete")
COMMON = frozenset({*METHODS, "gone", "taken", "says", "headers", "send", "item", "form"})
"""keys that every call may have"""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Call:
    """How to ask one thing of the application.

    :param label: what errors call it. :param item: where in body and answer one object stands.
    :param send: constants of the body. :param gone, taken: statuses with a meaning.
    :param says: what an answer says beside a status of ``taken``, where that status means other things too.
    """

    method: str
    template: templates.Template
    label: str
    item: paths.Path = ()
    send: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[int] = frozenset(GONE)
    taken: frozenset[int] = frozenset(TAKEN)
    says: str = ""
    form: bool = False

    def request(
        self,
        values: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        *,
        more: Mapping[str, str] | None = None,
        writing: bool = True,
        query: str = "",
    ) -> Request:
        """Make the request.

        :param values: what the places stand for. :param body: what stands at ``item``, beside ``send``.
        :param query: more of the query, encoded.
        :raises templates.Unsendable: a value cannot stand in an address. :raises InvalidValue: nor in JSON.
        """
        target = self.template.fill(values)
        if query:
            target += ("&" if "?" in target else "?") + query
        content, type_ = self._content(values, body)
        headers = {**self.headers, **({"content-type": type_} if content is not None else {}), **(more or {})}
        return Request(self.method, target, self.label, writing and self.method != "GET", headers, content)

    def _content(self, values: Mapping[str, Any], body: Mapping[str, Any] | None) -> tuple[bytes | None, str]:
        if body is None and not self.send:
            return None, JSON
        document = {**(body or {}), **templates.filled({**self.send}, values)}
        type_ = {name.lower(): value for name, value in self.headers.items()}.get("content-type", JSON)
        try:
            if self.form:
                return urlencode({key: _plain(value) for key, value in document.items()}, doseq=True).encode(), FORM
            return orjson.dumps(paths.wrapped(self.item, document)), type_
        except (UnicodeEncodeError, orjson.JSONEncodeError, TypeError) as error:
            raise InvalidValue("the application cannot take this text") from error


def _plain(value: Any) -> Any:
    """A value as a form says it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return "" if value is None else value


def read_call(
    reader: Reader | None,
    places: Iterable[str],
    keys: Iterable[str] = (),
    *,
    item: paths.Path = (),
    methods: Iterable[str] = METHODS,
    taken: Iterable[int] = TAKEN,
) -> Call | None:
    """Read one call; what is wrong is reported, and None is none.

    :param places: the places that are known there. :param keys: further keys, read by the caller.
    :param taken: what ``taken`` is where the mapping does not say.
    """
    if reader is None:
        return None
    reader.only({*COMMON, *keys} - (set(METHODS) - set(methods)))
    given = [method for method in METHODS if method in reader.table]
    if len(given) != 1:
        reader.complain(f"must have exactly one of {', '.join(methods)}, with the path of the call")
        return None
    text = reader.text(given[0], needed=True)
    try:
        template = templates.Template(text or "/")
    except ValueError as error:
        reader.complain(str(error))
        return None
    known = frozenset(places)
    send = reader.table.get("send", {})
    for place in sorted((template.places | templates.places_in(send)) - known):
        named = ", ".join(f"{{{each}}}" for each in sorted(known))
        reader.complain(f"'{{{place}}}' stands for nothing here; known are {named}")
    if not isinstance(send, Mapping):
        reader.complain("'send' is a table: what the body says beside the attributes")
        send = {}
    own = reader.path("item")
    return Call(
        method=given[0].upper(),
        template=template,
        label=f"{given[0].upper()} {template.text.partition('?')[0]}",
        item=item if own is None else own,
        send=send,
        headers=_headers(reader),
        gone=reader.statuses("gone", GONE),
        taken=reader.statuses("taken", taken),
        says=reader.text("says") or "",
        form=reader.flag("form"),
    )


def _headers(reader: Reader) -> Mapping[str, str]:
    headers = reader.table.get("headers", {})
    if not isinstance(headers, Mapping) or not all(
        isinstance(value, str) and value.isascii() and value.isprintable() for value in headers.values()
    ):
        reader.complain("'headers' is a table of texts")
        return {}
    return headers
