"""What a directory knows of its attributes (RFC 4512 §4.2): the matching rules, built in and learnt."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

IGNORE, EXACT, EXACT_ASCII, TELEPHONE, UUID, NAME, FLAG, NUMBER, TIME, BYTES, OTHER = (
    "ignore", "exact", "exact-ascii", "telephone", "uuid", "dn", "boolean", "integer", "time", "octets", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """How the values of one attribute are compared.

    :param equality: one of the words above; None = cannot be compared for equality.
    :param ordering: ``>=`` and ``<=`` work. :param substrings: ``*x*`` works. :param single: SINGLE-VALUE.
    """

    equality: str | None = None
    ordering: bool = False
    substrings: bool = False
    single: bool = False


_TEXT = Rule(IGNORE, substrings=True)
_CASED = Rule(EXACT, substrings=True)
_PHONE = Rule(TELEPHONE, substrings=True)
_DN = Rule(NAME)
_TIME = Rule(TIME, ordering=True, single=True)
_INTEGER = Rule(NUMBER, ordering=True, single=True)


def _each(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


BUILT_IN: Mapping[str, Rule] = {
    **_each("uid cn sn mail givenname title ou o l st street postalcode postaladdress postofficebox", _TEXT),
    **_each("employeetype departmentnumber description roomnumber initials businesscategory carlicense gecos", _TEXT),
    **_each("physicaldeliveryofficename generationqualifier", _TEXT),
    **_each("displayname employeenumber preferredlanguage c co", replace(_TEXT, single=True)),
    **_each("telephonenumber mobile homephone pager", _PHONE),
    **_each("manager secretary member owner seealso memberof entrydn roleoccupant", _DN),
    **_each("createtimestamp modifytimestamp pwdaccountlockedtime pwdchangedtime", _TIME),
    **_each("uidnumber gidnumber", _INTEGER),
    **_each("homedirectory loginshell", Rule(EXACT_ASCII, single=True)),
    "labeleduri": _CASED,
    "entryuuid": Rule(UUID, ordering=True, single=True),
    "nsuniqueid": Rule(OTHER, single=True),
    "uniquemember": Rule(OTHER),
    "userpassword": Rule(BYTES),
    "objectclass": Rule(OTHER),
}
"""The standard attributes as every directory defines them, so that nothing need be asked before the first filter."""

_RULES = {
    "caseignorematch": IGNORE, "caseignoreia5match": IGNORE, "caseignorelistmatch": IGNORE, "caseexactmatch": EXACT,
    "caseexactia5match": EXACT_ASCII, "telephonenumbermatch": TELEPHONE, "uuidmatch": UUID,
    "distinguishednamematch": NAME,
    "booleanmatch": FLAG, "integermatch": NUMBER, "generalizedtimematch": TIME, "octetstringmatch": BYTES,
}  # fmt: skip
_SYNTAXES = {
    "1.3.6.1.4.1.1466.115.121.1.15": Rule(IGNORE, substrings=True),
    "1.3.6.1.4.1.1466.115.121.1.44": Rule(IGNORE, substrings=True),
    "1.3.6.1.4.1.1466.115.121.1.27": Rule(NUMBER, ordering=True),
    "1.2.840.113556.1.4.906": Rule(NUMBER, ordering=True),
    "1.3.6.1.4.1.1466.115.121.1.7": Rule(FLAG),
    "1.3.6.1.4.1.1466.115.121.1.24": Rule(TIME, ordering=True),
    "1.3.6.1.4.1.1466.115.121.1.12": Rule(NAME),
    "1.3.6.1.4.1.1466.115.121.1.40": Rule(BYTES),
}
"""Active Directory names no matching rules; they follow from the syntax ([MS-ADTS] 3.1.1.2.2.4). What is not listed
(its case-sensitive ASCII) is not filtered by."""
_DEFINITION = re.compile(r"\(\s*([\w.-]+)\s+(.*)\)\s*$", re.DOTALL)
_NAMES = re.compile(r"\bNAME\s+(?:'([^']+)'|\(([^)]*)\))")
_LISTS = r"\b{}\s+(?:\(\s*([^)]*)\)|([\w.;-]+))"


@dataclass(frozen=True, slots=True)
class AttributeType:
    """One attributeTypes value: what ``check`` and ``Rule`` need of it."""

    oid: str
    names: tuple[str, ...]
    parent: str | None
    equality: str | None
    ordering: str | None
    substrings: str | None
    single: bool
    fixed: bool
    """NO-USER-MODIFICATION"""
    operational: bool
    syntax: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """One objectClasses value; names in lower case."""

    oid: str
    names: tuple[str, ...]
    parents: tuple[str, ...]
    kind: str
    must: tuple[str, ...]
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A subschema subentry, by lower-case name and OID."""

    attributes: Mapping[str, AttributeType] = field(default_factory=dict)
    classes: Mapping[str, ObjectClass] = field(default_factory=dict)
    names_rules: bool = True
    """whether the directory says by which rules it compares"""

    def rule(self, attribute: str) -> Rule | None:
        """The matching rules of an attribute, those of its supertypes included; None where it is unknown."""
        found = self.attributes.get(attribute.lower())
        if found is None:
            return None
        if not self.names_rules:
            return replace(_SYNTAXES.get(found.syntax or "", Rule(OTHER)), single=found.single)
        equality, ordering, substrings, at = found.equality, found.ordering, found.substrings, found
        for _ in range(16):
            above = self.attributes.get(at.parent or "")
            if above is None:
                break
            at = above
            equality, ordering = equality or at.equality, ordering or at.ordering
            substrings = substrings or at.substrings
        word = _RULES.get((equality or "").lower(), OTHER) if equality else None
        return Rule(word, ordering is not None, substrings is not None, found.single)

    def requirements(self, classes: Iterable[str]) -> tuple[set[str], set[str]]:
        """What an entry of ``classes`` must have, and all it may have: lower-case names, supers included."""
        must: set[str] = set()
        may: set[str] = set()
        waiting, seen = [name.lower() for name in classes], set[str]()
        while waiting:
            name = waiting.pop()
            found = self.classes.get(name)
            if found is None or name in seen:
                continue
            seen.add(name)
            must.update(found.must)
            may.update(found.may)
            waiting.extend(found.parents)
        return must, may | must

    def names(self, attribute: str) -> tuple[str, ...]:
        """All names of an attribute in lower case; of an unknown one its own."""
        found = self.attributes.get(attribute.lower())
        return (*found.names, found.oid) if found else (attribute.lower(),)


