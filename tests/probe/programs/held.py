"""A server that is held, and does what makes that hard: held.py WAY [CLASS].

It prints its pid and its address, and serves until its input ends. For each line of that it does more of its way, in a thread beside,
and prints what came of it.
"""

import multiprocessing
import os
import resource
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import traceback

NOBODY = 65534
MANY = 300
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


class Handler(socketserver.StreamRequestHandler):
    first = staticmethod(lambda: None)

    def setup(self):
        super().setup()
        own.add(self.request.fileno())
        self.first()

    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


class Server(getattr(socketserver, sys.argv[2] if len(sys.argv) > 2 else "TCPServer")):
    pass


def close_all():
    """Every descriptor but its own; there is room for more then."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    for number in sorted(own):
        os.closerange(max({3, *(one + 1 for one in own if one < number)}), number)
    os.closerange(max(own) + 1, 4096)


# ---- the ways: what is done before the first request, and for each line behind a yield, which has what is printed


def nothing():
    yield


def time_out():
    """Whatever waits for anything, waits for a hundredth of a second."""
    socket.setdefaulttimeout(0.01)
    while True:
        yield
        near, far = socket.socketpair()
        with near, far:
            try:
                near.recv(1)
            except TimeoutError as error:
                yield error


def replace():
    """The gate calls nothing that a program has put into modules; the program itself does."""
    called = set()

    def replaced(module, name):
        real = getattr(module, name)

        def replacement(*arguments, **named):
            called.add(sys._getframe(1).f_globals["__name__"])
            return real(*arguments, **named)

        setattr(module, name, replacement)

    yield
    yield "not yet"
    for module, name in ((socket, "socket"), (os, "fstat"), (os, "close"), (os, "dup"), (os, "open")):
        replaced(module, name)
    while True:
        yield
        socket.create_server(("127.0.0.1", 0)).close()
        yield called & {"socket", "_tracer_probe.gate", "_tracer_probe.process"}


def close():
    while True:
        yield
        close_all()
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        yield "closed"


def take():
    """Close all, and take every number up to 300 for a file, or a socket, in turn."""
    yield
    close_all()
    near, far = socket.socketpair()
    near.setblocking(False)
    file = os.open("mine", os.O_CREAT | os.O_RDWR | os.O_APPEND)
    own.update((near.fileno(), far.fileno(), file))
    for number in range(max(own) + 1, MANY):
        os.dup2((file, far.fileno())[number % 2], number)
    yield "taken"
    yield
    try:
        yield near.recv(100)
    except BlockingIOError:
        yield os.fstat(file).st_size


def fork():
    """Children that have nothing to do with serving, and stay. Before that all is closed, while somebody is held."""
    yield
    close_all()
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    yield "closed"
    yield
    forked = os.fork()
    if not forked:
        signal.pause()
    executed = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    process = multiprocessing.get_context("fork").Process(target=signal.pause)
    process.start()
    yield f"{len({forked, executed.pid, process.pid})} children"


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def late():
    """Children take their time to come to their first hook."""
    told, tell = os.pipe()
    own.update((told, tell))
    os.register_at_fork(after_in_child=lambda: os.read(told, 1))
    while True:
        yield
        yield os.write(tell, b".")


def drop_privileges():
    become_nobody()
    yield
    yield os.getresuid()


def drop_in_children():
    """Those who serve do so as another user."""
    Handler.first = staticmethod(become_nobody)
    yield


def forbid():
    """Nobody connects to anything, or sets limits."""

    def audit(event, arguments):
        if event in events:
            raise RuntimeError(event)

    events = ["socket.connect"]
    sys.addaudithook(audit)
    yield
    yield events.append("resource.setrlimit") or events


def few_descriptors():
    """All but one are taken: there is one for a connection, and none for us."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    taken = [os.dup(0)]
    while taken[-1] < 15:
        taken.append(os.dup(0))
    os.close(taken.pop())
    yield
    yield max(taken)


def limit():
    """What its limit is in the end. Threads take turns all the time."""
    sys.setswitchinterval(1e-6)
    yield
    yield resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def broken_pipe():
    """Whoever writes to what nobody reads is killed."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    yield
    yield signal.getsignal(signal.SIGPIPE).name


def leave():
    """Threads are left to the end of the interpreter, which waits for some and not for others."""
    server.block_on_close = False
    yield
    server.daemon_threads = True
    yield "daemons"


def deep():
    """A hook is called with less and less room for more calls."""

    def down(frames):
        if frames:
            return down(frames - 1)
        try:
            return server.verify_request(None, None)
        except RecursionError as error:
            return len(traceback.extract_tb(error.__traceback__))

    yield
    found = []
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    for frames in range(100, 200):
        try:
            found.append(down(frames))
        except RecursionError:
            found.append(False)
    sys.setrecursionlimit(limit)
    yield found


def say(*words):
    print(*words, flush=True)


def beside():
    for _ in sys.stdin:
        say(next(way))
        next(way, None)
    server.shutdown()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    say(os.getpid())
    own = set()
    with Server(("127.0.0.1", 0), Handler) as server:
        own.add(server.fileno())
        way = globals()[sys.argv[1]]()
        next(way)
        say(*server.server_address)
        threading.Thread(target=beside).start()
        server.serve_forever(0.02)
    say("closed")
