"""The error numbers of SQL Server and Oracle, by the SQLSTATE that says the same (``errors``).

Sources: Microsoft, "Database Engine events and errors", and the transient errors of ``SqlConfigurableRetryFactory``;
FreeTDS, ``sybdb.h`` (from 20000 on: the driver's own); Oracle, "Database Error Messages"; python-oracledb, ``errors``.
No server of either can be started by the tests: the numbers are the vendors', untried.
"""

import re
from collections.abc import Iterable, Mapping


def _table(given: Mapping[str, Iterable[int]]) -> dict[int, str]:
    return {number: state for state, numbers in given.items() for number in numbers}


MSSQL = _table(
    {
        "23505": (1505, 2601, 2627),
        "23503": (547,),  # of a CHECK too: its text says which
        "23502": (515,),
        "22": (206, 220, 232, 241, 242, 244, 245, 248, 257, 295, 511, 2628, 8114, 8115, 8152, 8169),
        "44": (550,),
        "428C9": (271, 544, 8102),
        "42501": (229, 230, 262, 297, 300),
        "P0001": (3609,),
        "25006": (3906, 3908),
        "42P01": (207, 208),
        "28": (18450, 18451, 18452, 18456, 18470, 18486, 18487, 18488, 20014),
        "3D": (911, 916, 4060),
        "54": (8003, 8622, 8623, 8631, 8632),
        "53": (701, 802, 1101, 1105, 8645, 8651, 9002, 10928, 10929, 40544, 49918, 49919, 49920),
        "55": (1204, 1205, 1222, 3960, 3961, 41301, 41302, 41305, 41325, 41839),
        "57": (596, 845, 976, 978, 979, 982, 983, 6005, 40197, 40501, 40549, 40550, 40551, 40552, 40553, 40613),
        "08": (-2, 20, 64, 121, 233, 258, 10053, 10054, 10060, 10061, 11001, 17142, 17147, 17187, 17197, 17809),
    }
) | dict.fromkeys((20002, 20003, 20004, 20005, 20006, 20009, 20017, 20047), "08")
RAISED_BY_MSSQL = 50_000
"""the first number of RAISERROR and THROW: what a trigger says"""
ORACLE = _table(
    {
        "23505": (1,),
        "23503": (2291, 2292),
        "23502": (1400, 1407),
        "23514": (2290,),
        "22": (932, 1401, 1426, 1438, 1461, 1722, 1830, 1839, 1840, 1841, 1843, 1847, 1858, 1861, 6502, 12899, 29275),
        "44": (1402,),
        "428C9": (32795, 32796, 54013, 54017),
        "42501": (1031,),
        "25006": (1456, 16000),
        "42P01": (904, 942, 4043),
        "28": (1005, 1017, 1045, 28000, 28001, 28003),
        "54": (1704, 1795),
        "53": (18, 19, 20, 257, 1536, 1628, 1631, 1632, 1650, 1652, 1653, 1654, 1688, 4030, 4031, 30036),
        "55": (51, 54, 60, 1013, 1555, 4020, 4021, 4068, 8176, 8177, 30006),
        "58": (600, 604),
        "57": (28, 1033, 1034, 1035, 1041, 1089, 1090, 1092, 2396),
        "08": (
            *(22, 602, 603, 609, 1012, 3113, 3114, 3135, 3136, 25408, 25425),
            *(12150, 12152, 12153, 12154, 12160, 12170, 12203, 12500, 12505, 12514, 12516, 12518, 12519, 12520, 12521),
            *(12523, 12528, 12537, 12541, 12543, 12545, 12547, 12560, 12571),
        ),
    }
)
RAISED_BY_ORACLE = range(20_000, 21_000)
"""the numbers of ``raise_application_error``: what a trigger says"""
OF_FREETDS = range(20_000, 21_000)
UNKNOWN = "42"
"""a number that is not in the table: drivers call many of those operational too, and none is tried again"""
OF_THE_DRIVER = "08"
"""what python-oracledb says of itself (DPY, DPI): nearly always that there is no connection, or none any more"""
NOT_CONNECTED = re.compile(r"DPY-(1001|4005|4011|4024|600\d)|DPI-(1010|1067|1080)")


def state_of(driver: BaseException) -> str | None:
    """The SQLSTATE of an error of one of these drivers; None for another's, or for a number without a meaning here."""
    match _home(driver):
        case "pymssql":
            number = _of_pymssql(driver)
            unknown = UNKNOWN if number is not None and number not in OF_FREETDS else None
            return _mssql(number, _text(driver)) or unknown
        case "pyodbc":
            return _of_pyodbc(driver)
        case "oracledb" | "cx_Oracle":
            return _oracle(driver)
    return None


def _home(driver: BaseException) -> str:
    return type(driver).__module__.partition(".")[0]


def _text(driver: BaseException) -> str:
    """What the driver says, with octets as text."""
    return str(driver).replace("\\n", "\n")


def _mssql(number: int | None, text: str) -> str | None:
    if number is None:
        return None
    if number == 547 and re.search(r"\bCHECK\b", text):
        return "23514"
    return "P0001" if number >= RAISED_BY_MSSQL else MSSQL.get(number)


def _of_pymssql(driver: BaseException) -> int | None:
    """``(number, text)``, or that as the only argument."""
    first = driver.args[0] if driver.args else None
    first = first[0] if isinstance(first, tuple) and first else first
    return first if isinstance(first, int) else None


def _of_pyodbc(driver: BaseException) -> str | None:
    """A SQLSTATE and a text that ends with the number, which says more: ``… (2627) (SQLExecDirectW)``."""
    found = re.search(r"\((-?\d+)\) \(SQL\w+\)", _text(driver))
    state = driver.args[0] if driver.args and isinstance(driver.args[0], str) else None
    native = _mssql(int(found[1]), _text(driver)) if found and "SQL Server" in _text(driver) else None
    return native or state


def _oracle(driver: BaseException) -> str | None:
    told = driver.args[0] if driver.args else None
    number = getattr(told, "code", None)
    if isinstance(number, int) and number:
        return "P0001" if number in RAISED_BY_ORACLE else ORACLE.get(number, UNKNOWN)
    return OF_THE_DRIVER if NOT_CONNECTED.search(_text(driver)) else None


_NAMED = (
    re.compile(r"(?:into|table '[^']*',) column '([^']+)'"),  # 515, 2628
    re.compile(r"with unique index '(?:[^']*\.)?([^'.]+)'"),  # 2601
    re.compile(r"constraint ['\"]([^'\"]+)['\"]", re.IGNORECASE),  # 547, 2627
    re.compile(r'^ORA-(?:01400|01407|12899): [^"\n]*(?:"[^"\n]*"\.)*"([^"\n]+)"'),
    re.compile(r"^ORA-\d+: [^\n]*constraint \((?:[^()\n]*\.)?([^().\n]+)\) violated"),  # 1, 2290, 2291, 2292
)


def column_of(driver: BaseException) -> str | None:
    """The column, index or constraint that an error of one of these drivers names; never a value."""
    if _home(driver) not in ("pymssql", "pyodbc", "oracledb", "cx_Oracle"):
        return None
    return next((found[1] for each in _NAMED if (found := each.search(_text(driver)))), None)
