"""Topics: dated, sourced policy values in TOML, and the strict reader of them."""
