"""However a run ends: the exit status is the program's, the recording can be read and says how, and nothing of ours is left."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.probe.kit import PROGRAMS, ask, contexts, environment, read, recording, until_asleep
from tracer.kernel.processes import started_with
from tracer.timeline.stats import stats

COMMANDED = PROGRAMS / "commanded.py"
STOPPING = Path(__file__).parent / "programs" / "stopping.py"
SIGNALLED = Path(__file__).parent / "programs" / "signalled.py"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of the run, and the mark of all of its processes; nothing may be left of either."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert set(started_with(f"TMPDIR={folder}", 0)) <= {os.getpid()}


def shown(output, errors, status):
    """What a program shows, without the tracer's own last words."""
    return output, re.sub(r"^tracer: .*\n", "", errors, flags=re.MULTILINE), status


def last_context(timeline):
    """How the recording says that the program's first context ended."""
    first = contexts(timeline)[0]
    return first["end"], first["status"], first["signal"]


@pytest.mark.parametrize(
    ("way", "end"),
    [
        ("import", ("exited", 1, None)),
        ("thread", ("exited", 0, None)),
        ("_exit", ("exited", 5, None)),
        ("exit", ("exited", 1, None)),
        ("raise", ("exited", 1, None)),
        ("interrupt", ("killed", None, 2)),
        ("SIGABRT", ("killed", None, 6)),
        ("SIGKILL", ("killed", None, 9)),
        ("SIGSEGV", ("killed", None, 11)),
    ],
)
def test_a_program_that_ends_by_itself(way, end, record, temporary):
    """Output and errors are those of the untraced run, to the byte; a signal n is the status 128 + n; the recording tells it."""
    plain = subprocess.run([sys.executable, STOPPING, way], capture_output=True, text=True, check=False, env=environment())
    recorded = record(STOPPING, way)
    status = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
    assert shown(recorded.output, recorded.errors, recorded.status) == shown(plain.stdout, plain.stderr, status)
    assert status == (end[1] if end[2] is None else 128 + end[2])
    timeline, damaged = recorded.timeline()
    assert damaged == 0
    assert timeline.ended is not None
    assert last_context(timeline) == end
    assert stats(timeline)["open_spans"] == 0


def test_a_program_that_crashes_before_there_is_anything_to_see(record, temporary):
    """Its traceback is its own, and what is missing is said."""
    plain = subprocess.run([sys.executable, STOPPING, "before"], capture_output=True, text=True, check=False, env=environment())
    recorded = record(STOPPING, "before")
    assert shown(recorded.output, recorded.errors, recorded.status) == shown(plain.stdout, plain.stderr, 1)
    assert plain.stderr.endswith("ImportError: in the first line\n")
    assert "nothing recorded: this program never imported socketserver (one Python process ran)" in recorded.errors


@pytest.mark.parametrize("whom", ["tracer", "program"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program(number, whom, launch, temporary):
    """Sent to the program, or to us: it is the program that gets it, and dies of it as it would have alone."""
    ways = []
    for traced in (False, True):
        running = launch(COMMANDED, "socketserver", "TCPServer", traced=traced)
        with running as server, socket.create_connection(server.address(), timeout=30) as client:
            client.sendall(b"hold\n")
            assert server.line() == f"holding {server.pid}"
            until_asleep(server.pid)
            if whom == "program":
                server.signal(number)
            else:
                server.process.send_signal(number)
            status, output = server.end()
        output, errors, status = shown(output, server.errors, status)
        ways.append((output, errors.splitlines()[-1:], status))  # where it was interrupted differs from run to run
    assert ways[1] == ways[0] == ("", ["KeyboardInterrupt"] if number == signal.SIGINT else [], 128 + number)
    assert server.process.returncode == 128 + number
    timeline = server.timeline()
    assert timeline.ended is not None
    assert last_context(timeline) == ("killed", None, number)
    counts = stats(timeline)
    assert (counts["connections"], counts["open_spans"]) == (1, 0)


def test_what_outlives_the_program_is_named(launch, temporary):
    """Also what is no Python: the last lines name its pid."""
    with launch(STOPPING, "leave") as program:
        assert program.first == "ready"
        left = int(program.line())
        pidfd = os.pidfd_open(left)
        try:
            assert program.end() == (0, "")
        finally:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            assert select.select([pidfd], [], [], 60)[0]
            os.close(pidfd)
    assert f"tracer: still running, and recorded no further: process {left}\n" in program.errors


class Terminal:
    """The near end of a pseudo-terminal, and the process that leads the session at the far end."""

    def __init__(self, near, process):
        self.near = near
        self.process = process
        self._rest = ""

    def type(self, keys):
        os.write(self.near, keys)

    def line(self):
        """The next line that is written there; "" when nobody has it open any more."""
        while "\n" not in self._rest:
            with suppress(OSError):  # EIO: the far end is closed
                if piece := os.read(self.near, 4096).decode():
                    self._rest += piece
                    continue
            return ""
        line, _, self._rest = self._rest.partition("\n")
        return line.rstrip("\r")

    def lines(self):
        """All that is written there until nobody has it open any more."""
        return list(iter(self.line, ""))


@contextmanager
def terminal(command):
    """Run a command that leads a session with a terminal of its own, until its program has printed its pid."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(far), *command],
        start_new_session=True,
        env=environment(NO_COLOR="1"),
    )
    try:
        typed = Terminal(near, process)
        assert typed.line().isdigit()
        os.close(far)  # now that the other end is open there
        yield typed
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with suppress(OSError):
            os.close(near)


def test_a_key_that_interrupts_reaches_the_program_once(tmp_path, temporary):
    """Ctrl-C at a terminal: the program gets what it would have got alone, and we live to end the recording."""
    path = tmp_path / "run.tracer"
    with terminal(recording(path, SIGNALLED)) as typed:
        for _ in range(2):
            typed.type(b"\x03")
            assert typed.line() == "^CSIGINT"
            for _ in range(2):  # whatever came before the first of these is passed on before the second
                typed.process.send_signal(signal.SIGHUP)
                assert typed.line() == "SIGHUP"
        typed.process.send_signal(signal.SIGTERM)
        assert typed.lines() == ["SIGTERM", f"tracer: recorded; to see it: tracer open {path}"]
        assert typed.process.wait(60) == 9
    assert last_context(read(path)) == ("exited", 9, None)


def test_keys_that_end_the_program_do_not_end_us(tmp_path, temporary):
    """A Ctrl-C that nobody handles: KeyboardInterrupt in the program, and status 130."""
    path = tmp_path / "run.tracer"
    with terminal(recording(path, COMMANDED, "socketserver", "ThreadingTCPServer")) as typed:
        host, port = typed.line().split()
        assert ask((host, int(port))).endswith("hello")
        typed.type(b"\x03")
        *_, last, said = typed.lines()
        assert (last, said) == ("KeyboardInterrupt", f"tracer: recorded; to see it: tracer open {path}")
        assert typed.process.wait(60) == 130
    assert last_context(read(path)) == ("killed", None, signal.SIGINT)


def test_a_terminal_that_hangs_up(tmp_path, temporary):
    """The program is told as it would have been without us; that our last words go nowhere changes nothing."""
    path = tmp_path / "run.tracer"
    with terminal(recording(path, COMMANDED, "socketserver", "TCPServer")) as typed:
        assert typed.line()
        os.close(typed.near)
        assert typed.process.wait(60) == 128 + signal.SIGHUP
    timeline = read(path)
    assert timeline.ended is not None
    assert last_context(timeline) == ("killed", None, signal.SIGHUP)
