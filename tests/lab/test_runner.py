"""Clients in processes of their own, against a listener of ours."""

import errno
import socket
import subprocess
from queue import SimpleQueue

import pytest

from tracer.lab.targets import Target
from tracer.lab.runner import BURST, ClientRunner


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
            assert said_about(said, "reply").startswith(f"client {number}: sent 'hello 1', reply 'hello 1' in ")


def test_a_burst_counts_as_ten(listener):
    said = SimpleQueue()
    with ClientRunner(target(listener), said.put) as runner:
        runner.send("burst")
        for _ in range(BURST):
            answer(listener)
        numbers = sorted(int(said_about(said, "reply").split(":")[0].removeprefix("client ")) for _ in range(BURST))
        assert numbers == list(range(1, BURST + 1))


def test_closing_ends_clients_that_wait(listener):
    said = SimpleQueue()
    runner = ClientRunner(target(listener), said.put)
    runner.send("silent")
    connection, _ = listener.accept()
    with connection:
        running = list(runner._running)
        runner.close()
        assert [process.poll() is not None for process in running] == [True]


def test_a_client_that_cannot_start(listener, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    said = SimpleQueue()
    with ClientRunner(target(listener), said.put) as runner:
        runner.send("one")
        assert said.get(timeout=20) == "no client: Resource temporarily unavailable"
