"""The attributes of RFC 7643: User (§4.1), Group (§4.2), EnterpriseUser (§4.3) and the common ones (§3.1)."""

from typing import Any

from gateway.mapping.model import Place, SchemaAttribute

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_PLACE = Place("RFC 7643", 0, "")


def attribute(name: str, description: str, *subs: SchemaAttribute, urn: str = "", **facts: Any) -> SchemaAttribute:
    """Return one built-in attribute; ``subs`` make it complex."""
    facts.setdefault("type", "complex" if subs else "string")
    return SchemaAttribute(
        resource="", name=name, urn=urn, place=_PLACE, description=description, sub_attributes=subs, **facts
    )


_a = attribute


def _plural(name: str, description: str, value: SchemaAttribute, *canonical: str) -> SchemaAttribute:
    """A multi-valued attribute with the default sub-attributes of RFC 7643 §2.4."""
    return _a(
        name,
        description,
        value,
        _a("display", "A human-readable name, primarily used for display purposes."),
        _a("type", "A label indicating the attribute's function.", canonical=canonical),
        _a("primary", "Whether this is the preferred value of the attribute.", type="boolean"),
        multi_valued=True,
    )


def _reference(*types: str, **facts: Any) -> SchemaAttribute:
    return _a("$ref", "The URI of the resource.", type="reference", reference_types=types, case_exact=True, **facts)


_READ_ONLY: dict[str, Any] = {"mutability": "readOnly"}
_IMMUTABLE: dict[str, Any] = {"mutability": "immutable"}

COMMON: tuple[SchemaAttribute, ...] = (
    _a("id", "The identifier of the resource, issued by the service provider.", case_exact=True, returned="always",
       uniqueness="server", **_READ_ONLY),
    _a("externalId", "The identifier of the resource as the provisioning client knows it.", case_exact=True),
    _a("schemas", "The schemas of the resource.", type="reference", reference_types=("uri",), multi_valued=True,
       case_exact=True, returned="always", required=True),
    _a(
        "meta",
        "The resource's metadata.",
        _a("resourceType", "The name of the resource type.", case_exact=True, **_READ_ONLY),
        _a("created", "When the resource was created.", type="dateTime", **_READ_ONLY),
        _a("lastModified", "When the resource was last changed.", type="dateTime", **_READ_ONLY),
        _a("location", "The URI of the resource.", type="reference", reference_types=("uri",), case_exact=True,
           **_READ_ONLY),
        _a("version", "The version of the resource.", case_exact=True, **_READ_ONLY),
        **_READ_ONLY,
    ),
)  # fmt: skip

_NAME = _a(
    "name",
    "The components of the user's name.",
    _a("formatted", "The full name, formatted for display."),
    _a("familyName", "The family name (last name)."),
    _a("givenName", "The given name (first name)."),
    _a("middleName", "The middle name or names."),
    _a("honorificPrefix", "The honorific prefix, such as 'Ms.'."),
    _a("honorificSuffix", "The honorific suffix, such as 'III'."),
)
_ADDRESSES = _a(
    "addresses",
    "Physical mailing addresses of the user.",
    _a("formatted", "The full address, formatted for display or a mailing label."),
    _a("streetAddress", "House number, street name, and what else belongs to the street."),
    _a("locality", "The city or locality."),
    _a("region", "The state or region."),
    _a("postalCode", "The postal code."),
    _a("country", "The country: two letters of ISO 3166-1."),
    _a("type", "A label indicating the attribute's function.", canonical=("work", "home", "other")),
    _a("primary", "Whether this is the preferred address.", type="boolean"),
    multi_valued=True,
)
_GROUPS = _a(
    "groups",
    "The groups the user belongs to; changed through the groups.",
    _a("value", "The id of the group.", case_exact=True, **_READ_ONLY),
    _reference("User", "Group", **_READ_ONLY),
    _a("display", "The name of the group.", **_READ_ONLY),
    _a("type", "'direct' or 'indirect'.", canonical=("direct", "indirect"), **_READ_ONLY),
    multi_valued=True,
    **_READ_ONLY,
)
_MEMBERS = _a(
    "members",
    "The members of the group.",
    _a("value", "The id of the member.", case_exact=True, **_IMMUTABLE),
    _reference("User", "Group", **_IMMUTABLE),
    _a("type", "The resource type of the member.", canonical=("User", "Group"), **_IMMUTABLE),
    _a("display", "The name of the member, as the gateway knows it.", **_READ_ONLY),
    multi_valued=True,
)
_MANAGER = _a(
    "manager",
    "The user's manager.",
    _a("value", "The id of the manager.", case_exact=True),
    _reference("User"),
    _a("displayName", "The name of the manager.", **_READ_ONLY),
)

BUILT_IN: dict[str, tuple[SchemaAttribute, ...]] = {
    USER: (
        _a("userName", "The name the user signs in with; unique, capitals ignored.", required=True,
           uniqueness="server"),
        _NAME,
        _a("displayName", "The name of the user, for display."),
        _a("nickName", "The casual way to address the user."),
        _a("profileUrl", "The URL of the user's online profile.", type="reference", reference_types=("external",),
           case_exact=True),
        _a("title", "The user's title, such as 'Vice President'."),
        _a("userType", "The relationship between the organization and the user, such as 'Contractor'."),
        _a("preferredLanguage", "The user's preferred language, as in Accept-Language."),
        _a("locale", "The user's default location, for currency, dates and numbers."),
        _a("timezone", "The user's time zone, such as 'America/Los_Angeles'."),
        _a("active", "Whether the user may sign in.", type="boolean"),
        _a("password", "The user's password in clear; it can be set and never be read.", case_exact=True,
           mutability="writeOnly", returned="never"),
        _plural("emails", "E-mail addresses of the user.", _a("value", "An e-mail address."),
                "work", "home", "other"),
        _plural("phoneNumbers", "Telephone numbers of the user.", _a("value", "A telephone number."),
                "work", "home", "mobile", "fax", "pager", "other"),
        _plural("ims", "Instant messaging addresses of the user.", _a("value", "An instant messaging address."),
                "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        _plural("photos", "Photos of the user.",
                _a("value", "The URL of a photo.", type="reference", reference_types=("external",), case_exact=True),
                "photo", "thumbnail"),
        _ADDRESSES,
        _GROUPS,
        _plural("entitlements", "What the user is entitled to.", _a("value", "An entitlement.")),
        _plural("roles", "Who the user is, such as 'Student' or 'Faculty'.", _a("value", "A role.")),
        _plural("x509Certificates", "Certificates of the user.",
                _a("value", "A certificate: base64 of its DER form.", type="binary", case_exact=True)),
    ),
    GROUP: (
        _a("displayName", "The name of the group.", required=True),
        _MEMBERS,
    ),
    ENTERPRISE: (
        _a("employeeNumber", "The number or text that identifies the employee."),
        _a("costCenter", "The cost center."),
        _a("organization", "The organization."),
        _a("division", "The division."),
        _a("department", "The department."),
        _MANAGER,
    ),
}  # fmt: skip
"""Schema URN → its attributes. ``displayName`` of a group is required as §4.2's text says; capitals do not count."""

NAMES: dict[str, tuple[str, str]] = {
    USER: ("User", "User Account"),
    GROUP: ("Group", "Group"),
    ENTERPRISE: ("EnterpriseUser", "Enterprise User"),
}
"""Schema URN → its name and description (§8.7.1)."""
