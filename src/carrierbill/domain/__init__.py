"""Nouns: the rules of carrier billing as pure functions over frozen data."""
