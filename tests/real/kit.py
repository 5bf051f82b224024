"""What tests of real programs share: a program as a user starts it, real clients, and what a recording must say of both."""

import fcntl
import http.client
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from tests.probe.kit import ROOT, contexts, rest, tree, until
from tracer.timeline.at import connection_at
from tracer.timeline.calls import rows
from tracer.timeline.load import load
from tracer.timeline.row import Row
from tracer.timeline.timeline import Timeline

PROGRAMS = Path(__file__).parent / "programs"
CURL = which("curl")
TERMINAL = "wait_woken|tty"  # where one sleeps that reads from a terminal
SECONDS = 30  # that anything may take


# ---- programs


class Program:
    """A program that has a terminal to itself, as a user's has, while the test is its client; killed at the end of the block.

    It is recorded at `path`, or, with None, plain. What it prints goes through pipes, so that its output and errors stay apart.
    """

    def __init__(self, command: Sequence[str | Path], folder: Path, environment: dict[str, str], path: Path | None) -> None:
        self._terminal, its_end = os.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=its_end,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
            bufsize=0,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its signals go to this session
        )
        os.close(its_end)
        self.path = path
        self.output = self.errors = ""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ, "output")  # type: ignore[arg-type]
        self._selector.register(self.process.stderr, selectors.EVENT_READ, "errors")  # type: ignore[arg-type]

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.returncode is None:  # nobody has waited for it: the group's number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)
        self._selector.close()
        os.close(self._terminal)
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.stderr.close()  # type: ignore[union-attr]

    def said(self, pattern: str, times: int = 1) -> str:
        """Wait until it has printed `pattern` so often; the first group of the last match, or all of it."""
        end = time.monotonic() + SECONDS
        while True:
            for text in (self.output, self.errors):
                found = list(re.finditer(pattern, text))
                if len(found) >= times:
                    return found[times - 1][found[0].re.groups and 1]
            assert self._read(end), f"it has ended and not said {pattern!r} {times} times:\n{self.output}\n{self.errors}"

    def type(self, text: str) -> None:
        """Type at its terminal."""
        os.write(self._terminal, text.encode())

    def idle(self, at: str = "poll") -> None:
        """Wait until its main thread sleeps in poll(), as the loop of a server does that waits for a client; or `at` another place.

        A signal that comes right before a call that sleeps does not end that: Python notes it, and looks at the note too early.
        """
        pid = until(self.path, lambda fact: fact["type"] == "started")["pid"] if self.path else self.process.pid
        end = time.monotonic() + SECONDS
        while not re.search(at, Path(f"/proc/{pid}/wchan").read_text()):
            assert time.monotonic() < end, "it never sleeps"
            time.sleep(0.01)  # the system tells nobody that a process sleeps

    def end(self, number: int) -> int:
        """Send it a signal (0: none), SIGINT by a Ctrl-C, and wait until nobody has its output open any more; its exit status as a
        shell tells it."""
        if number == signal.SIGINT:
            self.type("\x03")
        else:
            self.process.send_signal(number)
        end = time.monotonic() + SECONDS
        while self._read(end):
            pass
        status = self.process.wait(SECONDS)
        return status if status >= 0 else 128 - status

    def _read(self, end: float) -> bool:
        """Take in what it prints next; False when nobody has its output open any more."""
        ready = self._selector.select(max(0, end - time.monotonic()))
        assert ready, f"it says nothing more:\n{self.output}\n{self.errors}"
        for key, _ in ready:
            piece = os.read(key.fd, 1 << 16)
            if not piece:
                self._selector.unregister(key.fileobj)
            setattr(self, key.data, getattr(self, key.data) + piece.decode())
        return bool(self._selector.get_map())


def environment(**more: str) -> dict[str, str]:
    """A user's environment, without anything of this test run's."""
    dropped = ("PYTHON", "PYTEST", "TRACER", "FLASK", "WERKZEUG", "DJANGO", "NO_COLOR", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)} | {"PYTHONUNBUFFERED": "1"} | more


#: `python -m tracer`, with nothing of ours in the environment that the traced program inherits, and none of its modules for us.
_TRACER = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tracer.cli import main; sys.exit(main())"


def recording(path: Path, python: Path, words: Sequence[str | Path]) -> list[str | Path]:
    """The command that records a program of another environment at `path`."""
    return [sys.executable, "-P", "-c", _TRACER, "record", "-o", path, "--python", python, *words]


def same(text: str, ports: Iterable[str]) -> str:
    """Text without what differs between any two runs: time, PIN, secret, ports, addresses of objects; and without our own last line."""
    text = re.sub(r"tracer: recorded.*\n\Z", "", text)
    text = re.sub(r"\[\d\d/\w{3}/\d{4}[ :]\d\d:\d\d:\d\d\]", "[TIME]", text)
    text = re.sub(r"^\w+ \d\d, \d{4} - \d\d:\d\d:\d\d$", "TIME", text, flags=re.MULTILINE)
    text = re.sub(r"mtime [\d.]+", "mtime", text)
    text = re.sub(r"PIN: [\d-]+", "PIN", text)
    text = re.sub(r'SECRET = "\w+"', "SECRET", text)
    text = re.sub(r"\b(0x|frame-)[0-9a-f]{8,}", r"\1", text)
    return re.sub(rf"\b({'|'.join(ports)})\b", "PORT", text)


# ---- clients


