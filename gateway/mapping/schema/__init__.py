"""SCIM attributes and paths: RFC 7643's own, and those that a mapping declares."""
