"""What reaches the machine for the services: the clock, files, keys and mail."""
