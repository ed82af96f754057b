"""The standard resource types of RFC 7643, as shapes and as models: what the oracles compare."""

from typing import Any

from scim2_models import Resource
from scim2_server.utils import load_default_provider

from gateway.scim.shape import Shape, shape_from

PROVIDER = load_default_provider()
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DOCUMENTS = [schema.model_dump() for schema in PROVIDER.schemas]

USER: Shape = shape_from("User", "/Users", USER_URN, (ENTERPRISE,), DOCUMENTS)
GROUP: Shape = shape_from("Group", "/Groups", GROUP_URN, (), DOCUMENTS, members=True)


def model(name: str) -> type[Resource[Any]]:
    """The model of a standard resource type, extensions included."""
    found = PROVIDER.model_for(name)
    assert found is not None
    assert issubclass(found, Resource)
    return found
