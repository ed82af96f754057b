"""Whole dialogues of identity providers, as data, played against every backend. See ``dialogue`` for the format."""