def parse_schema(
    attribute_types: Iterable[bytes], object_classes: Iterable[bytes], content_rules: Iterable[bytes] = ()
) -> Schema:
    """Read the values of a subschema subentry; what cannot be read is left out.

    :param content_rules: ``dITContentRules``: the auxiliary classes that every entry of a class has.
    """
    attributes: dict[str, AttributeType] = {}
    for raw in attribute_types:
        found = _attribute(raw.decode("utf-8", "replace"))
        for name in (*found.names, found.oid) if found else ():
            attributes[name] = found  # type: ignore[assignment]
    classes: dict[str, ObjectClass] = {}
    for raw in object_classes:
        made = _class(raw.decode("utf-8", "replace"))
        for name in (*made.names, made.oid) if made else ():
            classes[name] = made  # type: ignore[assignment]
    for raw in content_rules:
        rule = _class(raw.decode("utf-8", "replace"))
        for name in (*rule.names, rule.oid) if rule else ():
            if rule is not None and name in classes:
                classes[name] = _joined(classes[name], rule)
    return Schema(attributes, classes, any(each.equality for each in attributes.values()))


def _joined(known: ObjectClass, rule: ObjectClass) -> ObjectClass:
    must, may = (*known.must, *rule.must), (*known.may, *rule.may)
    return replace(known, parents=(*known.parents, *rule.parents), must=must, may=may)


def _names(text: str) -> tuple[str, ...]:
    found = _NAMES.search(text)
    if found is None:
        return ()
    return (found[1].lower(),) if found[1] else tuple(name.lower() for name in re.findall(r"'([^']+)'", found[2]))


def _without_texts(text: str) -> str:
    return re.sub(r"'[^']*'", "''", text)


def _word(keyword: str, text: str) -> str | None:
    found = re.search(rf"\b{keyword}\s+([\w.-]+)", text)
    return found[1].lower() if found else None


def _list(keyword: str, text: str) -> tuple[str, ...]:
    found = re.search(_LISTS.format(keyword), text)
    words = (found[1] or found[2] or "") if found else ""
    return tuple(word.strip().lower() for word in words.split("$") if word.strip())


def _attribute(text: str) -> AttributeType | None:
    whole = _DEFINITION.match(text.strip())
    if whole is None:
        return None
    plain = _without_texts(whole[2])
    return AttributeType(
        oid=whole[1],
        names=_names(whole[2]),
        parent=_word("SUP", plain),
        equality=_word("EQUALITY", plain),
        ordering=_word("ORDERING", plain),
        substrings=_word("SUBSTR", plain),
        single="SINGLE-VALUE" in plain,
        fixed="NO-USER-MODIFICATION" in plain,
        operational=(_word("USAGE", plain) or "userapplications") != "userapplications",
        syntax=_syntax(whole[2]),
    )


def _class(text: str) -> ObjectClass | None:
    whole = _DEFINITION.match(text.strip())
    if whole is None:
        return None
    plain = _without_texts(whole[2])
    kind = next((word.lower() for word in ("ABSTRACT", "AUXILIARY") if re.search(rf"\b{word}\b", plain)), "structural")
    parents = (*_list("SUP", plain), *_list("AUX", plain))
    return ObjectClass(whole[1], _names(whole[2]), parents, kind, _list("MUST", plain), _list("MAY", plain))


def _syntax(text: str) -> str | None:
    """The syntax without its length; Active Directory puts it in quotes."""
    found = re.search(r"\bSYNTAX\s+'?([\d.]+)", text)
    return found[1] if found else None
