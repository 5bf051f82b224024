"""The terminal of a program under `tracer run`: what the program finds there, what of it is recorded, and what can be typed."""

import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.probe.kit import until
from tracer.recording.follow import Follower
from tracer.recording.reader import Reader
from tracer.supervisor import LIMIT
from tracer.supervisor.apart import Apart
from tracer.supervisor.commands import Lines, line
from tracer.supervisor.start import Program

PROGRAM = Path(__file__).parent / "programs" / "at_a_terminal.py"


class Run:
    """A program at a terminal of its supervisor's."""

    def __init__(self, apart, path):
        self.apart = apart
        self.path = path
        self.pid = until(path, lambda fact: fact["type"] == "started")["pid"]
        self.pidfd = os.pidfd_open(self.pid)

    def facts(self):
        """All that has been recorded but events."""
        reader = Reader()
        facts = [content for _, content in reader.feed(self.path.read_bytes()) if isinstance(content, dict)]
        assert reader.damaged == 0
        return facts

    def output(self):
        """What has been recorded of its output, and how many characters the longest piece has."""
        pieces = [fact["text"] for fact in self.facts() if fact["type"] == "output"]
        return "".join(pieces), max(map(len, pieces), default=0)

    def wait_for(self, words):
        """Wait until it has written that, a text or a pattern; all that it has written so far."""
        so_far = ""
        wanted = words.search if isinstance(words, re.Pattern) else re.compile(re.escape(words)).search

        def seen(fact):
            nonlocal so_far
            so_far += fact["text"] if fact["type"] == "output" else ""
            return wanted(so_far) is not None

        until(self.path, seen)
        return so_far

    def child(self):
        """The pid of the child that it has told of, whatever else is written between."""
        said = re.compile(r"child (\d+)\r\n")
        return int(said.search(self.wait_for(said))[1])

    def wait(self):
        """Wait until the recording is complete."""
        return until(self.path, lambda fact: fact["type"] == "end")


@contextmanager
def at_a_terminal(path, *words, limit=LIMIT):
    """A run of PROGRAM; what the test leaves alive is killed."""
    with Apart(Program([str(PROGRAM), *map(str, words)]), path, limit, (101, 37)) as apart:
        run = Run(apart, path)
        try:
            yield run
        finally:
            if not has_ended(run.pidfd):
                signal.pidfd_send_signal(run.pidfd, signal.SIGKILL)
            os.close(run.pidfd)


def has_ended(pidfd, seconds=0):
    """Whether that process ends within so many seconds."""
    return bool(select.select([pidfd], [], [], seconds)[0])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.tracer"


