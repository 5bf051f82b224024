"""A follower: it finds the supervisor by the recording, holds and releases, and can do no more than that."""

import os
import signal
import socket
import tempfile
from pathlib import Path

import pytest

from tests.probe.kit import PROGRAMS, ask, read, rest, until
from tracer.probe.frames import fact
from tracer.supervisor import remote
from tracer.supervisor.commands import Lines
from tracer.supervisor.remote import Remote, reach
from tracer.timeline.stats import stats

COMMANDED = PROGRAMS / "commanded.py"
NOBODY = 65534
HEADER = {"type": "header", "version": 1, "monotonic_ns": 0}


def is_of(kind, **wanted):
    """A fact of that kind with these fields."""
    return lambda found: found["type"] == kind and found.items() >= wanted.items()


def reached(path):
    """A line to the supervisor that records there, once it can be reached."""
    until(path, is_of("control"))
    supervisor = reach(path)
    assert supervisor is not None
    return supervisor


def client(address):
    """Somebody who has asked, and waits for the reply."""
    connection = socket.create_connection(address, timeout=30)
    connection.sendall(b"hello\n")
    return connection


def ends(server):
    """Let the loop end; the status of `record` is the program's."""
    server.signal(signal.SIGALRM)
    assert server.end() == (0, "")


def test_holding_and_releasing_from_elsewhere(launch):
    """A client's thread is held before handle; another client's, that came before the hold, was not; released, it replies."""
    with launch(COMMANDED, "socketserver", "ThreadingTCPServer") as server, reached(server.path) as supervisor:
        address = server.address()
        assert ask(address).endswith("hello")
        assert supervisor.do("hold", filter="before handle", once=True)
        until(server.path, is_of("hold", filter="before handle", once=True))
        with client(address) as asking:
            held = until(server.path, is_of("held", hook="handle", when="before"))
            assert supervisor.do("release", context=held["context"], mode="run", follow="both", to="")
            assert rest(asking) == f"{server.pid} hello"
        until(server.path, is_of("released", context=held["context"], by="person"))
        ends(server)
    assert server.errors == f"tracer: recorded; to see it: tracer open {server.path}\n"
    assert stats(server.timeline())["connections"] == 2


def test_what_a_follower_holds_runs_on_when_it_is_gone(launch):
    """And only that: what another holds stays held."""
    with launch(COMMANDED, "socketserver", "ThreadingTCPServer") as server, reached(server.path) as stays:
        address = server.address()
        with reached(server.path) as leaves:
            leaves.do("hold", filter="before setup", once=True)
            until(server.path, is_of("hold", filter="before setup"))
            with client(address) as first:
                held = until(server.path, is_of("held", hook="setup"))
                stays.do("hold", filter="before handle", once=True)
                until(server.path, is_of("hold", filter="before handle"))
                with client(address) as second:
                    kept = until(server.path, is_of("held", hook="handle"))
                    leaves.close()
                    until(server.path, is_of("released", context=held["context"], by="viewer gone"))
                    assert rest(first) == f"{server.pid} hello"
                    stays.do("release_all")
                    until(server.path, is_of("released", context=kept["context"], by="all"))
                    assert rest(second) == f"{server.pid} hello"
        ends(server)


def test_a_follower_ends_nothing_and_types_nothing(launch):
    """Those commands are the starter's; what makes no sense does nothing either."""
    with launch(COMMANDED, "socketserver", "ThreadingTCPServer") as server, reached(server.path) as supervisor:
        address = server.address()
        for command in ("end", "type", "interrupt", "no such thing"):
            assert supervisor.do(command, text="x")
        supervisor.do("hold", filter="no such hook", once=False)
        supervisor.do("release", context=1, mode="run")
        supervisor.do("hold", filter="before handle", once=True)
        until(server.path, is_of("hold", id=1, filter="before handle"))  # all before was taken, and this is the first hold
        supervisor.close()
        until(server.path, is_of("unhold", id=1, by="viewer gone"))
        assert ask(address).endswith("hello")
        ends(server)


