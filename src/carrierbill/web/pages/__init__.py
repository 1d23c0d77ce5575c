"""Pages: one concern of a page a module."""