def test_the_program_has_a_terminal(path):
    """All three streams, a session that it leads, of the size that was asked for; and no descriptor of ours."""
    plain = subprocess.Popen(
        [sys.executable, "-c", "import os, json, fcntl; print(json.dumps(sorted(os.readlink(f'/proc/self/fd/{n}') "
         "for n in os.listdir('/proc/self/fd') if int(n) > 2 and os.path.exists(f'/proc/self/fd/{n}'))))"],
        stdout=subprocess.PIPE, close_fds=False,
    )  # fmt: skip
    given = json.loads(plain.communicate()[0])
    with at_a_terminal(path, "settings") as run:
        run.wait()
        found = json.loads(run.output()[0])
    assert found == {
        "terminals": [True, True, True],
        "leads its session": True,
        "in the foreground": True,
        "controlling": True,
        "size": [101, 37],
        "given": given,
    }
    assert (run.apart.ending.status, run.apart.ending.asked) == (0, False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_output_is_recorded_whole(path):
    """Colours, bytes that are no UTF-8, a character in two pieces, and half of one at the end."""
    with at_a_terminal(path, "characters") as run:
        assert run.wait_for("split ").endswith("split ")
        run.apart.do("type", text="\n")
        run.wait()
    assert run.output()[0] == "\x1b[1;31mred\x1b[0m caf\\xe9 \\xff split €, and half of one: \\xe2\\x82"


def test_much_output_is_recorded_whole(path):
    """In pieces of at most 32 kB."""
    with at_a_terminal(path, "much", 2_000_000) as run:
        run.wait()
    text, longest = run.output()
    assert text == f"{7:098}\r\n" * 20_000
    assert longest <= 32_768


def test_output_takes_a_fourth_of_the_recording_at_most(path):
    """20 MB are written and end well; what is beyond the share is dropped, counted and told, and there is room for everything else."""
    with at_a_terminal(path, "much", 20_000_000, limit=1_000_000) as run:
        assert not run.wait()["limited"]
    assert (run.apart.ending.status, run.apart.ending.limited) == (0, False)
    assert 250_000 < path.stat().st_size < 350_000
    told = [fact for fact in run.facts() if fact["type"] == "output_limit"]
    assert [(fact["kept"], fact["dropped"]) for fact in told] == [(250_000, 0), (250_000, 20_000_000 - len(run.output()[0]))]


def test_a_full_recording_says_when(path):
    """Where there is no room for anything else either; output is the program's to write all the same."""
    with at_a_terminal(path, "much", 2_000_000, limit=100) as run:
        assert run.wait()["limited"]
    assert run.apart.ending.status == 0
    (limit,) = [fact for fact in run.facts() if fact["type"] == "limit"]
    started, end = (next(fact["t"] for fact in run.facts() if fact["type"] == kind) for kind in ("started", "end"))
    assert started < limit["t"] < end
    assert all(fact["t"] < limit["t"] for fact in run.facts() if fact["type"] == "output")


def test_typing(path):
    """Lines end as the Return key ends them; Ctrl-D on an empty line is the end of input."""
    with at_a_terminal(path, "echo") as run:
        run.wait_for("ready")
        run.apart.do("type", text="grüße\nsecond")
        run.wait_for("got 'grüße'")
        run.apart.do("type", text=" line\r")
        run.wait_for("got 'second line'")
        run.apart.do("type", text="\x04")
        run.wait_for("end of input")
        run.wait()
    assert run.apart.ending.status == 0


@pytest.mark.parametrize("how", ["waits", "otherwise"])
def test_an_interrupt(how, path):
    """The program gets SIGINT, by whichever key its terminal has for that."""
    with at_a_terminal(path, how) as run:
        run.wait_for("ready")
        run.apart.do("interrupt")
        run.wait_for("interrupted")
        run.wait()
    assert run.apart.ending.status == 5


def test_an_interrupt_passes_what_nobody_reads(path):
    """More was typed than the terminal holds, and than we keep, which is told: none of it is before the interrupt."""
    with at_a_terminal(path, "waits") as run:
        run.wait_for("ready")
        for _ in range(100):
            run.apart.do("type", text="all work and no play\n" * 100)
        until(path, lambda fact: fact["type"] == "untyped" and fact["characters"] == 2_100)
        run.apart.do("interrupt")
        run.wait()
    assert (run.apart.ending.status, run.apart.ending.asked) == (5, False)


def test_an_interrupt_of_a_program_that_wants_keys(path):
    """A byte as any other."""
    with at_a_terminal(path, "raw") as run:
        run.wait_for("ready")
        run.apart.do("interrupt")
        run.wait()
    assert run.output()[0].endswith(r"got b'\x03'" + "\n")


def test_nonsense_is_no_command(path):
    """It is left out, and what follows is done."""
    with at_a_terminal(path, "waits") as run:
        run.wait_for("ready")
        run.apart.do("dance")
        run.apart.do("type")
        run.apart.do("type", text=["x"])
        run.apart.do("interrupt")
        run.wait()
    assert run.apart.ending.status == 5


def test_lines_may_come_in_pieces():
    """And what is no JSON object is nothing, however long it is."""
    data = line(do="type", text="ü\n") + b"[1]\n{\n\xff\n" + b"x" * 3_000_000 + b"\n" + b"[" * 100_000 + b"\n" + line(do="end")
    for size in (1, 1 << 16):
        lines = Lines()
        some = data if size > 1 else data[:60] + data[-20:]
        found = [message for at in range(0, len(some), size) for message in lines.feed(some[at : at + size])]
        assert found == [{"do": "type", "text": "ü\n"}, {"do": "end"}]


@pytest.mark.parametrize("stopped", [False, True])
def test_the_end_is_that_of_the_group(stopped, path):
    """A child that no hangup ends goes with its parent, also when that is stopped."""
    with at_a_terminal(path, "family") as run, os.fdopen(os.pidfd_open(run.child())) as pidfd:
        if stopped:
            signal.pidfd_send_signal(run.pidfd, signal.SIGSTOP)
        run.apart.do("end")
        run.wait()
        assert has_ended(pidfd)
    assert (run.apart.ending.status, run.apart.ending.asked, run.apart.ending.outliving) == (-signal.SIGTERM, True, [])


def test_what_keeps_the_terminal_is_not_waited_for(path):
    """The program's own last words are there, though somebody else never stops writing."""
    with at_a_terminal(path, "leaves") as run, os.fdopen(os.pidfd_open(run.child())) as pidfd:
        run.wait()
        assert "the last word" in run.output()[0]
        assert has_ended(pidfd, 60)
    assert run.apart.ending.status == 0


def test_a_killed_supervisor_is_a_closed_terminal(path, tmp_path):
    """The program hears of it as it would from any terminal; the viewer's own end is not in the way."""
    told = tmp_path / "told"
    with at_a_terminal(path, "hangup", told) as run:
        run.wait_for("ready")
        with Follower(path) as follower:
            supervisor = follower.read()[0][1]["supervisor"]["pid"]
        os.kill(supervisor, signal.SIGKILL)
        assert has_ended(run.pidfd, 60)
        assert not run.apart.do("type", text="x")
    assert told.read_text() == "SIGHUP"
    assert run.apart.ending is None
