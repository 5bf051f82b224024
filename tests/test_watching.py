"""Watching at a real terminal: live, frozen, back in time, live again; and what becomes of the server if the terminal stands still."""

import os
import shutil
import signal
import threading
import time

import pytest

from tests.gatekit import asking
from tests.probe.kit import Running, environment, read, recording, until
from tests.terminal import QUIT_AT_ONCE, AtTerminal, Tmux
from tracer.timeline.stats import stats


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_back_in_time_and_live_again(tmp_path):
    """A client is seen to be served; the picture stops, while the recording goes on; a step back; then the newest again."""
    with Tmux(tmp_path / "tmux", tmp_path, "demo", "tcp") as person:
        person.sees(r" LIVE ")
        person.types("c")
        person.sees(r"client 1: sent 'hello 1' from 127\.0\.0\.1:\d+, reply 'hello 1'")
        person.sees(r"handle +#1 .*EchoHandler")
        person.types("Space")
        person.sees(r" FROZEN \d+\.\d s behind")
        person.types("c")
        person.sees(r"client 2: sent 'hello 2'")
        assert "#2" not in person.sees(r" FROZEN ")
        person.types("Left")
        assert "LIVE" not in person.sees(r" REPLAY 00:\d\d\.\d+")
        person.types("Space")
        person.sees(r" LIVE ")
        assert "REPLAY" not in person.sees(r"handle +#2 .*EchoHandler")
        person.types("q")
        person.is_gone()
    (path,) = (tmp_path / "state" / "tracer" / "recordings").iterdir()
    assert until(path, lambda fact: fact["type"] == "end")["alive"] == []


class Deaf(AtTerminal):
    """A terminal that can stop reading, as one does whose connection stands still."""

    def __init__(self, folder, *words):
        super().__init__(folder, *words)
        self.reads = threading.Event()
        self.reads.set()

    def __exit__(self, *error):
        self.reads.set()
        super().__exit__(*error)

    def read(self):
        self.reads.wait()
        return super().read()


def served_for(seconds, address):
    """Be one client after the other for so long: how many got their replies, each at once."""
    served, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        with asking(address) as client:
            assert client.recv(100) == b"hello\n"
        assert time.monotonic() - begin < 5
        served += 1
        time.sleep(0.01)  # there is to be something to paint all the time, not as much as possible
    return served


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "seconds"), [("stops reading", 10), ("is killed", 1)])
def test_whatever_becomes_of_the_viewer(harm, seconds, tmp_path):
    """The server serves on, and everything is recorded; a viewer that can paint again goes on where the recording is."""
    path = tmp_path / "run.tracer"
    with Running(recording(path, "-m", "tracer.lab.servers", "threading"), path, environment()) as server:
        address = server.first.rpartition(" ")[2].split(":")
        with Deaf(tmp_path, "open", "--follow", path.name) as person:
            person.sees(b" quit")
            if harm == "stops reading":
                person.reads.clear()
            else:
                person.process.kill()
            served = served_for(seconds, address)
            person.reads.set()
            if harm == "stops reading":
                person.sees(f"#{served} ".encode())
                person.types(QUIT_AT_ONCE)
                assert person.reads_all() == 0
        os.killpg(server.process.pid, signal.SIGTERM)
        server.process.wait(60)
    counts = stats(read(path))
    assert (counts["connections"], counts["lost"], counts["damaged"]) == (served, 0, 0)
