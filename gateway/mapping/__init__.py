"""The engine of the mapping files: load, check, compile, both directions, laws, tests."""
