"""Note each call of a framework's methods while its servers serve, and print them, as JSON.

    python call_order.py socketserver|tracer.socketserver

prints {"server, case": {"process thread": ["> Class.method", ...]}}: > entered, < left, with the class that supplied the
method. A program of its own: it forks.
"""

import importlib
import json
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
framework = importlib.import_module(sys.argv[1])
PARENT = os.getpid()


class Quiet:
    """Does the work of handle(), or fails at it."""

    fails = False

    def handle(self):
        if self.fails:
            raise LookupError


def methods():
    """The code of every function of every public class, under its full name."""
    for name in framework.__all__:
        for attribute, value in vars(getattr(framework, name)).items():
            if hasattr(value, "__code__"):
                yield value.__code__, f"{name}.{attribute}"


NAMES = dict(methods())


def profile_into(file):
    """A profile function that appends to a file; one write a line, so that processes and threads can share it."""

    def profile(frame, event, argument):
        name = NAMES.get(frame.f_code)
        if name and event in ("call", "return"):
            process = "parent" if os.getpid() == PARENT else "child"
            thread = "main" if threading.current_thread() is threading.main_thread() else "other"
            os.write(file, f"{process} {thread}\t{'>' if event == 'call' else '<'} {name}\n".encode())

    return profile


def request(server):
    """Send a request; return the client."""
    client = socket.socket(server.address_family, server.socket_type)
    client.settimeout(20)
    if server.socket_type == socket.SOCK_DGRAM:
        client.bind("client" if server.address_family == socket.AF_UNIX else ("127.0.0.1", 0))
        client.sendto(b"request", server.server_address)
    else:
        client.connect(server.server_address)
    return client


def serve(cls, handler, how):
    """One request, served by handle_request() or by one turn of serve_forever()."""
    address = "server" if cls.address_family == socket.AF_UNIX else ("127.0.0.1", 0)
    with cls(address, handler) as server:
        client = request(server)
        if how == "serve_forever":
            server.serve_forever(20)
        else:
            server.handle_request()
            server.timeout = 0
            server.handle_request()
    client.close()


def cases(base):
    """The server class, as it is and with hooks that refuse, fail or end the loop."""

    class OneTurn(base):
        def service_actions(self):
            super().service_actions()
            self._BaseServer__shutdown_request = True

        def handle_error(self, request, client_address):
            pass

    class Refusing(OneTurn):
        def verify_request(self, request, client_address):
            return not super().verify_request(request, client_address)

    kind = framework.DatagramRequestHandler if issubclass(base, framework.UDPServer) else framework.StreamRequestHandler
    good = type("Good", (Quiet, kind), {})
    bad = type("Bad", (Quiet, kind), {"fails": True})
    for how in ("serve_forever", "handle_request"):
        yield f"served by {how}", OneTurn, good, how
        yield f"failed under {how}", OneTurn, bad, how
        yield f"refused under {how}", Refusing, good, how


def server_classes():
    """All twelve: four plain ones and their mixed forms (on 3.11 the standard module lacks two)."""
    for plain in ("TCPServer", "UDPServer", "UnixStreamServer", "UnixDatagramServer"):
        server = getattr(framework, plain)
        yield plain, server
        for mix_in in ("Threading", "Forking"):
            name = mix_in + plain
            made = type(name, (getattr(framework, f"{mix_in}MixIn"), server), {})
            yield name, getattr(framework, name, made)


def main():
    report = {}
    for name, base in server_classes():
        for title, cls, handler, how in cases(base):
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(buffering=0) as file:
                os.chdir(folder)
                profile = profile_into(file.fileno())
                threading.setprofile(profile)
                sys.setprofile(profile)
                try:
                    serve(cls, handler, how)
                finally:
                    sys.setprofile(None)
                    threading.setprofile(None)
                file.seek(0)
                calls = report.setdefault(f"{name}, {title}", {})
                for line in file.read().decode().splitlines():
                    who, call = line.split("\t")
                    calls.setdefault(who, []).append(call)
                os.chdir("/")
    print(json.dumps(report))


main()
