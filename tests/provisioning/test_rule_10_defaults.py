"""A required column keeps a value when the IdP stops sending its attribute (semantics, rule 10; P2; decision 0014)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sql import SqlConnector
from gateway.ledger import Ledger
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from gateway.provisioning.model import ConnectionSettings
from gateway.provisioning.provisioner import Provisioner
from tests.provisioning.site import replacing

pytestmark = pytest.mark.anyio

TABLE = (
    "CREATE TABLE staff (id TEXT PRIMARY KEY, email TEXT NOT NULL, role INTEGER NOT NULL, grade TEXT, active BOOLEAN)"
)
MAPPING = """
format = 1
target = "sql"
[user]
table  = "staff"
anchor = { attr = "id", generate = "uuid4" }
match  = ["userName"]
[user.map]
userName                       = { attr = "email", required = true }
active                         = "active"
title                          = { attr = "grade", default = "none", on_clear = "keep" }
'roles[primary eq true].value' = { attr = "role", via = [{ table = "role" }], default = "reader", APPLY }
[table.role]
reader = 1
admin  = 9
"""
ANN = {"userName": "ann@corp.example", "active": True}
ADMIN = {**ANN, "title": "chief", "roles": [{"value": "admin", "primary": True}]}


@asynccontextmanager
async def opened(path: Path, url: str, apply: str) -> AsyncIterator[tuple[Provisioner, sa.Engine]]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
    file = path / "mapping.toml"
    file.write_text(MAPPING.replace("APPLY", f'apply = "{apply}"'))
    mapping, ledger = compile_mapping(load(file)), await Ledger.open("sqlite://")
    connector = SqlConnector.from_options("app", {"url": url})
    try:
        collections = connector.collections(mapping.specs)
        yield Provisioner(ConnectionSettings("okta", "app", settle=0.0), mapping, collections, ledger), engine
    finally:
        await connector.close()
        await ledger.close()
        engine.dispose()


@pytest.mark.parametrize("apply", ["always", "on-change"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_rule_10_a_role_left_out_becomes_the_default_and_never_null(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, apply: str
) -> None:
    url = f"sqlite:///{tmp_path}/app.db" if database == "sqlite" else request.getfixturevalue("postgres_url")
    async with opened(tmp_path, url, apply) as (gateway, engine):

        def row() -> tuple[Any, ...]:
            with engine.connect() as connection:
                return tuple(connection.exec_driver_sql("SELECT role, grade FROM staff").one())

        async def put(body: dict[str, Any]) -> tuple[Any, ...]:
            answer = (await gateway.replace("User", ann, body)).resource
            assert answer == await gateway.read("User", ann)
            return row()

        ann = (await gateway.create("User", ADMIN))["id"]
        assert row() == (9, "chief")
        assert await put(ANN) == (1, "chief"), "a row that keeps what is cleared keeps it"
        assert await put(ANN) == (1, "chief")
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE staff SET role = 9")
        assert await put(ANN) == (9, "chief"), "what was not asserted is not cleared by leaving it out"
        await put(ADMIN)
        await gateway.patch("User", ann, replacing({"roles": None}))
        assert row() == (1, "chief")
        await put(ADMIN)
        assert await put({**ANN, "roles": [], "title": None}) == (1, "none")
