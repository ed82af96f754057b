"""Hostile input against the real command: real sockets, a real directory, a real database."""
