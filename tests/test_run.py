"""`tracer run` at a real terminal: what becomes of the program, its recording and the terminal when the person, or anything, ends."""

import signal

import pytest

from tests.probe.kit import ROOT, until
from tests.terminal import QUIT_AT_ONCE, AtTerminal, has_ended
from tracer.recording.reader import Reader

SERVER = """
import os, signal, socketserver, sys

def interrupted(number, frame):
    os.write(1, b"got SIGINT\\n")

signal.signal(signal.SIGINT, interrupted)
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())

with socketserver.TCPServer(("127.0.0.1", 0), Echo) as server:
    print("it listens", flush=True)
    server.serve_forever()
"""
AT_A_TERMINAL = ROOT / "tests" / "supervisor" / "programs" / "at_a_terminal.py"


class Person(AtTerminal):
    """Somebody at a terminal who has typed `tracer run …`."""

    def __init__(self, folder, *words, output=("-o", "run.tracer")):
        super().__init__(folder, "run", *output, *words)
        self.path = folder / "run.tracer"

    def watches(self, wanted):
        """Wait for the screen with its footer, which is when it takes keys, and then for a fact of the recording."""
        self.sees(b" quit")
        return until(self.path, wanted)

    def watches_a_server(self):
        """Wait for SERVER; the pidfds of the program and of its supervisor."""
        self.sees(b" quit")
        pidfds = self.processes(self.path)
        self.watches(lambda fact: fact["type"] == "output" and "it listens" in fact["text"])
        return pidfds

    def leaves(self):
        """Wait until the command has ended: its status, and the lines that are left on the terminal."""
        status = self.reads_all()
        assert self.has_its_terminal_back
        return status, self.seen.rpartition(b"\x1b[")[2].decode().partition("tracer: ")[2].splitlines()


def facts(path):
    """The facts of a recording that has no damage, and its output."""
    reader = Reader()
    found = [content for _, content in reader.feed(path.read_bytes()) if isinstance(content, dict)]
    reader.finish()
    assert reader.damaged == 0
    return found, "".join(fact["text"] for fact in found if fact["type"] == "output")


