"""Storage on SQLite, MySQL and MariaDB, by SQLAlchemy Core.

tables.py        every table                     rows.py      row <-> entity, the only place
types.py         exact money, UTC instants       prepared.py  statements compiled once, for the hot paths
unit_of_work.py  transactions and their retries  activity.py, operators.py, ...  one store each
sqlite.py, mysql.py   what differs: connections, locks, which errors mean "again"
migrations/      Alembic; schema.py runs them    fair_lock.py first come, first served
"""
