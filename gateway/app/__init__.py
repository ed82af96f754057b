"""The one place where the parts are put together.

Nothing is imported here, so that a verb that needs the ledger alone does not start with SCIM and HTTP.
"""