class Clients:
    """Real clients of a program: what they were told, as text, and from where they asked."""

    def __init__(self, port: str) -> None:
        self.replies: list[str] = []
        self.addresses: list[str] = []
        self.ports: list[str] = []
        self.go_to(port)

    def go_to(self, port: str) -> None:
        """From now on the server is at `port`."""
        self.ports.append(port)
        self.port = int(port)
        self.url = f"http://127.0.0.1:{port}"

    def came_from(self, address: tuple[str, int]) -> None:
        """Remember a client's own address."""
        self.addresses.append("{}:{}".format(*address))

    def by_http_client(self, *requests: str, body: bytes | None = None) -> None:
        """`METHOD PATH` one after the other, on one connection as long as the server keeps it."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        for request in requests:
            if client.sock is None:
                client.connect()
                self.came_from(client.sock.getsockname())
            method, path = request.split()
            client.request(method, path, body=body)
            self._got(client.getresponse())
        client.close()

    def by_urllib(self, *paths: str) -> None:
        """A connection each; what a server says of another place is followed to there."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Noted(self))
        for path in paths:
            with opener.open(self.url + path, timeout=SECONDS) as reply:
                self._got(reply)

    def by_curl(self, *paths: str) -> None:
        """One after the other, on one connection as long as the server keeps it; nothing where there is no curl."""
        if CURL is None:
            return
        command = [CURL, "-q", "-s", "-i", "--noproxy", "*", "-w", "\n%{num_connects} %{local_ip}:%{local_port}\n"]
        urls = [self.url + path for path in paths]
        done = subprocess.run([*command, *urls], capture_output=True, text=True, timeout=SECONDS, check=True)
        written = re.compile(r"\n(\d) (127\.0\.0\.1:\d+)\n")
        self.addresses += [address for made, address in written.findall(done.stdout) if made == "1"]
        self.replies.append(re.sub(r"(?m)^Date: .*\n", "", written.sub("\n", done.stdout)))

    def at_once(self, *paths: str) -> None:
        """A connection each, all there before the first has said all that it has to say."""
        waiting = []
        for path in paths:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
            client.connect()
            self.came_from(client.sock.getsockname())
            client.putrequest("POST", path)
            client.putheader("Content-Length", "6")
            client.endheaders()
            waiting.append(client)
        for client in waiting:
            client.send(b"a body")
            self._got(client.getresponse())
            client.close()

    def by_socket(self, data: bytes) -> None:
        """`data` and nothing more, and what comes until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as client:
            self.came_from(client.getsockname())
            client.sendall(data)
            self.replies.append(rest(client))

    def _got(self, reply: http.client.HTTPResponse) -> None:
        headers = [f"{name}: {value}" for name, value in reply.getheaders() if name != "Date"]
        body = reply.read().decode()
        self.replies.append("\n".join([f"{reply.version} {reply.status} {reply.reason}", *headers, "", body]))


class _Noted(urllib.request.HTTPHandler):
    """urllib's own connections, with the client's address noted."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                clients.came_from(self.sock.getsockname())

        self._connection = Connection

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)


#: Being the client of a program, from its first words to the moment at which it is to be ended.
Visit = Callable[[Program], Clients]


# ---- recordings


@dataclass
class Recorded:
    """A traced run that has shown the same as the plain one."""

    timeline: Timeline
    rows: list[Row]
    addresses: list[str]
    replies: list[str]
    output: str
    errors: str
    status: int

    def processes(self) -> list[tuple[object, int | None]]:
        """How each process came about, and the place of its parent in this list."""
        known = [one for one in contexts(self.timeline) if one["kind"] == "process"]
        places = {one["id"]: place for place, one in enumerate(known)}
        return [(one["cause"], places.get(one["parent"])) for one in known]

    def unfinished(self) -> list[str]:
        """Calls that have no end of their own, without the sleep of a loop and a child's last: `hook Owner outcome`."""
        left = [row for row in self.rows if row.outcome not in ("returned", "raised") and row.hook not in ("select", "_exit")]
        return [f"{row.hook} {row.owner} {row.outcome}" for row in left]

    def requests(self) -> list[str]:
        """The HTTP requests and how they were replied to, in the order of their connections: `GET /x → 200`."""
        return [row.payload for row in self.rows if row.hook in ("handle", "handle_one_request") and " → " in row.payload]

    def connection(self, place: int) -> str:
        """The call tree of the connection from the client's address at `place`: `hook Owner`, indented."""
        number = peers(self.timeline).index(self.addresses[place]) + 1
        lines = [line for line in tree(self.timeline).splitlines() if re.search(rf" #{number}\b", line)]
        margin = len(lines[0]) - len(lines[0].lstrip())
        return "\n".join(line[margin:].replace(f" #{number}", "") for line in lines)


def peers(timeline: Timeline) -> list[str]:
    """The addresses that connections came from, in the order they were taken."""
    items = timeline.settle().connections.items
    return [connection_at(timeline, connection, timeline.newest).peer for connection in items]


def are_complete(timeline: Timeline) -> bool:
    """Whether every connection is recorded from get_request to close_request, and nothing goes on in it."""
    hooks: dict[int, set[str]] = {number: set() for number in range(1, len(peers(timeline)) + 1)}
    for row in rows(timeline):
        if row.connection:
            if row.outcome != ("exited" if row.hook == "_exit" else "returned"):
                return False
            hooks[row.connection].add(row.hook)
    return all({"get_request", "close_request"} <= found for found in hooks.values())


def wait_for(program: Program, clients: Clients) -> None:
    """A reply is complete before its thread or child is. If something is missing for good, the test says what."""
    end = time.monotonic() + SECONDS
    while program.path and time.monotonic() < end:
        timeline, _ = load(program.path)  # the newest frame may be there in part
        if sorted(peers(timeline)) == sorted(clients.addresses) and are_complete(timeline):
            return
        time.sleep(0.01)  # a file tells nobody that it has grown
