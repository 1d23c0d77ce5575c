"""Own: the interface for what the published one lacks: lines, bills, repayments, and the daily work."""
