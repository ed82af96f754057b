"""A mapping file tried without a target: the three laws, and the tests that stand in the file."""