def test_a_run_that_is_over(launch):
    """Its supervisor cannot be reached any more; a line to it is of no use, and says so."""
    with launch(COMMANDED, "socketserver", "TCPServer") as server, reached(server.path) as supervisor:
        server.address()
        ends(server)
        assert not supervisor.do("release_all")
        assert not supervisor.do("release_all")
    assert reach(server.path) is None


def test_a_supervisor_that_stands_still_is_not_waited_for(launch):
    """What it would take is sent; when there is no more room for it, that is said."""
    with launch(COMMANDED, "socketserver", "TCPServer") as server, reached(server.path) as supervisor:
        server.address()
        server.process.send_signal(signal.SIGSTOP)
        try:
            taken = 0
            while supervisor.do("unhold", id=taken):
                taken += 1
            assert taken > 100
            assert not supervisor.do("release_all")
        finally:
            server.process.send_signal(signal.SIGCONT)
        ends(server)
    assert read(server.path).ended is not None


def recording(path, *facts):
    path.write_bytes(b"".join(fact(0, **one) for one in (HEADER, *facts)))
    return path


def listening(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_where_it_is_stands_in_the_recording(tmp_path):
    """Behind whatever the program has written meanwhile."""
    folder = tmp_path / "tracer-1-x"
    folder.mkdir()
    path = folder / "control"
    facts = [{"type": "source", "file": f"{number}.py", "text": "x" * 1000} for number in range(100)]
    with listening(path) as listener:
        supervisor = reach(recording(tmp_path / "run.tracer", *facts, {"type": "control", "path": str(path), "t": 0}))
        assert supervisor is not None
        with supervisor, listener.accept()[0] as connection:
            assert supervisor.do("hold", filter="before handle", once=False)
            assert Lines().feed(connection.recv(1000)) == [{"do": "hold", "filter": "before handle", "once": False}]


def test_where_nobody_can_be_reached(tmp_path, monkeypatch):
    """It is not told; nobody listens there any more; nothing is there; it is too far into the file."""
    monkeypatch.setattr(remote, "_FARTHEST", 1000)
    folder = tmp_path / "tracer-1-x"
    folder.mkdir()
    path = folder / "control"
    control = {"type": "control", "path": str(path), "t": 0}
    assert reach(recording(tmp_path / "silent.tracer")) is None
    assert reach(recording(tmp_path / "nothing.tracer", control)) is None
    listening(path).close()
    assert reach(recording(tmp_path / "closed.tracer", control)) is None
    path.unlink()
    with listening(path), reached(recording(tmp_path / "early.tracer", control)):
        far = [{"type": "source", "file": "", "text": "x" * (1 << 21)}] * 2
        assert reach(recording(tmp_path / "late.tracer", *far, control)) is None


def test_a_recording_leads_to_no_other_socket(tmp_path):
    """It may be anybody's: what it names is connected to only if it can be a run's."""
    path = tmp_path / "agent"
    with listening(path) as listener:
        listener.setblocking(False)
        assert reach(recording(tmp_path / "run.tracer", {"type": "control", "path": str(path), "t": 0})) is None
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_supervisor_of_another_user_is_none_of_ours():
    """Even if no mode keeps us out."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    folder = Path(tempfile.mkdtemp())  # that of this test is closed to others
    path = folder / "control"
    own, its = socket.socketpair()
    try:
        folder.chmod(0o777)
        child = os.fork()
        if not child:
            try:
                own.close()
                os.umask(0)
                os.setuid(NOBODY)
                with listening(path):
                    its.send(b"x")
                    its.recv(1)
            finally:
                os._exit(9)
        its.close()
        assert own.recv(1) == b"x"
        with pytest.raises(PermissionError):
            Remote(str(path))
        own.close()
        os.waitpid(child, 0)
    finally:
        path.unlink()
        folder.rmdir()