@pytest.fixture
def server(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    return tmp_path


def is_over(fact):
    return fact["type"] == "end"


def test_quitting_ends_the_program(server):
    """It asks, then SIGTERM; the terminal is as it was, how it ended is said, nothing is left, and all is well."""
    with Person(server, "server.py") as person:
        pidfds = person.watches_a_server()
        person.types(b"q")
        person.sees(b"End server.py?")
        assert not has_ended(pidfds[0])
        person.types(b"y")
        assert person.leaves() == (
            0,
            ["server.py has ended by SIGTERM, with the screen", "tracer: recorded; to see it: tracer open run.tracer"],
        )
        assert all(map(has_ended, pidfds))
    found, output = facts(person.path)
    assert output == "it listens\r\n"
    assert (found[-1]["type"], found[-1]["alive"]) == ("end", [])
    assert person.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("end", "status", "how"),
    [
        ("sys.exit(3)", 3, "with status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 128 + 9, "by SIGKILL"),
        ("1 / 0", 1, "with status 1"),
        ("", 0, "with status 0"),
    ],
)
def test_a_program_that_ends_by_itself(end, status, how, tmp_path):
    """The screen stays until the person leaves it; then the exit status is the program's."""
    (tmp_path / "server.py").write_text(f"import os, signal, socketserver, sys\nprint('hello')\nsys.stdout.flush()\n{end}")
    with Person(tmp_path, "server.py", "--port", "0") as person:
        person.watches(is_over)
        assert person.process.poll() is None
        person.types(QUIT_AT_ONCE)
        found, said = person.leaves()
    assert (found, said[0]) == (status, f"server.py has ended {how}")
    assert said[1] == "tracer: recorded; to see it: tracer open run.tracer"
    output = facts(person.path)[1]
    assert output.startswith("hello\r\n")
    assert ("ZeroDivisionError" in output) == (end == "1 / 0")


def test_a_program_without_the_framework(tmp_path):
    """There is a screen, with its output; no file is left where nobody named one; a module of its folder is none of ours."""
    (tmp_path / "json.py").write_text("raise SystemExit('not that one')")
    (tmp_path / "plain.py").write_text("print('hello')")
    with Person(tmp_path, "-m", "plain", output=()) as person:
        person.sees(b" quit")
        (person.path,) = (tmp_path / "state" / "tracer" / "recordings").iterdir()
        person.watches(is_over)
        assert facts(person.path)[1] == "hello\r\n"
        assert person.path.parent.stat().st_mode & 0o777 == 0o700
        person.types(QUIT_AT_ONCE)
        status, said = person.leaves()
    assert (status, said[0]) == (0, "plain has ended with status 0")
    assert said[1].startswith("tracer: nothing recorded: this program never imported socketserver")
    assert not person.path.exists()


def test_ctrl_c_is_the_screens(server):
    """The program does not hear of it."""
    with Person(server, "server.py") as person:
        person.watches_a_server()
        person.types(b"\x03" + QUIT_AT_ONCE)
        assert person.leaves()[0] == 0
    assert facts(person.path)[1] == "it listens\r\n"


def test_typing_from_the_screen(tmp_path):
    """A line that is typed there, and the end of input, reach the program."""
    with Person(tmp_path, AT_A_TERMINAL, "echo") as person:
        person.watches(lambda fact: fact["type"] == "output" and "ready" in fact["text"])
        person.types(b"i")
        person.sees(b"to the program:")
        person.types("grüße\r".encode())
        person.watches(lambda fact: fact["type"] == "output" and "got 'grüße'" in fact["text"])
        person.types(b"\x04")
        person.watches(is_over)
        person.types(QUIT_AT_ONCE)
        status, said = person.leaves()
    assert (status, said[0]) == (0, "at_a_terminal.py has ended with status 0")


def test_interrupting_from_the_screen(tmp_path):
    """By its key; what ends the program so is its own end, and its own exit status. Then there is nothing to ask any more."""
    with Person(tmp_path, AT_A_TERMINAL, "waits") as person:
        person.watches(lambda fact: fact["type"] == "output" and "ready" in fact["text"])
        person.types(b"k")
        person.watches(is_over)
        person.sees(b"ended")
        person.types(b"q")
        status, said = person.leaves()
    assert (status, said[0]) == (5, "at_a_terminal.py has ended with status 5")


def test_sigterm_to_the_viewer(server):
    """It gives the terminal back, ends the program, and says the same."""
    with Person(server, "server.py") as person:
        pidfds = person.watches_a_server()
        person.process.terminate()
        status, said = person.leaves()
        assert (status, said[0]) == (128 + signal.SIGTERM, "server.py has ended by SIGTERM, with the screen")
        assert all(map(has_ended, pidfds))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_viewer_that_dies(number, server):
    """The program is ended and its recording with it; the supervisor goes, too."""
    with Person(server, "server.py") as person:
        pidfds = person.watches_a_server()
        person.process.send_signal(number)
        assert person.process.wait(60) == -number
        assert all(has_ended(pidfd, 60) for pidfd in pidfds)
    found, _ = facts(person.path)
    assert [fact["status"] for fact in found if fact["type"] == "exit"] == [signal.SIGTERM]
    assert found[-1]["type"] == "end"


def test_a_supervisor_that_is_killed(server):
    """The program's terminal is closed, which ends it; the person is told when leaving."""
    with Person(server, "server.py") as person:
        program, supervisor = person.watches_a_server()
        signal.pidfd_send_signal(supervisor, signal.SIGKILL)
        assert has_ended(program, 60)
        person.types(QUIT_AT_ONCE)
        assert person.leaves() == (
            1,
            [
                "the supervisor of server.py was killed: what it had not recorded is missing",
                "tracer: recorded as far as it got; to see it: tracer open run.tracer",
            ],
        )


def test_a_program_that_is_held_from_the_start(server):
    """It came to the hook and no further; when it is to end, nothing holds it any more."""
    with Person(server, "--hold", "before serve_forever", "server.py") as person:
        held = person.watches(lambda fact: fact["type"] == "held")
        assert (held["hook"], held["when"], held["hold"]) == ("serve_forever", "before", 1)
        person.types(QUIT_AT_ONCE)
        status, said = person.leaves()
        assert (status, said[0]) == (0, "server.py has ended by SIGTERM, with the screen")
    found, output = facts(person.path)
    assert output == "it listens\r\n"
    assert [fact["by"] for fact in found if fact["type"] == "released"] == ["end"]


def test_a_place_that_takes_no_recording(tmp_path):
    """One line, before there is a screen."""
    (tmp_path / "plain.py").write_text("print('hello')")
    with Person(tmp_path, "plain.py", output=("-o", "plain.py")) as person:
        assert person.reads_all() == 2
    assert person.seen.decode() == f"tracer: {tmp_path}/plain.py exists and is not a recording: choose another name for -o\r\n"
    assert (tmp_path / "plain.py").read_text() == "print('hello')"
