"""Hooks in every form that Python allows: one span a level, with the class that supplied it, and the request is served."""

import http.client
import re
import signal
import socket

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask, rest, tree
from tracer.timeline.at import connection
from tracer.timeline.events import events
from tracer.timeline.stats import stats

TURN = """_handle_request_noblock BaseServer
    get_request TCPServer
    verify_request BaseServer
    process_request BaseServer
      finish_request BaseServer
        setup StreamRequestHandler
        handle Handler
        finish StreamRequestHandler
      shutdown_request TCPServer
        close_request TCPServer"""
#: shape -> the lines of a turn that are others than above.
SHAPES = {
    "chain": {
        "    verify_request BaseServer": """
    verify_request Lower
      verify_request Upper
        verify_request BaseServer""",
        "        setup StreamRequestHandler": """
        setup Polite
          setup StreamRequestHandler""",
        "        handle Handler": """
        handle Polite
          handle Handler""",
    },
    "decorated": {
        "    verify_request BaseServer": "\n    verify_request Decorated",
        "        handle Handler": """
        handle Careful
          handle Handler""",
    },
    "static": {
        "    verify_request BaseServer": "\n    verify_request Static",
        "finish_request BaseServer": "finish_request Static",
        "        close_request TCPServer": "\n        close_request Static",
    },
    "alias": {
        "    verify_request BaseServer": "\n    verify_request Aliased",
        "        handle Handler": "\n        handle Renamed",
        "        finish StreamRequestHandler": "\n        finish Renamed",
    },
    "mixed": {
        "    verify_request BaseServer": "\n    verify_request Checks",
        "        handle Handler": "\n        handle Reads",
    },
    "frozen": {
        "    verify_request BaseServer": "\n    verify_request FrozenServer",
        "        handle Handler": "\n        handle FrozenHandler",
    },
    "partial": {
        "        handle Handler": """
        handle Told
          handle Handler""",
    },
    "factory": {
        "        handle Handler": """
        handle Local
          handle Handler""",
    },
    "late": {
        "    verify_request BaseServer": "\n    verify_request Late",
        "        handle Handler": "\n        handle LateHandler",
    },
    "keywords": {"process_request BaseServer": "process_request Keywords"},
    "parameters": {
        "    verify_request BaseServer": "\n    verify_request Parameters",
        "      finish_request BaseServer": """
      finish_request Parameters
        finish_request BaseServer""",
        "        setup StreamRequestHandler": "\n          setup StreamRequestHandler",
        "        handle Handler": """
          handle Extra
            handle Handler""",
        "        finish StreamRequestHandler": "\n          finish StreamRequestHandler",
    },
    "objects": {
        "    verify_request BaseServer": "\n    verify_request Objects",
        "shutdown_request TCPServer": "shutdown_request Objects",
    },
    "cached": {
        "    verify_request BaseServer": "\n    verify_request Cached",
        "        handle Handler": "\n        handle Remembers",  # it remembers a function that had no probe yet
        "        finish StreamRequestHandler": """
        finish Remembers
          finish StreamRequestHandler""",
        "        close_request TCPServer": "\n        close_request Cached",
    },
    "own": {
        "    verify_request BaseServer": "\n    verify_request TCPServer object",
        "        setup StreamRequestHandler": """
        setup Sets
          setup StreamRequestHandler""",
        "        handle Handler": """
        handle Sets object
          handle Handler""",
        "        finish StreamRequestHandler": """
        finish Sets object
          finish StreamRequestHandler""",
        "shutdown_request TCPServer": "shutdown_request BaseServer",
        "        close_request TCPServer": "\n        close_request TCPServer object",
    },
    "replaced": {
        "    verify_request BaseServer": "\n    verify_request Mixed",
        "      shutdown_request TCPServer": """
      shutdown_request Mix
        shutdown_request TCPServer""",
        "        close_request TCPServer": "\n          close_request TCPServer",
        "        handle Handler": """
        handle Derived
          handle Handler""",
    },
}


def turn(shape):
    text = TURN
    for line, instead in SHAPES[shape].items():
        assert line in text
        text = text.replace("\n" + line if instead.startswith("\n") else line, instead)
    return text


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_hook_is_seen_in_any_form(shape, framework, launch):
    """The call tree of one request, and its reply."""
    with launch(PROGRAMS / "shapes.py", framework, shape) as server:
        assert ask(server.address()) == "hello\n"
        assert server.end() == (0, "")
    found = tree(server.timeline()).replace(" #1", "")
    assert re.search(r"_handle_request_noblock.*(?=\nserver_close)", found, re.DOTALL)[0] == turn(shape)
    assert server.errors.count("\n") == 1  # the tracer's own


@pytest.mark.parametrize("order", [FRAMEWORKS, FRAMEWORKS[::-1]])
def test_a_handler_of_the_other_framework_is_seen(order, launch):
    """As is one of http.server's, served by a server of ours: its hooks are wrapped whichever framework was imported last."""
    with launch(PROGRAMS / "both.py", *order) as server:
        assert [ask(server.address()) for _ in range(2)] == ["hello\n"] * 2
        assert server.end() == (0, "")
    found = [line.split()[:2] for line in tree(server.timeline()).splitlines()]
    hooks = [one for one in found if one[0] in ("setup", "handle", "finish")]
    handled = [["setup", "StreamRequestHandler"], ["handle", "Mine"], ["finish", "StreamRequestHandler"]]
    assert hooks == [*handled, handled[0], ["handle", "Other"], handled[2]]


