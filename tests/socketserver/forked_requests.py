"""Serve requests with a forking server and print what happened, as JSON. A program: pytest itself does not fork.

    python forked_requests.py socketserver|tracer.socketserver SCENARIO

runs one of the functions below.
"""

import importlib
import json
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
framework = importlib.import_module(sys.argv[1])
report = {}


def client_of(server):
    return socket.create_connection(server.server_address, timeout=20)


def ends():
    """Three ways out of a child: what the client gets, whether stderr has a report, and the exit status."""

    class Handler(framework.StreamRequestHandler):
        def handle(self):
            what = self.rfile.readline().decode().strip()
            self.wfile.write(f"{os.getpid() != parent}".encode())
            if what == "exit":
                sys.exit(0)
            if what == "error":
                raise LookupError("on purpose")

    class Server(framework.ForkingTCPServer):
        def handle_error(self, request, client_address):
            request.sendall(b" handle_error in the " + (b"parent" if os.getpid() == parent else b"child"))

        def shutdown_request(self, request):
            if os.getpid() == parent:
                report["the parent shut down a request"] = True
            super().shutdown_request(request)

    parent = os.getpid()
    with Server(("127.0.0.1", 0), Handler) as server:
        report["before"] = server.active_children
        for what in ("return", "error", "exit"):
            with client_of(server) as client:
                client.sendall(what.encode() + b"\n")
                server.handle_request()
                reply = b"".join(iter(lambda client=client: client.recv(100), b""))
            (pid,) = server.active_children
            _, status = os.waitpid(pid, 0)
            server.collect_children()  # ECHILD: it has been collected here
            report[what] = [reply.decode(), os.waitstatus_to_exitcode(status), len(server.active_children)]


def close():
    """server_close() collects the children: all of them, or those that have ended."""

    class Handler(framework.BaseRequestHandler):
        def handle(self):
            self.request.recv(1)

    for block in (True, False):
        server = framework.ForkingTCPServer(("127.0.0.1", 0), Handler)
        server.block_on_close = block
        client = client_of(server)
        server.handle_request()
        (pid,) = server.active_children
        if block:
            client.shutdown(socket.SHUT_WR)  # the child ends, sooner or later
        server.server_close()
        report[f"block {block}"] = len(server.active_children)
        if not block:
            client.shutdown(socket.SHUT_WR)
            os.waitpid(pid, 0)
        client.close()


def limit():
    """At max_children the loop waits: the second child is collected before the third client is accepted."""

    counts = []

    class Server(framework.ForkingTCPServer):
        max_children = 2

        def process_request(self, request, client_address):
            super().process_request(request, client_address)
            counts.append(len(self.active_children))

        def service_actions(self):
            super().service_actions()
            assert len(self.active_children) < 2
            if len(counts) == 4:
                self._BaseServer__shutdown_request = True

    with Server(("127.0.0.1", 0), framework.BaseRequestHandler) as server:
        clients = [client_of(server) for _ in range(4)]
        server.serve_forever()
        for client in clients:
            client.close()
    report["never above the limit"] = max(counts) <= 2
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        report["left over"] = 0


{"ends": ends, "close": close, "limit": limit}[sys.argv[2]]()
print(json.dumps(report))
