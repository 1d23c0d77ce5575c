"""Migrations: the numbered steps to the newest schema, each tried on both databases."""
