"""Audience: the command line, for people's eyes and as JSON for programs."""
