"""Clients that tell their steps to a recording while it is made: beside their server, and no business of its supervisor's."""

import os
import signal
import socket
from contextlib import contextmanager

import pytest

from tests.lab.programs import played, started
from tests.probe.kit import until
from tracer.lab import clients
from tracer.lab.servers import announced
from tracer.lab.targets import Target
from tracer.recording.reader import Reader
from tracer.timeline.calls import rows

WAITS = "import sys; print('it waits', flush=True); sys.stdin.read()"


@pytest.fixture
def waiting(launch, tmp_path):
    """Running it: a program that has nothing to do with servers, and waits."""
    (tmp_path / "waiting.py").write_text(WAITS)
    return launch(tmp_path / "waiting.py")


def end(running):
    """End the program as a person does."""
    os.kill(until(running.path, lambda fact: fact["type"] == "started")["pid"], signal.SIGTERM)
    return running.end()


@contextmanager
def nobody():
    """The target of a client that gets no answer."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield Target("udp", *silent.getsockname())


def test_a_client_beside_its_server(launch, tmp_path):
    with launch("-m", "tracer.lab.servers", "tcp") as running:
        target = announced(running.first)[1]
        status, (line,) = played("half-close", target, tmp_path, "--record", str(running.path), "--first", "3")
        assert status == 0
        assert end(running) == (0, "")
    timeline = running.timeline()
    place = line.partition(" from ")[2].partition(",")[0]
    told = []
    for row in rows(timeline):
        number = f" #{row.connection}" if row.connection is not None else ""
        told.append(f"{row.label:<5}{'  ' * row.depth}{row.hook}{number} {row.payload}".rstrip())
    served = next(place for place, row in enumerate(told) if "_handle_request_noblock" in row)
    came = next(place for place, row in enumerate(told) if row.startswith("C3"))
    assert 0 < came < served
    assert told[came : came + 6] == [
        f"C3   connect #1 → {target.address} from {place}",
        "C3   send #1 8 bytes",
        "C3   half_close #1",
        "C3   receive #1 8 bytes",
        "C3   receive #1 EOF",
        "C3   close #1",
    ]
    assert told[served : served + 10] == [
        "main   _handle_request_noblock #1",
        f"main     get_request #1 {place}",
        "main     verify_request #1 True",
        "main     process_request #1",
        "main       finish_request #1",
        "main         setup #1",
        "main         handle #1",
        "main         finish #1",
        "main       shutdown_request #1",
        "main         close_request #1",
    ]
    (client,) = [context for context in timeline.ordered.items if context.kind == "client"]
    assert (client.name, client.end_how) == ("client 3 (half-close)", "returned")


def test_a_client_that_is_killed_is_gone(waiting, tmp_path):
    with waiting as running, nobody() as target:
        command = clients.command("one", target, "--timeout", "100", "--record", str(running.path))
        with started(command, tmp_path) as client:
            context = until(running.path, lambda fact: fact["type"] == "context")
            client.kill()
        assert until(running.path, lambda fact: fact["type"] == "gone")["context"] == context["id"]
        running.end()
    assert [context.end_how for context in running.timeline().ordered.items] == ["gone"]


def test_a_client_that_leaves_is_not_looked_for(waiting, tmp_path):
    with waiting as running, nobody() as target:
        for _ in range(2):
            assert played("reset", target, tmp_path, "--record", str(running.path))[0] == 0
        running.end()
    facts = [content["type"] for _, content in Reader().feed(running.path.read_bytes()) if isinstance(content, dict)]
    assert (facts.count("left"), facts.count("gone")) == (2, 0)
    assert {context.end_how for context in running.timeline().ordered.items} == {"returned"}


def test_a_client_is_none_of_the_program_and_does_not_outlive_it(waiting, tmp_path):
    """A program of which nothing was traced is told as such, whoever was its client; and nothing is added to what is complete."""
    with waiting as running, nobody() as target:
        command = clients.command("one", target, "--timeout", "100", "--record", str(running.path))
        with started(command, tmp_path) as client:
            until(running.path, lambda fact: fact["type"] == "context")
            assert running.end()[0] == 0
            complete = running.path.read_bytes()
            client.terminate()
            client.wait(20)
        assert running.path.read_bytes() == complete
    assert "this program never imported socketserver (one Python process ran)" in running.errors
    ended = Reader().feed(complete)[-1][1]
    assert (ended["type"], ended["alive"]) == ("end", [])
    assert [context.end_how for context in running.timeline().ordered.items] == ["gone"]
