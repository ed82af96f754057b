"""Tables behind the contract: SQLAlchemy Core on SQLite, PostgreSQL, MariaDB and MySQL.

========== =====================================================================
file       responsibility
========== =====================================================================
connector  the keys of ``[target.NAME]``; opening, checking and closing
engine     the pool, the bounded threads, time limits, what SQLite needs
options    the keys of ``[user]`` and ``[group.members]`` that name tables
tables     reflecting them
making     creating those that may be created
mysql      what MariaDB and MySQL need otherwise
codecs     values of the contract to values of a column and back
where      a filter becomes a condition, whose values are always bound
texts      the few places where databases spell text comparison differently
collection the five verbs
reading    rows become entries; members, groups and child rows a page at a time
listing    sort, total, keyset cursor
writing    insert, update and delete of one row
belonging  membership rows and references, as deltas
children   the rows of child tables
errors     what a driver says, in the words of the contract
========== =====================================================================
"""

from connectors.sql.connector import SqlConnector

__all__ = ["SqlConnector"]
