"""SCIM filters as closures over canonical resources (RFC 7644 §3.4.2.2)."""
