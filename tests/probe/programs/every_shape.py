"""Serve requests in every way that one server class knows, the same way each time it is run.

    every_shape.py socketserver|tracer.socketserver CLASS [PROFILE]

With PROFILE, the calls of the framework's hooks are noted there by sys.setprofile, a line each: context, > or <, Class.hook. It is
what the probe is measured against, so it uses nothing of the probe but the table of hook names.
"""

import importlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

framework = importlib.import_module(sys.argv[1])
CLIENT = """
import contextlib, socket, sys
family, kind, address = int(sys.argv[1]), int(sys.argv[2]), eval(sys.argv[3])
with socket.socket(family, kind) as client, contextlib.suppress(OSError):
    client.settimeout(20)
    if kind == socket.SOCK_DGRAM:
        client.bind(sys.argv[4] if family == socket.AF_UNIX else ("127.0.0.1", 0))
    client.connect(address)
    client.send(b"request\\n")
    if kind == socket.SOCK_STREAM:
        while client.recv(100):
            pass
    else:
        sys.stdin.read()  # its address stays while the server may reply to it
"""


class Good:
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Bad:
    def handle(self):
        raise LookupError("no such thing")


class Quitting:
    def handle(self):
        raise SystemExit(3)


class NoSetup:
    def setup(self):
        super().setup()
        raise LookupError("not ready")


def settled(server):
    """Wait until the children and threads of this turn have ended, so that the next turn finds the same whenever it is run."""
    for pid in getattr(server, "active_children", None) or ():
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            BARE_JOIN(thread)


BARE_JOIN = threading.Thread.join


def make(base):
    class OneTurn(base):
        def service_actions(self):
            settled(self)
            super().service_actions()
            self._BaseServer__shutdown_request = True

        def handle_error(self, request, client_address):
            pass

    class Refusing(OneTurn):
        def verify_request(self, request, client_address):
            return not super().verify_request(request, client_address)

    kind = framework.StreamRequestHandler if base.socket_type == socket.SOCK_STREAM else framework.DatagramRequestHandler
    handlers = [type(mix.__name__, (mix, kind), {}) for mix in (Good, Bad, NoSetup)]
    if "Threading" in base.__name__ or "Forking" in base.__name__:
        handlers.append(type("Quitting", (Quitting, kind), {}))
    for handler in handlers:
        yield OneTurn, handler
    yield Refusing, handlers[0]


def serve(cls, handler, how, folder):
    address = os.path.join(folder, "server") if cls.address_family == socket.AF_UNIX else ("127.0.0.1", 0)
    with cls(address, handler) as server:
        own = os.path.join(folder, "client")
        target = repr(server.server_address)
        words = [sys.executable, "-S", "-c", CLIENT, str(int(cls.address_family)), str(int(cls.socket_type)), target, own]
        client = subprocess.Popen(words, stdin=subprocess.PIPE)
        if how == "serve_forever":
            server.serve_forever(20)
        else:
            server.handle_request()
            settled(server)
            server.timeout = 0
            server.handle_request()
        client.communicate()


def profile_into(path, classes):
    from tracer.probe.hooks import HOOKS, METHODS

    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    names = {}
    for cls in classes:
        for owner in cls.__mro__[:-1]:
            for name, function in vars(owner).items():
                own = name != "__init__" or owner.__module__ == framework.__name__
                wanted = METHODS.get(name) if own else None
                is_handler = issubclass(cls, framework.BaseRequestHandler)
                if wanted and (wanted.on == "handler") == is_handler and hasattr(function, "__code__"):
                    names[function.__code__] = f"{owner.__name__}.{name}"
    import selectors

    names[selectors.PollSelector.select.__code__] = "PollSelector.select"
    for method in ("start", "run", "join"):
        names[getattr(threading.Thread, method).__code__] = f"Thread.{'Thread.' + method}"
    system = {getattr(os, name): f"os.{name}" for name in ("fork", "waitpid", "_exit")}
    assert {name.partition(".")[2] for name in system.values()} <= set(HOOKS)
    forked_from = 0

    def profile(frame, event, argument):
        nonlocal forked_from
        if event in ("call", "return"):
            name = names.get(frame.f_code)
        else:
            name = system.get(argument) if getattr(argument, "__module__", "") == "posix" else None
        if not name:
            return
        if name in AMBIGUOUS:
            # Only what the framework calls: subprocess and this program use the same functions for themselves.
            caller = frame if event.startswith("c_") else frame.f_back
            if caller is None or caller.f_globals.get("__name__") not in (framework.__name__, *AMBIGUOUS[name]):
                return
        if name == "os.fork":
            if event == "c_call":
                forked_from = os.getpid()
            elif os.getpid() != forked_from:
                return  # the child's copy of the call: it was entered in another process
        mark = ">" if event in ("call", "c_call") else "<"
        os.write(file, f"{os.getpid()} {threading.get_native_id()}\t{mark} {name}\n".encode())

    threading.setprofile(profile)
    sys.setprofile(profile)


#: Calls that others make too -> who else may make them for the framework.
AMBIGUOUS = {
    "PollSelector.select": (),
    "Thread.Thread.start": (),
    "Thread.Thread.run": ("threading",),
    "Thread.Thread.join": (),
    "os.fork": (),
    "os.waitpid": (),
    "os._exit": (),
}


def main():
    name = sys.argv[2]
    plain = next(one for one in ("UnixDatagramServer", "UnixStreamServer", "UDPServer", "TCPServer") if name.endswith(one))
    mixed = [getattr(framework, f"{mix}MixIn") for mix in ("Threading", "Forking") if name.startswith(mix)]
    base = getattr(framework, name, None) or type(name, (*mixed, getattr(framework, plain)), {})
    shapes = list(make(base))
    if len(sys.argv) > 3:
        profile_into(sys.argv[3], [cls for shape in shapes for cls in shape])
    for cls, handler in shapes:
        for how in ("serve_forever", "handle_request"):
            with tempfile.TemporaryDirectory() as folder:
                serve(cls, handler, how, folder)
    sys.setprofile(None)
    threading.setprofile(None)


sys.path.append(str(Path(__file__).parents[3]))
threading.excepthook = lambda arguments: None
main()
