"""A collector for traces: decodes OTLP over HTTP with OpenTelemetry's own definitions, and prints what arrives.

Each line of its output is a JSON object: first its port, then one object for each request. The argument chooses its
behaviour: `accepts`, `refuses` (status 500), `hangs` (never answers).
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

BEHAVIOUR = sys.argv[1]
OUTPUT = threading.Lock()


def show(value):
    with OUTPUT:
        print(json.dumps(value), flush=True)


def values(attributes):
    """Returns the attributes as an object."""
    return {it["key"]: next(iter(it["value"].values()), None) for it in attributes}


def spans(request):
    """Returns the spans with ids in hexadecimal, and the resource of each."""
    for group in request.resource_spans:
        resource = values(MessageToDict(group.resource).get("attributes", []))
        for scope in group.scope_spans:
            for span in scope.spans:
                shown = MessageToDict(span)
                yield {
                    "name": span.name,
                    "kind": shown.get("kind", "SPAN_KIND_UNSPECIFIED"),
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "state": span.trace_state,
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": values(shown.get("attributes", [])),
                    "events": [it.name for it in span.events],
                    "status": shown.get("status", {}),
                    "resource": resource,
                }


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        request = ExportTraceServiceRequest.FromString(body)
        show(
            {
                "path": self.path,
                "type": self.headers["content-type"],
                "authorization": self.headers["authorization"],
                "spans": list(spans(request)),
            }
        )
        if BEHAVIOUR == "hangs":
            threading.Event().wait()
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200 if BEHAVIOUR == "accepts" else 500)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Collector)
show({"port": server.server_address[1]})
server.serve_forever()
