"""Documents: answers written down for programs and for people to keep."""
