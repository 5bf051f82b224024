"""Contexts of real programs are held, released and stepped: each where it should be, and alone; their clients see no more of it."""

import os
import resource
import socket
import stat
import threading
from pathlib import Path

import pytest

from tests.gatekit import asking, more
from tests.probe.kit import FRAMEWORKS, ask, rest
from tests.probe.kit import PROGRAMS as PROBED
from tracer.probe.gate import QUESTION

PROGRAMS = Path(__file__).parent / "programs"
COMMANDED = PROBED / "commanded.py"
HELD = PROBED / "held.py"
NAMED = PROBED / "named.py"
LEVELS = PROGRAMS / "levels.py"


def filter_of(stop):
    """A filter for that stop."""
    when, hook, owner, *raised = stop.split()
    return f"{when} {hook} & owner:{owner}{' & raised' if raised else ''}"


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("name", "who"), [("ThreadingTCPServer", "thread 1"), ("ForkingTCPServer", "child 1")])
def test_one_is_held_while_the_others_run(framework, name, who, gated):
    """Another request is answered, and its connection closed, before the first is released."""
    with gated(COMMANDED, framework, name) as server:
        address = server.address()
        server.hold("before handle", once=True)
        with asking(address, "first") as first:
            server.until(**{who: "before handle Commanded"})
            assert ask(address, "second").endswith(" second")
            assert server.held == {who: "before handle Commanded"}
            server.release(who)
            assert rest(first).endswith(" first")
    assert server.stops == [(who, "before handle Commanded")]
    assert server.told("released", "context", "mode", "follow", "by") == [(who, "run", "both", "person")]
    assert server.told("unhold", "id", "by") == [(1, "used")]


# ---- steps

