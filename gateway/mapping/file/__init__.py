"""The mapping file as it is written: TOML with places, every key known, form checked."""
