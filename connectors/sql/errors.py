"""What a driver says, in the words of the contract: by SQLSTATE, by SQLite's error name, by other databases' numbers.

A detail never quotes the driver's message: it holds values, and host names.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connectors.errors import (
    AlreadyExists,
    ConnectorError,
    InvalidValue,
    Refused,
    TooMany,
    Unavailable,
    UnknownReference,
    Unsupported,
)
from connectors.sql import numbers

INVALID = "the database does not accept this value"
BUSY = "the database cannot do this now"
GONE = "a table or column of the mapping is not in the database"

# SQLSTATE, whole or its class (PostgreSQL, appendix A); the longer key wins.
BY_STATE: Mapping[str, tuple[type[ConnectorError], str]] = {
    "23505": (AlreadyExists, "another row has this value"),
    "23503": (UnknownReference, "the value names a row that does not exist"),
    "23502": (InvalidValue, "the column must have a value"),
    "23514": (InvalidValue, "the value breaks a rule of the table"),
    "23P01": (AlreadyExists, "another row excludes this value"),
    "23": (InvalidValue, INVALID),
    "22": (InvalidValue, INVALID),
    "44": (InvalidValue, "the row would leave the view"),
    "42501": (Refused, "the login may not do this"),
    "25006": (Unavailable, "the database is read-only now"),
    "42P01": (Unavailable, GONE),
    "42703": (Unavailable, GONE),
    "3F000": (Unavailable, GONE),
    "42704": (Unsupported, "the database lacks what this comparison needs"),
    "42": (Unsupported, "the database cannot do this"),
    "0A": (Unsupported, "the database cannot do this"),
    "54": (TooMany, "the statement is too large for the database"),
    "428C9": (InvalidValue, "the column is computed by the database"),
    "P0001": (Refused, "a trigger of the database refused this"),
    "40": (Unavailable, BUSY),
    "53": (Unavailable, BUSY),
    "55": (Unavailable, BUSY),
    "57": (Unavailable, BUSY),
    "58": (Unavailable, BUSY),
    "08": (Unavailable, "the connection to the database was lost"),
    "28": (Unavailable, "the database does not accept this login"),
    "3D": (Unavailable, "the database does not exist"),
}

BY_SQLITE: Mapping[str, tuple[type[ConnectorError], str]] = {
    "SQLITE_CONSTRAINT_UNIQUE": BY_STATE["23505"],
    "SQLITE_CONSTRAINT_PRIMARYKEY": BY_STATE["23505"],
    "SQLITE_CONSTRAINT_ROWID": BY_STATE["23505"],
    "SQLITE_CONSTRAINT_FOREIGNKEY": BY_STATE["23503"],
    "SQLITE_CONSTRAINT_NOTNULL": BY_STATE["23502"],
    "SQLITE_CONSTRAINT_CHECK": BY_STATE["23514"],
    "SQLITE_CONSTRAINT_DATATYPE": BY_STATE["22"],
    "SQLITE_CONSTRAINT_TRIGGER": BY_STATE["P0001"],
    "SQLITE_CONSTRAINT": BY_STATE["23"],
    "SQLITE_MISMATCH": BY_STATE["22"],
    "SQLITE_TOOBIG": BY_STATE["22"],
    "SQLITE_READONLY": BY_STATE["25006"],
    "SQLITE_AUTH": BY_STATE["42501"],
    "SQLITE_PERM": BY_STATE["42501"],
    "SQLITE_BUSY": BY_STATE["55"],
    "SQLITE_LOCKED": BY_STATE["55"],
    "SQLITE_FULL": BY_STATE["53"],
    "SQLITE_IOERR": BY_STATE["58"],
    "SQLITE_CANTOPEN": BY_STATE["08"],
    "SQLITE_INTERRUPT": BY_STATE["57"],
    "SQLITE_CORRUPT": (Unavailable, "the database file is damaged"),
    "SQLITE_NOTADB": (Unavailable, "the file is no SQLite database"),
}

# MySQL and MariaDB (their server error references); their SQLSTATE says less than the number.
BY_NUMBER: Mapping[int, tuple[type[ConnectorError], str]] = {
    **dict.fromkeys((1022, 1062, 1169, 1557, 1586, 1761, 1762, 1859), BY_STATE["23505"]),
    **dict.fromkeys((1216, 1217, 1451, 1452), BY_STATE["23503"]),
    **dict.fromkeys((1048, 1364), BY_STATE["23502"]),
    **dict.fromkeys((3819, 4025), BY_STATE["23514"]),
    **dict.fromkeys((1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1441, 1525, 1690, 3140), BY_STATE["22"]),
    **dict.fromkeys((1369,), BY_STATE["44"]),
    **dict.fromkeys((1906, 3105), BY_STATE["428C9"]),
    **dict.fromkeys((1142, 1143, 1227, 1288, 1348, 1370, 1471), BY_STATE["42501"]),
    **dict.fromkeys((1644,), BY_STATE["P0001"]),
    **dict.fromkeys((1290, 1792, 1836, 4188), BY_STATE["25006"]),
    **dict.fromkeys((1054, 1146, 1356), BY_STATE["42P01"]),
    **dict.fromkeys((1044, 1045, 1130, 1251, 1524, 1698, 1820, 1862, 2049, 2059), BY_STATE["28"]),
    **dict.fromkeys((3118, 3159, 3955, 4151), BY_STATE["28"]),
    **dict.fromkeys((1049,), BY_STATE["3D"]),
    **dict.fromkeys((1104, 1153, 1390, 1436), BY_STATE["54"]),
    **dict.fromkeys((1020, 1021, 1026, 1030, 1037, 1040, 1041, 1099, 1100, 1114), BY_STATE["53"]),
    **dict.fromkeys(
        (1203, 1205, 1206, 1213, 1223, 1226, 1317, 1412, 1637, 1969, 3024, 3100, 3101, 3572), BY_STATE["55"]
    ),
    **dict.fromkeys((1047, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3032, 3168, 3169, 4031), BY_STATE["08"]),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2014, 2026, 2027, 2055), BY_STATE["08"]),
}
ENDING = frozenset({1053, 1152, 1158, 1159, 1160, 1161, 1184})
"""numbers after which MySQL ends the connection, though SQLAlchemy does not take them so"""


def ended(context: sa.engine.ExceptionContext) -> None:
    """Have a connection to MySQL thrown away that it has just given up."""
    driver = context.original_exception
    if driver.args and driver.args[0] in ENDING:
        context.is_disconnect = True


def translate(error: sa.exc.SQLAlchemyError, *, writing: bool, committing: bool = False) -> ConnectorError:
    """Turn what SQLAlchemy raised into the contract's error.

    :param writing: a refused read means lost rights on the whole table, and that is ``Unavailable`` (rule 2).
    :param committing: the commit was on its way, so that a lost connection leaves the outcome open.
    """
    if isinstance(error, sa.exc.NoSuchTableError):
        return Unavailable(GONE)
    if not isinstance(error, sa.exc.DBAPIError) or error.orig is None:
        return Unavailable(BUSY)
    kind, detail = _kind(error, error.orig)
    if kind is Refused and not writing:
        kind = Unavailable
    if issubclass(kind, Unavailable):
        return kind(detail, uncertain=committing)
    attribute = _attribute(error.orig)
    return kind(f"{detail}: '{attribute}'" if attribute else detail, attribute=attribute)


def _kind(error: sa.exc.DBAPIError, driver: BaseException) -> tuple[type[ConnectorError], str]:
    if error.connection_invalidated:
        return BY_STATE["08"]
    if _is_mysql(driver):
        return BY_NUMBER.get(driver.args[0], BY_STATE["42"])
    state = getattr(driver, "sqlstate", None) or numbers.state_of(driver)
    if isinstance(state, str):
        found = next((BY_STATE[state[:n]] for n in (5, 2) if state[:n] in BY_STATE), None)
        return found or (Unsupported, "the database gave an error that has no meaning here")
    name = getattr(driver, "sqlite_errorname", None)
    if isinstance(name, str):
        return _sqlite_kind(name, str(driver))
    if isinstance(error, sa.exc.DataError | sa.exc.IntegrityError):
        return BY_STATE["22"]
    return BY_STATE["08"] if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) else BY_STATE["42"]


def _is_mysql(driver: BaseException) -> bool:
    home = type(driver).__module__.partition(".")[0]
    return home in ("pymysql", "MySQLdb") and bool(driver.args) and isinstance(driver.args[0], int)


def _sqlite_kind(name: str, message: str) -> tuple[type[ConnectorError], str]:
    if re.search(r"no such (table|column)|has no column", message):
        return BY_STATE["42P01"]
    parts = name.split("_")
    found = next((BY_SQLITE[key] for n in (3, 2) if (key := "_".join(parts[:n])) in BY_SQLITE), None)
    return found or BY_STATE["42"]


def _attribute(driver: Any) -> str | None:
    """Find the column at fault: PostgreSQL's diagnostics name it or the key; the message of the others does."""
    if _is_mysql(driver):
        found = re.search(r"(?:[Cc]olumn|Field|for key|CONSTRAINT) ['`]([^'`]+)['`]", str(driver.args[1:]))
        name = found[1].rpartition(".")[2] if found else "PRIMARY"
        return None if name == "PRIMARY" else name
    named = numbers.column_of(driver)
    if named is not None:
        return named
    diagnostics = getattr(driver, "diag", None)
    if diagnostics is not None:
        if diagnostics.column_name:
            return str(diagnostics.column_name)
        found = re.search(r"\((?:lower\()?\(?\"?([^,():\"]+)", diagnostics.message_detail or "")
        return found[1] if found and diagnostics.constraint_name else None
    found = re.search(r"constraint failed: (?:index '[^'.]*\.([^']+)'|[^.,]+\.([^,\s]+))", str(driver))
    return (found[1] or found[2]) if found else None
