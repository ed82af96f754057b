"""Side by side: the raw backend, Dirbridge, and any other SCIM server, in one run on one machine."""
