"""What follows a write, and what an outage, a crash or a crossing write left: driven to its end, never twice."""
