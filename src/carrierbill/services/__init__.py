"""What a counsellor does with the ledger: each use case once, told what it needs by ports."""
