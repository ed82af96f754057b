"""If-Match and If-None-Match (RFC 9110 §13.1, RFC 7644 §3.14), compared weakly; asked under the object's lock."""

import re

from scim2_models import PreconditionFailedException

from gateway.provisioning.model import Precondition

_TAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')


def check(when: Precondition, version: str | None) -> None:
    """Let a write to an existing object pass.

    :param version: the object's ``meta.version`` as it stands now; None where it has none.
    :raises PreconditionFailedException: 412.
    """
    if when.if_match is not None and not _matches(when.if_match, version):
        raise PreconditionFailedException(detail="If-Match: the resource has changed since this version")
    if when.if_none_match is not None and _matches(when.if_none_match, version):
        raise PreconditionFailedException(detail="If-None-Match: the resource is there, in this version")


def _matches(header: str, version: str | None) -> bool:
    if header.strip() == "*":
        return True
    return version is not None and _opaque(version)[0] in _opaque(header)


def _opaque(text: str) -> list[str]:
    """The tags of a list without their weakness; a bare tag without quotes, as some clients send it, counts too."""
    return _TAG.findall(text) or [tag.strip().removeprefix("W/") for tag in text.split(",")]
