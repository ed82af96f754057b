"""Applications behind a REST API: JSON over HTTP, as the calls of a mapping file say.

=========== ====================================================================
file        responsibility
=========== ====================================================================
connector   opening, checking and closing
options     the keys of ``[target.NAME]``
sections    the keys of ``[user]`` and ``[group.members]`` that name calls
reader      reading a table of keys, with everything that is wrong with it
calls       one call: method, address, body
templates   addresses with places, encoded once
paths       dotted paths into JSON
paging      the ways in which lists are cut
documents   documents become entries, attributes become documents
application making calls and understanding answers
collection  the five verbs
searching   candidates, filter, order
walking     where a walk through a list stands, as a cursor
writing     create, update, delete
membership  members and groups
checking    does the application answer as the mapping says?
errors      what a status says, in the words of the contract
wire        requests with the login on them
login       constant headers, and tokens that are fetched anew in time
transport   the pool: bounds, TLS, nothing followed
addresses   which addresses may be connected to
=========== ====================================================================
"""

from connectors.rest.connector import RestConnector

__all__ = ["RestConnector"]
