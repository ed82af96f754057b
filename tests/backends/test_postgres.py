"""The private PostgreSQL itself: what fault tests rely on."""

import psycopg
import pytest

from tests.backends.postgres import Postgres, running


def test_each_test_gets_an_empty_database(postgres: Postgres) -> None:
    first, second = postgres.database(), postgres.database()
    postgres.execute("CREATE TABLE things (id int)", first)
    assert postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", first) == [("things",)]
    assert postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", second) == []


def test_a_crash_loses_nothing_that_was_committed_and_a_restart_brings_it_back() -> None:
    with running(sync=True) as server:
        server.execute("CREATE TABLE things (id int)")
        server.execute("INSERT INTO things VALUES (7)")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            server.execute("SELECT 1")
        server.start()
        assert server.execute("SELECT id FROM things") == [(7,)]


def test_a_paused_server_goes_on_where_it_stopped(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        with postgres.paused(), pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(postgres.url.replace("+psycopg", ""), connect_timeout=2)
        assert connection.execute("SELECT 1").fetchone() == (1,)
