"""The memory connector's store, opened from outside."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from connectors.entry import MEMBERS, Ref
from connectors.memory import MemoryConnector, Record
from gateway.app.asgi import Application
from tests.journeys.directories import Content, Told, told_password

TIMES = ("born", "changed")


class InMemory:
    """See ``Directory``."""

    mapping = str(Path(__file__).parent / "memory.toml")
    names: Mapping[str, str] = {
        "userName": "login",
        "externalId": "foreign",
        "givenName": "given",
        "familyName": "family",
        "displayName": "shown",
        "title": "title",
        "userType": "kind",
        "locale": "locale",
        "email": "mail",
        "phone": "phone",
        "mobile": "mobile",
        "role": "role",
        "department": "department",
        "manager": "boss",
        "active": "state",
        "password": "secret",
    }
    raw_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.application: Application | None = None

    def target(self) -> Mapping[str, Any]:
        return {"kind": "memory"}

    @property
    def store(self) -> dict[str, dict[str, Record]]:
        assert self.application is not None
        assert self.application.gateway is not None
        connector = self.application.gateway.parts.connectors["it"]
        assert isinstance(connector, MemoryConnector)
        return connector.store

    def content(self, passwords: Iterable[str]) -> Content:
        neutral = {raw: name for name, raw in self.names.items()}
        users: dict[str, Told] = {}
        for record in self.store["User"].values():
            told = {neutral.get(raw, raw): self._value(raw, v) for raw, v in record.attributes.items()}
            secret = told.pop("password", None)
            told |= told_password(secret, passwords, str.__eq__)
            users[told["userName"]] = {key: value for key, value in told.items() if key not in TIMES}
        groups: dict[str, Told] = {
            str(record.attributes["name"][0]): {
                "displayName": record.attributes["name"][0],
                "members": {self._named(ref) for ref in record.attributes.get(MEMBERS, ())},
            }
            for record in self.store["Group"].values()
        }
        return {"user": users, "group": groups}

    def _value(self, raw: str, values: tuple[Any, ...]) -> Any:
        assert len(values) == 1, (raw, values)
        if raw == "state":
            return {"on": True, "off": False}[values[0]]
        return self._named(values[0]) if isinstance(values[0], Ref) else values[0]

    def _named(self, ref: Any) -> str:
        user = self.store["User"].get(ref.id)
        held = user or self.store["Group"][ref.id]
        return str(held.attributes["login" if user else "name"][0])

    def traces(self) -> Any:
        return {
            (kind, id): (record.version, sorted(record.attributes.items(), key=lambda pair: pair[0]))
            for kind, records in self.store.items()
            for id, record in records.items()
        }

    def id_of(self, kind: str, name: str) -> str:
        attribute = {"user": "login", "group": "name"}[kind]
        found = [id for id, each in self.store[kind.title()].items() if each.attributes[attribute] == (name,)]
        assert len(found) == 1, found
        return found[0]

    def add(self, kind: str, told: Told) -> None:
        records = self.store[kind.title()]
        if kind == "user":
            records[f"old-{len(records)}"] = Record(self._raw(told))
            return
        members = tuple(Ref(self.id_of("user", name)) for name in told.get("members", ()))
        records[f"old-{len(records)}"] = Record(
            {"name": (told["displayName"],)} | ({MEMBERS: members} if members else {})
        )

    def change(self, kind: str, name: str, told: Told) -> None:
        record = self.store[kind.title()][self.id_of(kind, name)]
        if "members" in told:
            record.attributes[MEMBERS] = tuple(Ref(self.id_of("user", each)) for each in told["members"])
        else:
            record.attributes.update(self._raw(told))
        record.version += 1

    def _raw(self, told: Told) -> dict[str, tuple[Any, ...]]:
        states = {True: "on", False: "off"}
        return {self.names[key]: (states[value] if key == "active" else value,) for key, value in told.items()}

    def derived(self, told: Told, outside: bool) -> Told:
        return {}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        raise NotImplementedError("a store in this process cannot go away")

    def up(self) -> None:
        raise NotImplementedError("a store in this process cannot go away")
