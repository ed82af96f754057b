"""Failures outside of any endpoint as SCIM error documents (RFC 7644 §3.12): one shape for every family."""

from http import HTTPStatus

from scim2_models import Error, SCIMException

from gateway.ledger.errors import LedgerUnavailable
from gateway.provisioning.errors import Unavailable503
from gateway.scim.endpoint import ScimResponse

CHALLENGE = 'Bearer realm="SCIM"'


def error_response(error: Exception) -> ScimResponse:
    """Return the SCIM error of a failure; what is not a SCIMException says nothing about itself."""
    if isinstance(error, LedgerUnavailable):
        error = Unavailable503(detail="The gateway's ledger is not available now; try again later")
    document = (
        error.to_error() if isinstance(error, SCIMException) else Error(status=500, detail="Internal server error")
    )
    status = document.status or 500
    headers = {"WWW-Authenticate": CHALLENGE} if status == HTTPStatus.UNAUTHORIZED else {}
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return ScimResponse(HTTPStatus(status), document.model_dump(), headers)
