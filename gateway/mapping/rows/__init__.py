"""Rows bound to their schema: how one attribute is read, compared and written."""