#: One request, and the end of the server, step by step.
ANSWERED = """
before finish_request BaseServer
before setup Upper
before setup Lower
before setup StreamRequestHandler
after setup StreamRequestHandler
after setup Lower
after setup Upper
before handle Upper
before handle Lower
after handle Lower
after handle Upper
before finish Upper
before finish Lower
before finish StreamRequestHandler
after finish StreamRequestHandler
after finish Lower
after finish Upper
after finish_request BaseServer
before shutdown_request TCPServer
before close_request TCPServer
after close_request TCPServer
after shutdown_request TCPServer
after process_request BaseServer
after _handle_request_noblock BaseServer
after handle_request BaseServer
before server_close Closing
before server_close TCPServer
after server_close TCPServer
after server_close Closing"""
#: The same of a request whose handler fails, from there on.
FAILED = """
before handle Lower
after handle Lower !
after handle Upper !
before finish Upper
before finish Lower
before finish StreamRequestHandler
after finish StreamRequestHandler
after finish Lower
after finish Upper
after finish_request BaseServer !
after process_request BaseServer !
before handle_error Server
after handle_error Server
before shutdown_request TCPServer
before close_request TCPServer
after close_request TCPServer
after shutdown_request TCPServer
after _handle_request_noblock BaseServer
after handle_request BaseServer
before server_close Closing
before server_close TCPServer
after server_close TCPServer
after server_close Closing"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("line", "reply", "stops"), [("hello", "HELLO\n", ANSWERED), ("fail", "", FAILED)])
def test_in_stops_before_and_after_every_call(framework, line, reply, stops, gated):
    """Each level of a super() chain, and also on the way of an exception; behind the last call it runs on."""
    stops = stops.splitlines()[1:]
    with gated(LEVELS, framework, "TCPServer", "1") as server:
        address = server.address()
        server.hold(filter_of(stops[0]), once=True)
        with asking(address, line) as client:
            server.until(main=stops[0])
            assert [server.step("main") for _ in stops[1:]] == stops[1:]
            server.release("main", "in")
            assert server.end() == (0, "")
            assert rest(client) == reply
    assert {step for _, step in server.told("held", "hold", "step")[1:]} == {"in"}


#: Where a context is held, how it moves on, and where it is held next.
STEPS = [
    ("hello", "before finish_request BaseServer", "over", "after finish_request BaseServer"),
    ("hello", "before setup Upper", "over", "after setup Upper"),
    ("hello", "before setup Lower", "over", "after setup Lower"),
    ("hello", "before setup StreamRequestHandler", "over", "after setup StreamRequestHandler"),
    ("hello", "after setup StreamRequestHandler", "over", "after setup Lower"),
    ("hello", "after setup Lower", "over", "after setup Upper"),
    ("hello", "after setup Upper", "over", "before handle Upper"),
    ("hello", "after finish Upper", "over", "after finish_request BaseServer"),
    ("hello", "after finish_request BaseServer", "over", "before shutdown_request TCPServer"),
    ("hello", "after get_request TCPServer", "over", "before verify_request BaseServer"),
    ("hello", "after shutdown_request TCPServer", "over", "after process_request BaseServer"),
    ("hello", "before setup StreamRequestHandler", "out", "after setup Lower"),
    ("hello", "before setup Lower", "out", "after setup Upper"),
    ("hello", "before setup Upper", "out", "after finish_request BaseServer"),
    ("hello", "after setup StreamRequestHandler", "out", "after setup Lower"),
    ("hello", "after handle Lower", "out", "after handle Upper"),
    ("hello", "after handle Upper", "out", "after finish_request BaseServer"),
    ("hello", "before finish StreamRequestHandler", "out", "after finish Lower"),
    ("hello", "before finish_request BaseServer", "out", "after process_request BaseServer"),
    ("hello", "before close_request TCPServer", "out", "after shutdown_request TCPServer"),
    ("hello", "before get_request TCPServer", "out", "after _handle_request_noblock BaseServer"),
    ("fail", "before handle Lower", "over", "after handle Lower !"),
    ("fail", "after handle Lower !", "over", "after handle Upper !"),
    ("fail", "before handle Upper", "over", "after handle Upper !"),
    ("fail", "after handle Upper !", "over", "before finish Upper"),
    ("fail", "before finish_request BaseServer", "over", "after finish_request BaseServer !"),
    ("fail", "after finish_request BaseServer !", "over", "after process_request BaseServer !"),
    ("fail", "after process_request BaseServer !", "over", "before handle_error Server"),
    ("fail", "before handle Lower", "out", "after handle Upper !"),
    ("fail", "after handle Lower !", "out", "after handle Upper !"),
    ("fail", "before handle Upper", "out", "after finish_request BaseServer !"),
    ("fail", "before setup Upper", "out", "after finish_request BaseServer !"),
    ("fail", "before finish_request BaseServer", "out", "after process_request BaseServer !"),
    ("fail", "after finish_request BaseServer !", "out", "after process_request BaseServer !"),
    ("fail", "before handle_error Server", "out", "after _handle_request_noblock BaseServer"),
    ("hello", "after handle_request BaseServer", "over", "before handle_request BaseServer"),
]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_over_and_out(framework, gated):
    """Over: the next stop that is not inside the call. Out: the next behind the call around that. Whether they return or raise."""
    with gated(LEVELS, framework, "TCPServer", str(len(STEPS) + 1)) as server:
        address, found = server.address(), []
        for line, stop, mode, _ in STEPS:
            server.hold(filter_of(stop), once=True)
            with asking(address, line) as client:
                server.until(main=stop)
                found.append((line, stop, mode, server.step("main", mode)))
                server.release("main")
                assert rest(client) == {"hello": "HELLO\n", "fail": ""}[line]
        assert found == STEPS
        assert ask(address) == "HELLO\n"
        assert server.end() == (0, "")
    assert [where for _, where in server.stops] == [where for _, stop, _, then in STEPS for where in (stop, then)]


@pytest.mark.parametrize(
    ("name", "stop", "mode", "then"),
    [
        ("TCPServer", "before server_close Closing", "over", "after server_close Closing"),
        ("TCPServer", "before server_close TCPServer", "out", "after server_close Closing"),
        ("ThreadingTCPServer", "before server_close TCPServer", "over", "after server_close TCPServer"),
        ("ThreadingTCPServer", "before server_close TCPServer", "out", "after server_close ThreadingMixIn"),
        ("ThreadingTCPServer", "after server_close ThreadingMixIn", "over", "after server_close Closing"),
        ("ForkingTCPServer", "before server_close ForkingMixIn", "over", "after server_close ForkingMixIn"),
        ("ForkingTCPServer", "after server_close TCPServer", "over", "before collect_children ForkingMixIn"),
        ("TCPServer", "before handle_request BaseServer", "out", ""),
        ("TCPServer", "before server_close Closing", "out", ""),
        ("TCPServer", "after server_close Closing", "in", ""),
    ],
)
def test_steps_at_the_end_of_the_server(name, stop, mode, then, gated):
    """Also through the methods of mix-ins; a step that nothing can end lets the program run to its end."""
    with gated(LEVELS, "socketserver", name, "1", holds=[filter_of(stop)]) as server, asking(server.address()):
        server.until(main=stop)
        if then:
            assert server.step("main", mode) == then
            mode = "run"
        server.release("main", mode)
        assert server.end() == (0, "")
    assert [where for _, where in server.stops] == [stop, then] if then else [stop]


START, RUN = "Thread.start Thread", "before Thread.run Thread"
FORK, CHILD = "fork os", "before finish_request BaseServer"
#: Where main is held, how it moves on, who follows, and where which of them are held then.
BIRTHS = {
    "ThreadingTCPServer": [
        (f"before {START}", "in", "both", {"main": f"after {START}", "thread": RUN}),
        (f"before {START}", "in", "parent", {"main": f"after {START}"}),
        (f"before {START}", "in", "child", {"thread": RUN}),
        (f"before {START}", "over", "both", {"main": f"after {START}", "thread": RUN}),
        (f"before {START}", "over", "parent", {"main": f"after {START}"}),
        (f"before {START}", "over", "child", {"thread": RUN}),
        (f"before {START}", "out", "both", {"main": "after process_request ThreadingMixIn"}),
        (f"before {START}", "out", "parent", {"main": "after process_request ThreadingMixIn"}),
        (f"before {START}", "out", "child", {}),
        ("before process_request ThreadingMixIn", "over", "both", {"main": "after process_request ThreadingMixIn"}),
        ("before process_request ThreadingMixIn", "over", "parent", {"main": "after process_request ThreadingMixIn"}),
        ("before process_request ThreadingMixIn", "over", "child", {}),
    ],
    "ForkingTCPServer": [
        (f"before {FORK}", "in", "both", {"main": f"after {FORK}", "child": CHILD}),
        (f"before {FORK}", "in", "parent", {"main": f"after {FORK}"}),
        (f"before {FORK}", "in", "child", {"child": CHILD}),
        (f"before {FORK}", "over", "both", {"main": f"after {FORK}", "child": CHILD}),
        (f"before {FORK}", "over", "parent", {"main": f"after {FORK}"}),
        (f"before {FORK}", "over", "child", {"child": CHILD}),
        (f"before {FORK}", "out", "both", {"main": "after process_request ForkingMixIn"}),
        (f"before {FORK}", "out", "parent", {"main": "after process_request ForkingMixIn"}),
        (f"before {FORK}", "out", "child", {}),
        ("before process_request ForkingMixIn", "over", "both", {"main": "after process_request ForkingMixIn"}),
        ("before process_request ForkingMixIn", "over", "parent", {"main": "after process_request ForkingMixIn"}),
        ("before process_request ForkingMixIn", "over", "child", {}),
    ],
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", BIRTHS)
def test_who_follows_a_step_across_a_birth(framework, name, gated):
    """Across Thread.start and fork the step goes on in the parent, in the thread or child, or in both; the others run on."""
    cases = BIRTHS[name]
    with gated(LEVELS, framework, name, str(len(cases) + 1)) as server:
        address, found = server.address(), []
        for stop, mode, follow, then in cases:
            server.hold(filter_of(stop), once=True)
            with asking(address) as client:
                server.until(main=stop)
                before = len(server.stops)
                server.release("main", mode, follow=follow)
                server.wait(lambda then=then: sorted(server.held.values()) == sorted(then.values()))
                if {"thread", "child"}.isdisjoint(then):
                    assert rest(client) == "HELLO\n"
                server.obey("release_all")
                assert then.keys().isdisjoint({"thread", "child"}) or rest(client) == "HELLO\n"
            found.append((stop, mode, follow, {who.split()[0]: where for who, where in server.stops[before:]}))
        assert found == cases
        assert ask(address) == "HELLO\n"
        assert server.end() == (0, "")


def test_a_child_that_comes_late(gated):
    """It stops where its step ends, though its parent has done so long before, and was released."""
    with gated(HELD, "late", "ForkingTCPServer") as server:
        address = server.address()
        server.hold("before fork", once=True)
        with asking(address) as client:
            server.until(main=f"before {FORK}")
            assert server.step("main", "in") == f"after {FORK}"
            server.release("main")
            assert more(server) == "1"
            server.until(child_1=CHILD)
            server.release("child 1")
            assert rest(client) == "HELLO\n"
        assert server.end() == (0, "closed\n")


# ---- other ways to move on


def test_run_to_here(gated):
    """A hold for one context and one stop: it is held there, and nobody else."""
    with gated(LEVELS, "socketserver", "ThreadingTCPServer", "3") as server:
        address = server.address()
        server.hold("before finish_request")
        with asking(address, "one") as first:
            server.until(thread_1="before finish_request BaseServer")
            with asking(address, "two") as second:
                server.until(thread_1="before finish_request BaseServer", thread_2="before finish_request BaseServer")
                assert server.step("thread 1", "run", to="before finish & owner:Lower") == "before finish Lower"
                server.release("thread 2")
                assert rest(second) == "TWO\n"
            server.release("thread 1")
            assert rest(first) == "ONE\n"
        assert server.told("hold", "filter", "once")[1:] == [("before finish & owner:Lower & context:T1", True)]
        assert server.told("unhold", "id", "by") == [(server.told("hold", "id")[1][0], "used")]
        server.hold("before handle & owner:Lower", once=True)
        with asking(address):
            server.until(thread_3="before finish_request BaseServer")
            assert server.step("thread 3", "out", to="before setup") == "before setup Upper"
            server.obey("release_all")
            assert server.end() == (0, "")


def test_release_all(gated):
    """Those who are held, those who step, and holds: all is as if nobody had ever held; a step that is under way ends nowhere."""
    with gated(LEVELS, "socketserver", "ThreadingTCPServer", "3") as server:
        address = server.address()
        server.hold("before handle & owner:Lower")
        with socket.create_connection(address, timeout=30) as first:
            server.until(thread_1="before handle Lower")
            server.release("thread 1", "over")  # and it waits for its client
            with asking(address, "two") as second:
                server.until(thread_2="before handle Lower")
                server.obey("release_all")
                assert rest(second) == "TWO\n"
            first.sendall(b"one\n")
            assert rest(first) == "ONE\n"
        assert server.folder.page.bytes[1:4] == bytes(3)
        assert ask(address) == "HELLO\n"
        assert server.end() == (0, "")
    assert len(server.stops) == 2
    assert server.told("released", "context", "mode", "by") == [("thread 1", "over", "person"), ("thread 2", "run", "all")]
    assert server.told("unhold", "by") == [("person",)]
    assert server.unasked == 0


# ---- who is meant


#: A condition that the second of three connections meets, where that is held, and what its client says.
CONDITIONS = [
    ("before handle & peer:{port}", "before handle Commanded", "two"),
    ("before handle & peer:127.0.0.1:{port}", "before handle Commanded", "two"),
    ("before handle & #{number}", "before handle Commanded", "two"),
    ("before handle & owner:Commanded & nth:2", "before handle Commanded", "two"),
    ("after finish_request & #{number} & !raised", "after finish_request BaseServer", "two"),
    ("after handle & raised", "after handle Commanded !", "fail"),
    ("after handle & raised:LookupError & peer:{port}", "after handle Commanded !", "fail"),
    ("setup & owner:StreamRequestHandler & after & #{number}", "after setup StreamRequestHandler", "two"),
    ("before shutdown_request & peer:{port}", "before shutdown_request TCPServer", "two"),
    ("after get_request & peer:{port}", "after get_request TCPServer", "two"),
]


@pytest.mark.parametrize("name", ["ThreadingTCPServer", "ForkingTCPServer"])
def test_conditions(name, gated):
    """One of three connections is held, wherever what its condition asks for is known; the others pass, also while it is held."""
    with gated(COMMANDED, "socketserver", name) as server:
        address = server.address()
        for place, (condition, where, line) in enumerate(CONDITIONS):
            with socket.socket() as second:
                second.settimeout(30)
                second.bind(("127.0.0.1", 0))
                server.hold(condition.format(port=second.getsockname()[1], number=3 * place + 2))
                assert ask(address, "one").endswith(" one")
                second.connect(address)
                second.sendall(f"{line}\n".encode())
                server.wait(lambda where=where: [*server.held.values()] == [where])
                (who,) = server.held
                if who != "main":
                    assert ask(address, "three").endswith(" three")
                server.release(who)
                assert rest(second)[-len(line) :] == ("" if line == "fail" else line)
                if who == "main":
                    assert ask(address, "three").endswith(" three")
                assert server.obey("unhold", id=server.told("hold", "id")[-1][0])
    assert [where for _, where in server.stops] == [where for _, where, _ in CONDITIONS]


def test_a_programs_own_hook(gated):
    """A method that somebody named is a place like any other, by itself and on the way of a step."""
    with gated(NAMED, hooks=["routing:Router.dispatch"], holds=["before Router.dispatch & owner:Base"]) as server:
        with asking(server.address(), "one\ntwo") as client:
            for _ in range(2):
                server.until(main="before Router.dispatch Base")
                assert server.step("main", "out") == "after Router.dispatch Router"
                server.release("main")
            assert rest(client) == "one\nTWO\n"
        assert server.end() == (0, "")


PACED = """
before _handle_request_noblock BaseServer
before get_request TCPServer
before verify_request BaseServer
before process_request BaseServer
before finish_request BaseServer
before setup Upper
before setup Lower
before setup StreamRequestHandler
before handle Upper
before handle Lower
before finish Upper
before finish Lower
before finish StreamRequestHandler
before shutdown_request TCPServer
before close_request TCPServer"""


def test_slow_motion(gated):
    """Each hook that a connection comes through waits by itself, in order; the loop does not, nor does anything when it is over."""
    interval = 10_000_000
    with gated(LEVELS, "socketserver", "TCPServer", "2") as server:
        address = server.address()
        assert server.obey("pace", interval=interval)
        assert ask(address) == "HELLO\n"
        server.wait(lambda: server.told("released")[14:])  # the client has its reply before that
        assert server.obey("pace", interval=0)
        assert ask(address) == "HELLO\n"
        assert server.end() == (0, "")
    assert [where for _, where in server.stops] == PACED.splitlines()[1:]
    assert set(server.told("held", "context", "hold", "step")) == {("main", 0, "pace")}
    assert set(server.told("released", "context", "mode", "by")) == {("main", "run", "pace")}
    waited = [then - since for (since,), (then,) in zip(server.told("held", "t"), server.told("released", "t"), strict=True)]
    assert min(waited) >= interval


def test_a_step_in_slow_motion(gated):
    """What is stepped waits at each hook on its way, and stops where its step ends."""
    with gated(LEVELS, "socketserver", "TCPServer", "1") as server:
        address = server.address()
        server.hold("before finish_request", once=True)
        with asking(address) as client:
            server.until(main="before finish_request BaseServer")
            assert server.obey("pace", interval=1_000_000)
            server.release("main", "over")
            server.until(main="after finish_request BaseServer")
            server.obey("release_all")
            assert rest(client) == "HELLO\n"
    assert [where for _, where in server.stops] == [*PACED.splitlines()[5:14], "after finish_request BaseServer"]
    assert [step for (step,) in server.told("held", "step")] == ["", *["pace"] * 8, "over"]


# ---- what clients see


def test_clients_of_a_loop_that_is_held(gated):
    """As many fit into its queue as ever; whoever waits gives up by its own clock; those that did not are served after all."""
    with gated(COMMANDED, "socketserver", "TCPServer", "1", holds=["before get_request"]) as server:
        address = server.address()
        with asking(address, "one") as first, asking(address, "two") as second:
            server.until(main="before get_request TCPServer")
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.1)
            second.settimeout(0.01)
            with pytest.raises(TimeoutError):
                second.recv(1)
            second.settimeout(30)
            assert server.step("main", "run") == "before get_request TCPServer"
            assert rest(first).endswith(" one")
            server.release("main")
            assert rest(second).endswith(" two")


@pytest.mark.parametrize("name", ["TCPServer", "ThreadingTCPServer", "ForkingTCPServer"])
def test_replies_are_what_they_were(name, gated):
    """To the byte, whatever is held on the way."""
    with gated(LEVELS, "socketserver", name, "3", holds=["owner:Lower | Thread.start | fork | close_request"]) as server:
        address = server.address()
        for line in ("x" * 100_000, "\0\xff", ""):
            with asking(address, line) as client:
                reply = []
                thread = threading.Thread(target=lambda client=client, reply=reply: reply.append(rest(client)))
                thread.start()
                while thread.is_alive():
                    server.wait(lambda thread=thread: server.held or not thread.is_alive())
                    for who in server.held:
                        server.release(who)
                assert reply == [f"{line}\n".encode().upper().decode()]


# ---- who may come


def test_the_gate_lies_where_nobody_else_gets(gated):
    with gated(LEVELS, "socketserver", "TCPServer", "0") as server:
        path = server.folder.path
        assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path / "gate")] == [0o700, 0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_another_user_is_refused(gated):
    """Even if everybody may come as far as the gate: whoever asks there is not held, nor is anybody let go because of that."""
    with gated(HELD, "drop_in_children", "ForkingTCPServer") as server:
        address = server.address()
        server.folder.path.chmod(0o711)
        (server.folder.path / "gate").chmod(0o666)
        server.hold("before handle | after get_request")
        for count in (1, 2):
            with asking(address) as client:
                server.until(main="after get_request TCPServer")
                server.release("main")
                assert rest(client) == "HELLO\n"
            assert server.unasked == count
        server.wait(lambda: server.lines == 1)
        assert server.end() == (0, "closed\n")
    assert server.stops == [("main", "after get_request TCPServer")] * 2


def test_more_come_than_there_are_descriptors_for(gated):
    """Each takes one of ours: when there is none left, we allow ourselves more."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with gated(LEVELS, "socketserver", "ThreadingTCPServer", "5", holds=["before handle & owner:Lower"]) as server:
        address = server.address()
        try:
            with server.busy:
                clients = [asking(address) for _ in range(5)]
                free = os.dup(0)
                os.close(free)
                resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, limit[1]))
            server.wait(lambda: len(server.held) == 5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        server.obey("release_all")
        assert [rest(client) for client in clients] == ["HELLO\n"] * 5
    for client in clients:
        client.close()


def test_who_says_what_is_no_question_is_not_listened_to(gated):
    """Whatever a program of our user writes there: its line is closed, and others are held as ever."""
    with gated(LEVELS, "socketserver", "TCPServer", "1", holds=["before handle & owner:Lower"]) as server:
        address = server.address()
        for said in (b"", b"left", b"?", QUESTION.pack(1, 7, 0, 0), QUESTION.pack(-1, -1, -1, -1), b"?" * 4096):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
                line.settimeout(30)
                line.connect(str(server.folder.path / "gate"))
                line.send(said)
                assert line.recv(1) == b""
        with asking(address) as client:
            server.until(main="before handle Lower")
            server.release("main")
            assert rest(client) == "HELLO\n"
