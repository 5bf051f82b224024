"""Clients under `tracer run`: they go to the server that is watched, speak as it does, and stand in its recording."""

from queue import SimpleQueue

import pytest

from tests.probe.kit import until
from tracer.lab.runner import ClientRunner
from tracer.run import offer_clients
from tracer.timeline.at import at
from tracer.timeline.calls import rows
from tracer.timeline.load import load
from tracer.tui.controls import Controls

SERVER = """
import http.server, socketserver, sys, threading

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a page\\n")

    def log_message(self, *words):
        pass

servers = [socketserver.TCPServer(("127.0.0.1", 0), Echo), socketserver.TCPServer(("", 0), Page)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("they listen", flush=True)
sys.stdin.read()
for server in servers:
    server.shutdown()
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


def servers(path):
    timeline = load(path)[0]
    return at(timeline, timeline.newest).servers


def test_clients_go_to_the_server_that_is_watched(program, launch):
    said, controls = SimpleQueue(), Controls()
    with launch(program) as running, ClientRunner(None, said.put, running.path) as clients:
        offer_clients(controls, clients)
        controls.send("one")  # nothing is watched yet
        for controls.server in servers(running.path):
            assert controls.reaches(controls.server)
            controls.send("one")
            while "on its way" in (message := said.get(timeout=20)):
                pass
            assert ("'HTTP/1.0 200 OK'" in message) == controls.server.http
        until(running.path, lambda fact: fact["type"] == "left")
        assert running.end() == (0, "")
    timeline = running.timeline()
    assert [server.http for server in servers(running.path)] == [False, True]
    told = [
        (row.label, row.hook, row.connection) for row in rows(timeline) if row.label in ("C1", "C2") and row.hook in ("connect", "send")
    ]
    assert told == [("C1", "connect", 1), ("C1", "send", 1), ("C2", "connect", 2), ("C2", "send", 2)]
    assert [context.name for context in timeline.ordered.items if context.kind == "client"] == ["client 1", "client 2"]
