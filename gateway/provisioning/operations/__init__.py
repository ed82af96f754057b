"""The operations: create, update, delete, change members; and what they become on the way."""
