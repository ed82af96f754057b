"""A SCIM operation becomes changes in a target: what, when, in which order, and what stays to be done."""
