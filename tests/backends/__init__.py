"""Real servers that tests start for themselves, on loopback and on ports of their own."""
