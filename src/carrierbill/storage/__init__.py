"""The ledger in a database: SQLite or PostgreSQL, behind the ports of the services."""
