"""A believable year, clearly made up: who is in it, what they do, and how the services play it."""
