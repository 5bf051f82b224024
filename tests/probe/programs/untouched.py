"""A program that looks at itself while it serves, in every way that tracing could change. Its output is the same, traced or not.

untouched.py FRAMEWORK

A line `@stream ADDRESS` or `@datagram ADDRESS` asks the test to be a client there; every other line is an observation.
"""

# ruff: noqa: E402
import sys

FIRST = [sorted(sys.modules)]
import importlib
import os
import resource

resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
os.write(1, b"%d\n" % os.getpid())

framework = importlib.import_module(sys.argv[1])
FIRST.append(sorted(sys.modules))

import gc
import inspect
import pickle
import pydoc
import signal
import socket
import tempfile
import threading
import traceback
import warnings
import weakref

MAIN = os.getpid()
held = None


def say(*words):
    """An observation. What a child says comes before what its parent says in the same scene."""
    line = (" ".join(map(str, words)) + "\n").encode()
    if os.getpid() == MAIN and held is not None:
        held.append(line)
    else:
        os.write(1, line)


def settle(server):
    """Wait until the threads and children of this scene have ended."""
    global held
    for pid in getattr(server, "active_children", None) or ():
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
    os.write(1, b"".join(held))
    held = None


def failure(error):
    """An exception as a program can see it: the frames it passed, and the exceptions behind it."""
    while error is not None:
        passed = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        frames = [f"{os.path.basename(code.co_filename)}:{line}:{code.co_name}" for code, line in passed]
        say("  ", repr(error), "cause" if error.__cause__ else "", *frames)
        error = error.__context__


def state():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    say("  ", "threads", threading.active_count(), "descriptors", sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) < limit))


# ---- what a program can see without serving


def world():
    for modules in FIRST:
        say("modules", *modules)
    say("path", sys.path, sys.argv, sys.flags, sys.orig_argv[1:])
    say("hooks", sys.gettrace(), sys.getprofile(), sys.excepthook, threading.excepthook, sys.unraisablehook, sys.path_hooks)
    say("collector", gc.get_threshold(), gc.isenabled(), gc.get_debug(), gc.callbacks)
    say("signals", [signal.getsignal(number) for number in signal.valid_signals()])
    say("limits", [resource.getrlimit(number) for number in range(10)], os.umask(0o22), warnings.filters)
    module = framework
    say("module", module, module.__spec__, type(module.__loader__), module.__spec__.loader is module.__loader__, sorted(vars(module)))
    say("found", *map(importlib.util.find_spec, (module.__name__, "no_such_module", "wsgiref.handlers")))
    try:
        import no_such_module  # noqa: F401
    except ImportError as error:
        failure(error)
    used = vars(sys.modules[framework.ForkingMixIn.__module__])["os"]
    say("used", used, dir(used) == dir(os), used.path is os.path, used.sep)
    for name in ("ThreadingTCPServer", "ForkingUDPServer", "StreamRequestHandler", "DatagramRequestHandler"):
        cls = getattr(framework, name)
        say(pydoc.plain(pydoc.render_doc(cls)))
        for name, item in inspect.getmembers(cls, inspect.isfunction):
            say(name, inspect.signature(item), inspect.getsourcelines(item)[1], item.__annotations__)
            say(item.__qualname__, item.__module__)
            assert pickle.loads(pickle.dumps(item)) is item


# ---- handlers and servers


class Good:
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


class Bad:
    def handle(self):
        try:
            {}["missing"]
        except KeyError:
            raise LookupError("no such thing")  # noqa: B904


class Caused:
    def setup(self):
        super().setup()
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("told why") from error


class Masked(Bad):
    def finish(self):
        super().finish()
        raise ArithmeticError("in finish")


class Quits:
    def handle(self):
        sys.exit(3)


class Warns(Good):
    def handle(self):
        warnings.warn("take care", UserWarning, stacklevel=1)
        super().handle()


class Remembers:
    """A server that lets nobody know more than the probe may: when its request dies."""

    def verify_request(self, request, client_address):
        if isinstance(request, socket.socket):
            request.recv(1, socket.MSG_PEEK)  # else it may be closed before the client has sent anything
            self.watch = weakref.ref(request, lambda _: say("  ", "request gone"))
        return super().verify_request(request, client_address)


class Refuses(Remembers):
    def verify_request(self, request, client_address):
        super().verify_request(request, client_address)
        return False


class Trips(Remembers):
    def verify_request(self, request, client_address):
        super().verify_request(request, client_address)
        raise ZeroDivisionError("in verify_request")


class Explains(Remembers):
    def handle_error(self, request, client_address):
        failure(sys.exception())
        say("  ", sys.exc_info()[0].__name__, threading.active_count())


class MakesClasses(Remembers):
    def finish_request(self, request, client_address):
        made = type("Made", (Good, base_of(self)), {"setup": lambda self: super(made, self).setup()})
        self.made = weakref.ref(made)
        made(request, client_address, self)


class Closes(Remembers):
    def close_request(self, request):
        super().close_request(request)
        raise OSError("in close_request")


SCENES = [
    (Remembers, Good), (Remembers, Bad), (Remembers, Caused), (Remembers, Masked), (Remembers, Quits), (Remembers, Warns),
    (Refuses, Good), (Trips, Good), (Explains, Bad), (Explains, Caused), (Explains, Masked), (MakesClasses, Good), (Closes, Good),
]  # fmt: skip
KINDS = ["TCPServer", "ThreadingTCPServer", "ForkingTCPServer", "UDPServer", "ThreadingUDPServer", "UnixStreamServer"]


def base_of(server):
    return framework.StreamRequestHandler if server.socket_type == socket.SOCK_STREAM else framework.DatagramRequestHandler


def serve(kind, mix, handler, number):
    global held
    base = getattr(framework, kind)
    server_class = type(mix.__name__, (mix, base), {"timeout": 20, "__module__": __name__})
    handler_class = type(handler.__name__, (handler, base_of(base)), {"__module__": __name__})
    inet = base.address_family == socket.AF_INET
    say(kind, mix.__name__, handler.__name__)
    with server_class(("127.0.0.1", 0) if inet else f"{folder}/{number}", handler_class) as server:
        address = "{} {}".format(*server.server_address) if inet else server.server_address
        say("@stream" if base.socket_type == socket.SOCK_STREAM else "@datagram", address)
        say("  ", "listens on", server.fileno())
        held = []
        try:
            server.handle_request()
        except BaseException as error:
            failure(error)
        settle(server)
        say("  ", "turn over")
    state()
    if mix is MakesClasses:
        gc.collect()
        say("  ", "class gone:", not hasattr(server, "made") or server.made() is None)


world()
with tempfile.TemporaryDirectory() as folder:
    for kind in KINDS:
        for number, (mix, handler) in enumerate(SCENES):
            serve(kind, mix, handler, number)
state()
