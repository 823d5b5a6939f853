"""The store: tables, transactions on SQLite and PostgreSQL, and the wheels and artifacts on disk."""
