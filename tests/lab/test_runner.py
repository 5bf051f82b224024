"""Clients in processes of their own, against a listener of ours."""

import errno
import re
import subprocess
import time
from queue import SimpleQueue

import pytest

from tests.lab.kit import target_of
from tracer.lab.runner import BURST, ClientRunner
from tracer.lab.summary import summary
from tracer.lab.targets import Target
from tracer.timeline.calls import rows
from tracer.timeline.load import load


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
    with ClientRunner(target_of(listener), said.put) as runner:
        for number in (1, 2):
            runner.send("one")
            answer(listener)
            message = said_about(said, "reply")
            assert re.match(rf"client {number}: sent 'hello {number}' from 127\.0\.0\.1:\d+, reply 'hello {number}' in ", message)


def test_a_burst_counts_as_ten(listener):
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put) as runner:
        runner.send("burst")
        for _ in range(BURST):
            answer(listener)
        numbers = sorted(int(said_about(said, "reply").split(":")[0].removeprefix("client ")) for _ in range(BURST))
        assert numbers == list(range(1, BURST + 1))
        assert said.get(timeout=20) == "burst: 10 clients, 10 replies"


@pytest.mark.parametrize(
    ("kind", "outcomes", "words"),
    [
        ("burst", ["sent 'hello 1', reply 'x' in 1 ms"], "burst: 1 clients, 1 reply"),
        (
            "one",
            ["sent 'a', reply 'x' in 1 ms", "timed out after 5 s, from 127.0.0.1:1", "no reply: the server closed the connection"],
            "burst: 4 clients, 1 reply, 1 timed out, 1 no reply, 1 without a word",
        ),
        ("burst", ["refused", "refused", "failed: No such file"], "burst: 3 clients, 0 replies, 2 refused, 1 failed"),
        ("slow", ["sent 'a' 3 times, replies 'a', 'a', 'a' in 1 ms"], "slow: 2 clients, 1 reply, 1 without a word"),
        ("silent", ["said nothing for 10 s, from 127.0.0.1:1", "refused"], "silent: 2 clients, 1 done, 1 refused"),
        ("reset", ["sent 'hell', reset the connection"] * 2, "reset: 2 clients, 2 done"),
        ("http", ["7 requests over one connection, replies 200 in 1 ms"], "http: 1 clients, 1 reply"),
        ("half-close", [], "half-close: 3 clients, 3 without a word"),
    ],
)
def test_many_clients_in_one_line(kind, outcomes, words):
    assert summary(kind, outcomes, int(words.split()[1])) == words


def test_what_a_client_of_datagrams_is_called(tmp_path):
    said = SimpleQueue()
    with ClientRunner(Target("unix-datagram", path=str(tmp_path / "none")), said.put) as runner:
        runner.send("silent")
        assert said.get(timeout=20) == "client 1 (empty): on its way"


def test_closing_ends_clients_that_wait(listener):
    said = SimpleQueue()
    runner = ClientRunner(target_of(listener), said.put)
    runner.send("silent")
    connection, _ = listener.accept()
    with connection:
        running = list(runner._running)
        runner.close()
        assert [process.poll() is not None for process in running] == [True]


def test_several_of_a_kind_go_at_the_same_instant(listener):
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put) as runner:
        runner.send("one", count=3)
        assert said.get(timeout=20) == "3 clients on their way"
        connections = [listener.accept()[0] for _ in range(3)]  # none has been answered yet
        for connection in connections:
            with connection:
                connection.sendall(connection.recv(100))
        assert sorted(said_about(said, "reply").partition(": ")[0] for _ in range(3)) == ["client 1", "client 2", "client 3"]
        assert said.get(timeout=20) == "burst: 3 clients, 3 replies"
        runner.send("reset", count=2)
        assert said.get(timeout=20) == "2 clients (reset) on their way"
        assert sorted(said.get(timeout=20).partition(":")[0] for _ in range(2)) == ["client 4 (reset)", "client 5 (reset)"]
        assert said.get(timeout=20) == "reset: 2 clients, 2 done"
        runner.send("burst", count=1)
        assert said.get(timeout=20) == "client 6: on its way"


def test_how_long_clients_stay_and_wait(listener):
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put, stay=0.1, patience=0.2) as runner:
        runner.send("silent")
        assert re.fullmatch(r"client 1 \(silent\): said nothing for 0\.1 s, from \S+", said_about(said, "nothing"))
        runner.send("silent", stay=0.2)
        assert re.fullmatch(r"client 2 \(silent\): said nothing for 0\.2 s, from \S+", said_about(said, "nothing"))
        runner.send("one")
        assert re.fullmatch(r"client 3: timed out after 0\.2 s, from \S+", said_about(said, "timed"))


