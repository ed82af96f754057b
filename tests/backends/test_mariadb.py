"""The private MariaDB itself: what fault tests rely on."""

import pymysql
import pytest

from tests.backends.mariadb import Mariadb, running


def test_each_test_gets_an_empty_database(mariadb: Mariadb) -> None:
    first, second = mariadb.database(), mariadb.database()
    mariadb.execute("CREATE TABLE things (id int)", first)
    assert mariadb.execute("SHOW TABLES", first) == [("things",)]
    assert mariadb.execute("SHOW TABLES", second) == []


def test_a_crash_loses_nothing_that_was_committed_and_a_restart_brings_it_back() -> None:
    with running(sync=True) as server:
        url = server.database()
        server.execute("CREATE TABLE things (id int)", url)
        server.execute("INSERT INTO things VALUES (7)", url)
        server.kill()
        with pytest.raises(pymysql.OperationalError):
            server.execute("SELECT 1")
        server.start()
        assert server.execute("SELECT id FROM things", url) == [(7,)]
