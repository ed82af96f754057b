"""The write protocol, and what is asked before and during every write."""
