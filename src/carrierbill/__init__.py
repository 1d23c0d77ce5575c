"""What a phone-billed amount costs when it is late, explained to the won."""

__version__ = "0.1.0"
