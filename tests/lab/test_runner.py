"""Clients in processes of their own, against a listener of ours."""

import errno
import fcntl
import re
import socket
import subprocess
from queue import SimpleQueue

import pytest

from tracer.lab.runner import BURST, ClientRunner
from tracer.lab.summary import summary
from tracer.lab.targets import Target
from tracer.probe.frames import fact
from tracer.timeline.load import load


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def target(listener):
    return Target("tcp", *listener.getsockname())


def answer(listener):
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as file:
        file.write(file.readline())


def said_about(said, word):
    """The first message with that word."""
    while word not in (message := said.get(timeout=20)):
        pass
    return message


def test_one_client_and_the_next(listener):
    said = SimpleQueue()
    with ClientRunner(target(listener), said.put) as runner:
        for number in (1, 2):
            runner.send("one")
            answer(listener)
            message = said_about(said, "reply")
            assert re.match(rf"client {number}: sent 'hello {number}' from 127\.0\.0\.1:\d+, reply 'hello {number}' in ", message)


def test_a_burst_counts_as_ten(listener):
    said = SimpleQueue()
    with ClientRunner(target(listener), said.put) as runner:
        runner.send("burst")
        for _ in range(BURST):
            answer(listener)
        numbers = sorted(int(said_about(said, "reply").split(":")[0].removeprefix("client ")) for _ in range(BURST))
        assert numbers == list(range(1, BURST + 1))
        assert said.get(timeout=20) == "burst: 10 clients, 10 replies"


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (["sent 'hello 1', reply 'x' in 1 ms"], "burst: 1 clients, 1 reply"),
        (
            ["sent 'a', reply 'x' in 1 ms", "timed out after 5 s, from 127.0.0.1:1", "no reply: the server closed the connection"],
            "burst: 4 clients, 1 reply, 1 timed out, 1 no reply, 1 without a word",
        ),
        (["refused", "refused", "failed: No such file"], "burst: 3 clients, 0 replies, 2 refused, 1 failed"),
    ],
)
def test_a_burst_in_one_line(outcomes, words):
    assert summary(outcomes, int(words.split()[1])) == words


def test_what_a_client_of_datagrams_is_called(tmp_path):
    said = SimpleQueue()
    with ClientRunner(Target("unix-datagram", path=str(tmp_path / "none")), said.put) as runner:
        runner.send("silent")
        assert said.get(timeout=20) == "client 1 (empty): on its way"


def test_closing_ends_clients_that_wait(listener):
    said = SimpleQueue()
    runner = ClientRunner(target(listener), said.put)
    runner.send("silent")
    connection, _ = listener.accept()
    with connection:
        running = list(runner._running)
        runner.close()
        assert [process.poll() is not None for process in running] == [True]


def test_clients_are_called_the_same_in_the_recording(listener, tmp_path):
    """Whichever of the runner's processes plays them, and whichever server they go to."""
    path = tmp_path / "recording.tracer"
    path.write_bytes(fact(0, type="header", version=1))
    said = SimpleQueue()
    other = target(listener)
    listener.close()
    with path.open("rb") as recorded, ClientRunner(None, said.put, path) as runner:
        fcntl.flock(recorded, fcntl.LOCK_EX)
        for kind in ("one", "burst", "reset"):
            runner.send(kind, other)
        refused = {said_about(said, "refused").partition(": ")[0] for _ in range(BURST + 2)} - {"burst"}
        while len(refused) < BURST + 2:
            refused |= {said_about(said, "refused").partition(": ")[0]} - {"burst"}
    names = [context.name for context in load(path)[0].ordered.items]
    assert sorted(names) == sorted(refused) == sorted([*(f"client {number}" for number in range(1, BURST + 2)), "client 12 (reset)"])


def test_how_a_client_ended_that_could_not_tell(listener, tmp_path):
    path = tmp_path / "recording.tracer"
    path.write_bytes(fact(0, type="header", version=1))
    with path.open("rb") as recorded:
        fcntl.flock(recorded, fcntl.LOCK_EX)
        with ClientRunner(target(listener), lambda message: None, path) as runner:
            runner.send("silent")
            connection, _ = listener.accept()
        connection.close()
    (context,) = load(path)[0].ordered.items
    assert (context.name, context.end_how, context.process.status) == ("client 1 (silent)", "exited", 1)


def test_a_client_that_cannot_start(listener, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    said = SimpleQueue()
    with ClientRunner(target(listener), said.put) as runner:
        runner.send("one")
        assert said.get(timeout=20) == "no client: Resource temporarily unavailable"
