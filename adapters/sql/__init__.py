"""Storage on SQLite, MySQL and MariaDB, by SQLAlchemy Core.

identity/, money/, ...  one store a file: its tables, row <-> entity, its statements
schema_metadata.py      what all tables share           every_table.py  all of them, to compare or create
types.py                exact money, UTC instants       mapping.py      entities whose parts lie flat in a row
prepared.py             statements compiled once, for the hot paths, which read their rows by hand
unit_of_work.py         transactions and their retries
database.py             what the unit of work must know of a database; opening.py chooses one by its URL
sqlite.py, mysql.py     what differs: connections, locks, what an error means; errors.py has the words
migrations/             Alembic; schema.py runs them    fair_lock.py    first come, first served
"""
