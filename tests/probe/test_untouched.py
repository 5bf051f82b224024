"""Watching changes nothing: programs run twice, once as they are and once under `tracer record`, and behave the same."""

import re
import socket

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ROOT, Running, tree

#: Modules that the probe may leave behind: its own, and C modules that no program imports by these names.
LEFT_BEHIND = re.compile(r"_tracer_probe(\..*)?|_blake2|_functools|_json|_struct")


def connect(place: str) -> socket.socket:
    """Become a client of the server at `@stream ADDRESS` or `@datagram ADDRESS`, and send it a line."""
    kind, *words = place.split()
    address = (words[0], int(words[1])) if len(words) == 2 else words[0]
    family = socket.AF_INET if len(words) == 2 else socket.AF_UNIX
    client = socket.socket(family, socket.SOCK_STREAM if kind == "@stream" else socket.SOCK_DGRAM)
    client.connect(address)
    client.send(b"hello\n")
    return client


def reply(client: socket.socket) -> list[bytes | str]:
    """What has come by now, piece by piece: a last b"" is the end of a connection, else it is open still."""
    pieces: list[bytes | str] = []
    client.setblocking(False)
    with client:
        while not pieces or pieces[-1]:
            try:
                pieces.append(client.recv(4096))
            except OSError as error:
                return [*pieces, type(error).__name__]
    return pieces


def observe(running: Running) -> tuple[list[str], str, int]:
    """All that a program shows: its output, with the replies that its clients have got when a scene is over; its errors; its status."""
    lines = []
    client = None
    with running:
        assert running.process.stdout is not None
        for line in map(bytes.decode, running.process.stdout):
            if line.startswith("@"):
                client = connect(line)
                continue
            lines.append(line)
            if line.startswith("   threads") and client:
                lines.append(f"   reply {reply(client)}\n")
                client = None
        running.process.wait(60)
        if client:
            lines.append(f"   reply {reply(client)}")
    return lines, same(running.errors), running.status


def same(text: str) -> str:
    """Text without what differs between any two runs: a peer's port, an object's address; and without the tracer's own last word."""
    text = re.sub(r"tracer: recorded.*\n\Z", "", text)
    return re.sub(r"0x[0-9a-f]{8,}", "0x", re.sub(r"\('127.0.0.1', \d+\)", "('127.0.0.1', PORT)", text))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_program_that_looks_at_itself_sees_no_difference(framework, launch):
    """Modules, signatures, documentation, descriptors, threads, errors with their frames, replies, and when a request dies."""
    program = PROGRAMS / "untouched.py"
    plain, errors, status = observe(launch(program, framework, traced=False))
    traced, traced_errors, traced_status = observe(launch(program, framework))
    modules, traced_modules = ([set(line.split()) for line in lines[:2]] for lines in (plain, traced))
    assert [one - other for one, other in zip(modules, traced_modules, strict=True)] == [set(), set()]
    extra = set.union(*[other - one for one, other in zip(modules, traced_modules, strict=True)])
    assert [name for name in extra if not LEFT_BEHIND.fullmatch(name)] == []
    assert list(map(same, traced[2:])) == list(map(same, plain[2:]))
    assert traced_errors == errors
    assert traced_status == status == 0
    assert sum(line.startswith("   reply") for line in plain) == 78
    assert errors.count("Traceback") > 40


WAYS = {
    "bind fails": 1, "verify raises": 1, "actions exit": 3, "handle quits": 1, "handle exits": 7, "handle is killed": 143,
    "SIGTERM": 143, "SIGKILL": 137, "SIGINT": 130, "SIGABRT": 134, "error raises": 1, "thread raises": 0,
}  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("way", WAYS)
def test_a_program_ends_as_it_would_have_ended(way, framework, launch):
    """Exit status or signal, output, and every traceback to the byte."""
    plain = observe(launch(PROGRAMS / "exits.py", framework, way, traced=False))
    assert plain[2] == WAYS[way]
    assert observe(launch(PROGRAMS / "exits.py", framework, way)) == plain


OWN = ["tracer", "events", "json", "array", "mmap", "hooks", "zlib", "fcntl", "resource", "frames", "writer", "page"]
OWN_MAIN = f"""
import os, sys, socketserver
print(os.getpid())
for name in {OWN}:
    module = __import__(name)
    print(name, getattr(module, "VALUE", None), getattr(module, "__file__", None), sys.modules[name] is module)
print(sys.modules.get("sitecustomize") is not None, [path for path in sys.path if "boot" in path])

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())

with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
    print("@stream", *server.server_address, flush=True)
    server.handle_request()
"""


@pytest.mark.parametrize("late", ["", "raise ValueError('a mistake')", "import socketserver"])
def test_a_program_may_name_its_modules_as_it_likes(late, tmp_path, launch):
    """Modules named like ours, or those that ours need; its own sitecustomize runs once, may fail, may import the framework."""
    folder, log = tmp_path / "program", tmp_path / "sites"
    (folder / "site").mkdir(parents=True)
    for name in OWN:
        (folder / f"{name}.py").write_text(f"VALUE = {name!r}")
    (folder / "site" / "sitecustomize.py").write_text(f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}} ')\n{late}")
    (folder / "main.py").write_text(OWN_MAIN)
    paths = f"{folder / 'site'}:{ROOT}"
    running = launch(folder / "main.py", traced=False, PYTHONPATH=paths)
    output, errors, status = observe(running)
    assert (status, len(output)) == (0, len(OWN) + 2)
    traced = launch(folder / "main.py", PYTHONPATH=paths)
    # The interpreter of `tracer record` itself runs sitecustomize too.
    assert observe(traced) == (output, errors * 2, status)
    assert [log.read_text().split().count(str(pid)) for pid in (running.pid, traced.pid, traced.process.pid)] == [1, 1, 1]
    assert tree(traced.timeline()).count(" #1\n") == 10
