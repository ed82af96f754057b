"""Backends: the contract in one file, its kit, and one package each; none knows the gateway or another."""
