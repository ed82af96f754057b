"""Every behaviour that the guides of the systems to serve describe, tried end to end."""
