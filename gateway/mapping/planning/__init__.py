"""From a request to the plan of a write: matching, creation, update, events of a life."""
