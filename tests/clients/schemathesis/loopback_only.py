"""Keeps what schemathesis makes up on this machine: a job's webhook is a request to an address of its own making."""

import schemathesis

# The discard service, where nobody listens.
NOWHERE = "http://127.0.0.1:9/"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"].values()
    webhooks = [
        schema["properties"]
        for schema in schemas
        if "webhook" in schema.get("properties", {})
    ]
    # Fails where the document has changed, rather than letting requests out.
    assert webhooks, "no schema has a property `webhook` any more"
    for properties in webhooks:
        properties["webhook"] = {"enum": [NOWHERE, None]}
