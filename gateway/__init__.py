"""The gateway: understands SCIM, decides, remembers, answers."""
