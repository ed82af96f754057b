"""The keys of calls: what ``[user.http]``, ``[group.members]`` and ``lifecycle.after`` say of an application's API."""

from gateway.mapping.file.keys import Key, Keys

HTTP: Keys = {
    "item": Key("where one object stands in bodies and answers, such as `user`; default: it is the whole of them"),
    "find": Key("the call that finds by one value, or an array of them", ("tables",)),
    "list": Key("the call that lists all", ("table",)),
    "read": Key("the call that reads one object by its id", ("table",)),
    "create": Key("the call that makes one", ("table",)),
    "update": Key("the call that changes one: PATCH with what changes, or PUT with all of it", ("table",)),
    "delete": Key("the call that deletes one", ("table",)),
    "integer_ids": Key("ids are numbers in bodies", ("flag",)),
    "if_match": Key("the application compares If-Match with `version`", ("flag",)),
}
CALL: Keys = {
    "get": Key("GET: the path, with `{places}`"),
    "post": Key("POST: the path"),
    "put": Key("PUT: the path"),
    "patch": Key("PATCH: the path"),
    "delete": Key("DELETE: the path"),
    "gone": Key("the statuses that mean: it is not there", ("integers",)),
    "taken": Key("the statuses that mean: another entry has this value", ("integers",)),
    "says": Key("what the answer says beside a status of `taken`, where that status means other things too"),
    "headers": Key("headers of this call", ("table",)),
    "send": Key("what the body says beside the attributes; texts may have `{places}`", ("table",)),
    "item": HTTP["item"],
    "form": Key("the body is a form, not JSON", ("flag",)),
}
LISTING: Keys = {
    "items": Key("where the list stands in the answer; default: it is the answer"),
    "page": Key("how the list is cut", ("table",)),
}
FIND: Keys = {
    "exact": Key("the answer has all who have the value, in any capitals, and no others", ("flag",)),
    "capitals": Key("to the application, other capitals are another value", ("flag",)),
}
CREATE: Keys = {
    "key": Key("where the answer holds the new id; default: the anchor"),
    "whole": Key("the answer holds the whole object, so that it is not read once more", ("flag",)),
    "idempotency": Key("the header with a key that makes a repeated creation harmless, such as `Idempotency-Key`"),
    "takes": Key("the attributes that the call takes; `update` writes the others after it", ("texts",)),
}
UPDATE: Keys = {"whole": CREATE["whole"]}
PAGE: Keys = {
    "cursor": Key("where the answer holds the mark of the next page"),
    "last": Key("where the last element holds the mark of the next page, such as `id`"),
    "next": Key("where the answer holds the address of the next page"),
    "link": Key("the relation in the Link header (RFC 8288) that leads to the next page: `next`"),
    "number": Key("the parameter that takes the number of a page"),
    "offset": Key("the parameter that takes the number of a first element"),
    "param": Key("the parameter that takes the mark"),
    "size": Key("the parameter that takes the length of a page"),
    "count": Key("the length of a page; default 100", ("integer",)),
    "first": Key("what the first page or element is called: 0 or 1", ("integer",)),
    "total": Key("where the answer holds the number of all"),
    "more": Key("where the answer says whether there are more"),
}
MEMBER_LIST: Keys = {
    "value": Key("where an element holds the member's id; default `id`"),
    "type": Key("where it holds the member's resource type"),
    "display": Key("where it holds the member's name"),
}
MEMBER_CHANGE: Keys = {"each": Key("what each of `{users}` looks like; default `{user}`", ("any",))}
