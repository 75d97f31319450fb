"""Storage on SQLite, MySQL and MariaDB, by SQLAlchemy Core.

Each capability has a room with one store a file: its tables, its mapping from rows to entities, its statements. What
all stores share is here: column types that keep money exact, prepared statements for the hot paths, the unit of work
with its retries, what differs between the databases, and the migrations with what runs them.
"""
