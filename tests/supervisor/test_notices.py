"""What `tracer record` says on its program's terminal while contexts are held, where nobody may see it on a screen."""

import os
import signal
import socket
import subprocess
from contextlib import contextmanager

from tests.probe.kit import PROGRAMS, environment, recording, rest, until
from tracer.supervisor.remote import reach

COMMANDED = PROGRAMS / "commanded.py"


class Server:
    """A threading server that runs under `tracer record --hold 'before handle'`."""

    def __init__(self, process, path):
        self.process = process
        self.path = path
        self.held = 0
        self.pid = int(process.stdout.readline())
        host, port = process.stdout.readline().split()
        self.address = host, int(port)

    @contextmanager
    def holding(self):
        """Somebody has asked and waits for the reply: the thread that serves them is held, after those that were before."""
        self.held += 1
        with socket.create_connection(self.address, timeout=30) as client:
            client.sendall(b"hello\n")
            held = set()

            def seen(fact):
                if fact["type"] == "held":
                    held.add(fact["context"])
                return len(held) == self.held

            until(self.path, seen)
            yield client

    def releases(self):
        """Somebody comes and lets everybody run on."""
        with reach(self.path) as supervisor:
            supervisor.do("release_all")
            until(self.path, lambda fact: fact["type"] == "released")


@contextmanager
def recorded(tmp_path, errors=subprocess.PIPE):
    """It is killed at the end, with the program, if it has not ended."""
    path = tmp_path / "run.tracer"
    command = recording(path, "--hold", "before handle", COMMANDED, "socketserver", "ThreadingTCPServer")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment(), start_new_session=True
    ) as process:  # fmt: skip
        try:
            yield Server(process, path)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_that_a_context_is_held_is_said_once(tmp_path):
    """With the cure, and of the first: whoever comes to release it sees the others there."""
    with recorded(tmp_path) as server:
        with server.holding() as first, server.holding() as second:
            server.releases()
            assert [rest(first), rest(second)] == [f"{server.pid} hello"] * 2
        os.kill(server.pid, signal.SIGALRM)
        assert server.process.wait(60) == 0
        said = server.process.stderr.read().splitlines()
    assert said == [
        f"tracer: T1 is held before handle; to release it: tracer open {server.path} --follow",
        f"tracer: recorded; to see it: tracer open {server.path}",
    ]


def test_what_the_program_waits_for_is_said(tmp_path):
    """It was interrupted, and cannot end while two of its threads are held; released, it ends as it would have alone."""
    with recorded(tmp_path) as server, server.holding(), server.holding():
        assert server.process.stderr.readline().startswith("tracer: T1 is held before handle; ")
        server.process.send_signal(signal.SIGINT)
        said = server.process.stderr.readline()
        assert said == f"tracer: the program waits for 2 held contexts; tracer open {server.path} --follow releases them\n"
        server.releases()
        assert server.process.wait(60) == 128 + signal.SIGINT
        *_, last, recorded_ = server.process.stderr.read().splitlines()
    assert (last, recorded_) == ("KeyboardInterrupt", f"tracer: recorded; to see it: tracer open {server.path}")


def test_a_terminal_that_stands_still_is_not_waited_for(tmp_path):
    """Where nobody reads what is said, nothing is said; everything else goes on."""
    heard, said = os.pipe()
    os.set_blocking(said, False)
    full = os.write(said, bytes(1 << 20))
    os.set_blocking(said, True)
    with recorded(tmp_path, said) as server:
        os.close(said)
        with server.holding() as client:
            told = []
            until(server.path, lambda fact: told.append(fact["type"]) or (fact["type"] == "sample" and "held" in told))
            # It would have been said before that sample was taken.
            server.releases()
            assert rest(client) == f"{server.pid} hello"
        os.kill(server.pid, signal.SIGALRM)
        with os.fdopen(heard, "rb") as errors:
            assert errors.read()[full:].decode() == f"tracer: recorded; to see it: tracer open {server.path}\n"
        assert server.process.wait(60) == 0
