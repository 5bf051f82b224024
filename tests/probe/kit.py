"""What tests of the probe share: programs that run while the test is their client, and recordings as plain text."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tracer.probe.frames import ENTER, HEADER, KIND_BITS, KIND_MASK, RAISE, RETURN, TEXT, fact
from tracer.recording.follow import Follower
from tracer.recording.reader import Reader
from tracer.timeline.calls import rows
from tracer.timeline.load import load
from tracer.timeline.stats import stats
from tracer.timeline.timeline import Timeline

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
FRAMEWORKS = ("socketserver", "tracer.socketserver")


class Running:
    """A program that runs while the test is its client. It is killed at the end of the block if it has not ended.

    A program of ours prints its pid and then whatever the test waits for, a line each.
    """

    def __init__(self, command: list[str], path: Path, environment: dict[str, str]) -> None:
        self.path = path
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it is open as long as the block is
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._errors, env=environment, start_new_session=True)
        self.pid = 0
        self._pidfd = -1
        self.first = ""  # line of its output
        self.errors = ""  # what it has written to standard error; known at the end

    def __enter__(self) -> "Running":
        try:
            self.first = self.line()
        except AssertionError:
            self.__exit__()
            raise AssertionError(f"the program has not begun: {self.errors}") from None
        if self.first.isdigit():
            self.pid = int(self.first)
            with suppress(ProcessLookupError):  # it may have ended: a daemon's first process does
                self._pidfd = os.pidfd_open(self.pid)  # its pid may be another process's when the block ends
        return self

    def __exit__(self, *error: object) -> None:
        if self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
        if self.process.returncode is None:  # nobody has waited for it: the group's number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        with self._errors:
            self._errors.seek(0)
            self.errors = self._errors.read().decode()

    def line(self) -> str:
        """The next line that the program prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line, "the program has closed its output"
        return line.rstrip("\n")

    def address(self) -> tuple[str, int]:
        """The next line, the address of a server."""
        host, port = self.line().split()
        return host, int(port)

    def signal(self, number: int) -> None:
        """Send a signal to the program itself."""
        os.kill(self.pid, number)

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit status as a shell has it (128 + n for signal n), and what the program has printed since."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdin = None
        output = self.process.stdout.read()  # communicate() would leave out what came together with an earlier line
        self.process.wait(60)
        return self.status, output.decode()

    @property
    def status(self) -> int:
        """How it has ended, as a shell has it."""
        status = self.process.returncode
        return status if status >= 0 else 128 - status

    def timeline(self, damaged: int = 0) -> Timeline:
        """The recording as far as it is written, with as much damage as expected."""
        return read(self.path, damaged)


def read(path: Path, damaged: int = 0) -> Timeline:
    """The recording at `path`, which has as many damaged regions as expected."""
    timeline, found = load(path)
    assert found == damaged
    return timeline


def until(path: Path, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a fact that is wanted stands in the recording at `path`."""
    with Follower(path) as follower:
        while True:
            for _, content in follower.read():
                if isinstance(content, dict) and wanted(content):
                    return content
            if follower.at_end:
                time.sleep(0.01)  # a file tells nobody that it has grown


def until_asleep(pid: int) -> None:
    """Wait until the process, of one thread, sleeps in a call: what it does next no longer depends on when it is looked at."""
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.001)


def environment(**more: str) -> dict[str, str]:
    """An environment in which programs find `tracer`, and nothing else of this test run's."""
    others = ("PYTHON", "PYTEST", "TRACER", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT)} | more


def recording(path: Path, *words: str | Path) -> list[str]:
    """The command that records a program at `path`."""
    return [sys.executable, "-m", "tracer", "record", "-o", str(path), *map(str, words)]


def ask(address: tuple[str, int], line: str = "hello") -> str:
    """Be a client: send a line, read the reply to its end."""
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(f"{line}\n".encode())
        return rest(client)


def rest(client: socket.socket) -> str:
    """What the server still sends, until it ends the connection."""
    pieces = []
    while piece := client.recv(4096):
        pieces.append(piece)
    return b"".join(pieces).decode()


def tree(timeline: Timeline, leave_out: Iterable[str] = ("select", "service_actions", "fileno", "waitpid", "collect_children")) -> str:
    """The call tree, a line a call: `hook Owner payload`, `!` for a raise, `*` for a call that never ended. Without the idle loop."""
    lines: list[str] = []
    hidden: list[int] = []  # depths of rows that are left out, with what they call
    for row in rows(timeline):
        while hidden and row.depth <= hidden[-1]:
            hidden.pop()
        if row.folded or row.hook in leave_out:
            hidden.append(row.depth)
        if not hidden:
            mark = {"returned": "", "raised": " !"}.get(row.outcome, f" *{row.outcome}")
            connection = f" #{row.connection}" if row.connection else ""
            lines.append(f"{'  ' * row.depth}{row.hook} {row.owner}{connection}{mark}")
    return "\n".join(lines)


def contexts(timeline: Timeline) -> list[dict[str, object]]:
    """The contexts as `show --stats` has them, and none of the recording lost."""
    counts = stats(timeline)
    assert counts["lost"] == 0
    found: list[dict[str, object]] = counts["contexts"]
    return found


class Raw:
    """A recording's frames without any interpretation: what the reader's own indexing could hide is seen here.

    Nothing may be missing in a context, unless `gaps`.
    """

    def __init__(self, path: Path, gaps: bool = False) -> None:
        self.good_bytes = 0
        self.pids: dict[int, int] = {}
        self.facts: list[dict[str, Any]] = []
        self.counts: dict[int, int] = {}  # context -> records
        #: context -> (kind, hook) of its events
        self.records: dict[int, list[tuple[str, str]]] = {}
        codes: dict[int, str] = {}
        reader = Reader()
        frames = reader.feed(path.read_bytes())
        reader.finish()
        self.damaged, self.damaged_bytes = reader.damaged, reader.damaged_bytes
        counted: dict[int, int] = {}
        for context, content in frames:
            if isinstance(content, dict):
                self.good_bytes += len(fact(context, **content))
                self.facts.append(content)
                if content["type"] == "code":
                    codes[content["id"]] = content["hook"]
                if content["type"] == "context":
                    self.pids[content["id"]] = content["pid"]
                continue
            self.good_bytes += HEADER.size + len(content)
            first, *numbers = array("q", content)
            assert gaps or first == counted.get(context, 0), "a frame is missing, or was written twice"
            self.counts[context] = self.counts.get(context, 0) + len(numbers) // 2
            counted[context] = first + len(numbers) // 2
            done = self.records.setdefault(context, [])
            done += [(kind, codes.get(code, "?")) for kind, code in events(numbers)]


def events(numbers: Sequence[int]) -> list[tuple[str, int]]:
    """The events among records: their kinds and codes."""
    found = []
    place = 0
    while place < len(numbers):
        code, kind = numbers[place] >> KIND_BITS, numbers[place] & KIND_MASK
        if kind in _EVENTS:
            found.append((_EVENTS[kind], code))
        place += 2 + (-(-numbers[place + 1] // 16) * 2 if kind == TEXT else 0)
    return found


_EVENTS = {ENTER: "enter", RETURN: "return", RAISE: "raise"}
