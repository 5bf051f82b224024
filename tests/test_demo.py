"""Demo servers with their supervisors; and `tracer demo` at a real terminal, with several of them side by side."""

import os
import shutil
import signal

import pytest

from tests.probe.kit import until
from tests.terminal import AtTerminal, Tmux, has_ended
from tracer.demo import DemoServer, briefly


def test_a_server_that_is_held_before_it_listens(tmp_path):
    """There is something to see before there is an address for clients."""
    path = tmp_path / "demo.tracer"
    with DemoServer("tcp", path, ("before server_bind",)) as server:
        assert server.target is None
        assert until(path, lambda fact: fact["type"] == "held")["hook"] == "server_bind"
        assert server.supervisor.do("release_all")
        server.reader.join(30)
        assert str(server.target).startswith("tcp:127.0.0.1:")
    assert server.supervisor.ending.status == 0


@pytest.mark.parametrize(
    ("message", "brief"),
    [
        ("client 3: sent 'hello 3' from 127.0.0.1:42216, reply 'hello 3' in 1.2 ms", "client 3 reply in 1.2 ms"),
        ("client 3 (slow): sent 'hello 3' byte by byte, reply 'it, in 2 ms' in 1.2 s", "client 3 (slow) reply in 1.2 s"),
        ("client 12 (three in a row): sent 'x' 2 times from [::1]:5, replies 'x' in 1 s", "client 12 (three in a row) replies in 1 s"),
        ("client 3: timed out after 5 s, from 127.0.0.1:42216", "client 3 timed out after 5 s"),
        ("client 3: on its way", "client 3 on its way"),
        ("burst: 10 clients, 9 replies, 1 timed out", "burst: 10 clients, 9 replies, 1 timed out"),
    ],
)  # fmt: skip
def test_what_came_of_a_client_in_little_room(message, brief):
    assert briefly(message) == brief


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_side_by_side(tmp_path):
    """One key sends a client to each; what each made of it begins at the same line. A number shows one alone, q goes back, and ends."""
    with Tmux(tmp_path / "tmux", tmp_path, "demo", "tcp", "threading") as person:
        person.sees("q quit")
        person.types("c")
        person.sees(r"tcp: client 1 reply in \S+ .s · threading: client 1 reply in \S+ .s")
        screen = person.sees(r"^ #1  127\.0\.0\.1:\d+ ─+ \d\S* .s│ #1  127\.0\.0\.1:\d+ ─+ \d")
        assert [cell.split()[1] for cell in screen.splitlines()[7].split("│")] == ["_handle_request_noblock"] * 2
        person.types("2")
        person.sees("^ tracer  demo threading · EchoServer")
        person.types("q")
        person.sees(r"^ 1 tcp · TCPServer")
        person.types("q")
        person.is_gone()
    for path in (tmp_path / "state" / "tracer" / "recordings").iterdir():
        assert until(path, lambda fact: fact["type"] == "end")["alive"] == []


@pytest.mark.parametrize("names", [["tcp"], ["tcp", "threading"]], ids=" ".join)
def test_sigterm_gives_the_terminal_back(names, tmp_path):
    """Whoever sends it: nothing is left running, and each recording is complete."""
    with AtTerminal(tmp_path, "demo", *names) as person:
        person.sees(b" quit")
        paths = [next(person.recordings.glob(f"demo-{name}-*")) for name in names]
        pidfds = [pidfd for path in paths for pidfd in person.processes(path)]
        person.types(b"x")
        clients = []
        for path in paths:
            silent = until(path, lambda fact: fact["type"] == "context" and fact["kind"] == "client")
            clients.append(os.pidfd_open(silent["pid"]))
        person.process.terminate()
        assert person.reads_all() == 128 + signal.SIGTERM
        assert person.has_its_terminal_back
        assert all(map(has_ended, pidfds + clients))
        for client in clients:
            os.close(client)
        assert person.seen.count(b"tracer: recorded; to see it: tracer open ") == len(names)
