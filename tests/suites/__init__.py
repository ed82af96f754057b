"""Suites of others against real targets, and wire cases of our own from the text of the RFCs."""
