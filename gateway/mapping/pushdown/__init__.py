"""SCIM filters as filters of the target, as far as the target can decide them."""