#: A server that serves within a hook of another one waits there for its own request: these are about that.
ABOUT_A_REQUEST = {
    "verify_request", "process_request", "finish_request", "setup", "handle", "finish", "shutdown_request", "close_request",
}  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_two_servers_are_told_apart(framework, launch):
    """Of two servers of one class in one thread, each span names its own, also where one serves within a hook of the other."""
    with launch(PROGRAMS / "shapes.py", framework, "two") as server:
        one, other = server.address(), server.address()
        addresses = {}  # client's port -> server's
        for outer, inner in [(one, other), (one, other)]:
            with socket.create_connection(outer, timeout=30) as client:
                client.sendall(b"outer\n")
                with socket.create_connection(inner, timeout=30) as nested:
                    nested.sendall(b"inner\n")
                    assert rest(nested) == "inner\n"
                    addresses[nested.getsockname()[1]] = inner
                assert rest(client) == "outer\n"
                addresses[client.getsockname()[1]] = outer
        with socket.create_connection(other, timeout=30) as client:
            client.sendall(b"last\n")
            assert rest(client) == "last\n"
            addresses[client.getsockname()[1]] = other
        assert server.end() == (0, "")
    timeline = server.timeline()
    names = {one["id"]: one["address"] for one in stats(timeline)["servers"]}
    assert sorted(names.values()) == sorted(f"{host}:{port}" for host, port in (one, other))
    seen = set()
    for event in events(timeline):
        if event.connection is not None and event.hook in ABOUT_A_REQUEST:
            peer = int(connection(timeline, event.connection).peer.rpartition(":")[2])
            seen.add((peer, names[event.server]))
    assert seen == {(peer, "{}:{}".format(*address)) for peer, address in addresses.items()}


ODD = """
import functools, os, signal, socket, socketserver, sys, threading

class Args(Exception):
    args = None

class Odd(socketserver.StreamRequestHandler):
    def handle(self):
        raise Args
Odd.__module__ = None

class Server(socketserver.ThreadingTCPServer):
    def handle_error(self, request, client_address):
        print("handle_error", sys.exc_info()[0].__name__, flush=True)

threading.Thread = functools.partial(threading.Thread)
server = Server(("127.0.0.1", 0), Odd)
client = socket.create_connection(server.server_address)
server.handle_request()
print("reply", client.recv(10))
os.close(server.fileno())
loop = threading.Thread(target=server.serve_forever, daemon=True)
print("known", server.shutdown.__name__)
namespace = {}
code = "import socketserver\\nclass Made(socketserver.BaseRequestHandler): pass"
exec(compile(code, "made", "exec"), namespace)
folder = os.getcwd() + "/gone"
os.mkdir(folder); os.chdir(folder); os.rmdir(folder)
print("built", socketserver.TCPServer(("127.0.0.1", 0), namespace["Made"]).server_address[0], flush=True)
os._exit(0)
"""


def test_what_is_odd_stays_as_it_was(launch, tmp_path):
    """Exceptions, threads, descriptors, modules and folders of strange kinds: the same output with and without us, and no failure."""
    (tmp_path / "odd.py").write_text(ODD)
    runs = []
    for traced in (False, True):
        with launch(tmp_path / "odd.py", traced=traced) as program:
            runs.append([program.first, *program.end()])
    assert runs[0] == runs[1]
    assert runs[0][0] == "handle_error Args"
    assert "built 127.0.0.1" in runs[0][2]


SLOW = """
import os, socket, socketserver, sys

class Slow(socketserver.StreamRequestHandler):
    def __init__(self, *args):
        print("constructing", flush=True)
        sys.stdin.readline()
        super().__init__(*args)

with socketserver.TCPServer(("127.0.0.1", 0), Slow) as server:
    with socket.create_connection(server.server_address):
        server.handle_request()
"""


def test_a_constructor_of_the_programs_is_its_code(launch, tmp_path):
    """While a handler's own constructor runs, everything before it is in the file: the server is in finish_request, not in select."""
    (tmp_path / "slow.py").write_text(SLOW)
    with launch(tmp_path / "slow.py") as program:
        assert program.first == "constructing"
        assert tree(program.timeline()).splitlines()[-1] == "      finish_request BaseServer #1 *open"


#: The second of two connections; what the first has set is marked.
CHANGED = """  _handle_request_noblock BaseServer #2
    get_request TCPServer #2
    verify_request Server object #2
    process_request BaseServer #2
      finish_request BaseServer #2
        setup Page #2
          setup StreamRequestHandler #2
        handle BaseHTTPRequestHandler #2
          handle_one_request BaseHTTPRequestHandler #2
            parse_request BaseHTTPRequestHandler #2
            do_PUT Page #2
              do_GET Page #2
                log_request BaseHTTPRequestHandler #2
        finish StreamRequestHandler #2
      shutdown_request TCPServer #2
        close_request Server #2
          close_request TCPServer #2"""


def test_what_is_set_between_two_connections(launch):
    """On the server itself, on its class, on the handler's class, and a method that it did not have before."""
    with launch(PROGRAMS / "late.py") as server:
        host, port = server.address()
        for method, path in (("GET", "/change"), ("PUT", "/changed")):
            client = http.client.HTTPConnection(host, port, timeout=30)
            client.request(method, path)
            assert client.getresponse().status == 200
            client.close()
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    first, _, second = tree(server.timeline()).partition("  _handle_request_noblock BaseServer #2\n")
    assert " object" not in first
    assert "  _handle_request_noblock BaseServer #2\n" + second.partition("\nserver_close")[0] == CHANGED
