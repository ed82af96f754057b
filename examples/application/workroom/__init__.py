"""Workroom: a small application with accounts, sessions, API tokens and teams, to provision into."""