def test_clients_that_are_dismissed(listener, path):
    """They end, the recording tells how, and others come after them."""
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put, path, stay=3600, patience=3600) as runner:
        runner.send("silent", count=2)
        runner.send("one")
        waiting = [listener.accept()[0] for _ in range(3)]
        until_they_receive(path, 3)
        runner.dismiss()
        assert runner._running == set()
        assert sorted((name, end, status) for name, end, status, _ in ends(path)) == [
            ("client 1 (silent)", "exited", 1),
            ("client 2 (silent)", "exited", 1),
            ("client 3", "exited", 1),
        ]
        assert {hook for *_, hook in ends(path)} == {"receive"}
        for connection in waiting:
            connection.close()
        runner.send("one")
        answer(listener)
        assert said_about(said, "reply").startswith("client 4: sent 'hello 4' from ")
    assert ends(path)[-1] == ("client 4", "returned", None, "close")


def until_they_receive(path, clients):
    """Wait until so many wait for what the server says."""
    while [row.outcome for row in rows(load(path)[0]) if row.hook == "receive"].count("open") < clients:
        time.sleep(0.01)  # a file tells nobody that it has grown


def ends(path):
    """Of each client its name, its end, its process's exit status, and what it did last."""
    timeline, damaged = load(path)
    assert damaged == 0
    told = []
    for context in timeline.ordered.items:
        last = [row for row in rows(timeline) if row.label == timeline.label(context)][-1]
        told.append((context.name, context.end_how, context.process.status, last.hook))
    return told


def test_clients_that_left_before_the_others_were_dismissed(listener, path):
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put, path) as runner:
        runner.send("one", count=2)
        connections = [listener.accept()[0] for _ in range(2)]
        connections[0].sendall(b"reply\n")
        left = said_about(said, "reply").partition(":")[0]
        runner.dismiss()
        assert said.get(timeout=20) == "burst: 2 clients, 1 reply, 1 without a word"
    for connection in connections:
        connection.close()
    (stayed,) = {"client 1", "client 2"} - {left}
    assert sorted((name, end) for name, end, *_ in ends(path)) == sorted([(left, "returned"), (stayed, "exited")])


def test_a_dismissal_reaches_those_who_have_not_started(listener):
    said = SimpleQueue()
    with ClientRunner(target_of(listener), said.put) as runner:
        runner.dismiss()  # nobody
        runner.send("silent")
        runner.send("silent")
        runner.dismiss()
        assert runner._running == set()
        assert [said.get(timeout=20) for _ in range(2)] == ["client 1 (silent): on its way", "client 2 (silent): on its way"]
    runner.dismiss()  # nobody any more
    assert said.empty()


def test_a_dismissed_client_of_a_recorded_program_does_not_stay(listener, launch, tmp_path):
    """Whoever is the first to see that it has ended, the supervisor or the one who dismissed it."""
    (tmp_path / "waiting.py").write_text("import sys; print('it waits', flush=True); sys.stdin.read()")
    with launch(tmp_path / "waiting.py") as running:
        with ClientRunner(target_of(listener), lambda message: None, running.path) as runner:
            runner.send("silent")
            with listener.accept()[0]:
                until_they_receive(running.path, 1)
                runner.dismiss()
                assert ends(running.path) == [("client 1 (silent)", "exited", 1, "receive")]
        assert running.end()[0] == 0
    assert ends(running.path) == [("client 1 (silent)", "exited", 1, "receive")]


def test_clients_are_called_the_same_in_the_recording(listener, path):
    """Whichever of the runner's processes plays them, and whichever server they go to."""
    said = SimpleQueue()
    other = target_of(listener)
    listener.close()
    with ClientRunner(None, said.put, path) as runner:
        for kind in ("one", "burst", "reset"):
            runner.send(kind, other)
        refused = {said_about(said, "refused").partition(": ")[0] for _ in range(BURST + 2)} - {"burst"}
        while len(refused) < BURST + 2:
            refused |= {said_about(said, "refused").partition(": ")[0]} - {"burst"}
    names = [context.name for context in load(path)[0].ordered.items]
    assert sorted(names) == sorted(refused) == sorted([*(f"client {number}" for number in range(1, BURST + 2)), "client 12 (reset)"])


def test_how_a_client_ended_that_could_not_tell(listener, path):
    with ClientRunner(target_of(listener), lambda message: None, path) as runner:
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
    with ClientRunner(target_of(listener), said.put) as runner:
        runner.send("one")
        assert said.get(timeout=20) == "no client: Resource temporarily unavailable"
