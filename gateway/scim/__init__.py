"""The SCIM protocol (RFC 7643, 7644, 9865): dialects of identity providers in, canonical dicts to provisioning."""
