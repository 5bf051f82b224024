"""Clients in a recording: their labels, which connection is whose, how they end, and that they are no part of the program."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.timeline import Timeline, navigate
from tracer.timeline.at import at
from tracer.timeline.calls import rows
from tracer.timeline.course import course
from tracer.timeline.events import events
from tracer.timeline.filter import FilterError, call_of, parse, parse_hold
from tracer.timeline.served import served
from tracer.timeline.stats import stats
from tracer.timeline.window import window

PLACE = "127.0.0.1:50001"


def accept(main: Any, descriptor: int = 5, peer: str = PLACE) -> None:
    main.do("get_request", descriptor=descriptor, peer=peer)
    with main.call("close_request", descriptor=descriptor):
        pass
    main.flush()


def receive(main: Any, request: int, peer: str = PLACE) -> None:
    main.do("get_request", request=request, peer=peer)
    main.flush()


def connect(client: Any, place: str = PLACE) -> None:
    client.enter("connect", "socket", address="127.0.0.1:8000")
    client.leave("connect", "socket", address=place)


def numbers(timeline: Any, label: str) -> list[tuple[str, int | None]]:
    return [(row.hook, row.connection) for row in rows(timeline) if row.label == label]


def test_clients_stand_where_they_began_among_the_calls_of_main(scenarios: Any, tools: Any) -> None:
    assert (
        tools.tree(scenarios["visited"]().timeline)
        == """\
main  serve_forever 127.0.0.1:8000 ▸
main   select 1 ready
C1    connect #1 → 127.0.0.1:8000 from 127.0.0.1:50001
C1    send #1 8 bytes
C1    receive #1 EOF
C1    close #1
main   _handle_request_noblock #1
main    get_request #1 127.0.0.1:50001
main    verify_request #1 True
main    close_request #1
main   select 1 ready
C2    connect #2 → 127.0.0.1:8000 from 127.0.0.1:50001
C2    send #2 8 bytes
C2    receive #2 EOF
C2    close #2
main   _handle_request_noblock #2
main    get_request #2 127.0.0.1:50001
main    verify_request #2 True
main    close_request #2
main   select ▶
C3    connect ConnectionRefusedError: [Errno 111] Connection refused ✗
C3    close
C4    connect from 127.0.0.1:50009
C4    receive SIGKILL ☓"""
    )


def test_clients_of_an_idle_loop(scenarios: Any, tools: Any) -> None:
    """Turns in vain before one and behind it are told apart, and main comes behind who began before it."""
    assert (
        tools.tree(scenarios["strayed"]().timeline)
        == """\
C1    connect ConnectionRefusedError ✗
main  serve_forever 127.0.0.1:8000 ▸
main   select ×3
main   service_actions
C2    connect ConnectionRefusedError ✗
main   select ×2
main   select
C3    connect ConnectionRefusedError ✗
main   service_actions
main   select ×1
main   select 1 ready
main   _handle_request_noblock #1
main    get_request #1 127.0.0.1:50001
main    verify_request #1 True
main    process_request #1
main     fork #1 → P4122
P4122     handle #1
C4    connect ConnectionRefusedError ✗
main     close_request #1
main   select ▶
C5    connect ConnectionRefusedError ✗"""
    )


def test_clients_are_inside_of_no_call(scenarios: Any, tools: Any) -> None:
    """Nobody was born where they stand, and folding a call away hides none of them."""
    recording = scenarios["strayed"]()
    timeline, main = recording.timeline, recording.hands[1].id
    clients = [context for context in timeline.ordered.items if context.kind == "client"]
    assert [navigate.around(timeline, client.id, 0) for client in clients] == [None] * 5
    loop = next(row for row in rows(timeline) if row.hook == "serve_forever")
    shown = window(timeline, None, None, 99, 0, {(main, loop.span)}).rows
    assert [(row.label, row.hook) for row in shown] == [
        ("C1", "connect"), ("main", "serve_forever"), ("C2", "connect"), ("C3", "connect"), ("C4", "connect"), ("C5", "connect"),
    ]  # fmt: skip
    fork = next(row for row in rows(timeline) if row.hook == "fork")
    inside = navigate.inside(timeline, main, fork.span)
    assert inside is not None
    assert (inside.context, inside.span) == (recording.hands[4].id, 0)
    select = next(row for row in rows(timeline) if row.hook == "select" and not row.folded and not row.open)
    assert (select.inside, navigate.inside(timeline, main, select.span)) == (False, None)
    assert [(one.label, one.parent) for one in at(timeline, recording.now).contexts] == [("main", None), ("P4122", main)]
    assert [one["parent"] for one in stats(timeline)["contexts"] if one["kind"] == "client"] == [None] * 5
    found = course(timeline, 1, timeline.newest)
    assert found is not None
    assert {one.label for one in found.calls} == {row.label for row in served(timeline, 1, timeline.newest).rows} == {"main", "P4122"}


def test_a_client_that_came_while_main_forked_is_no_child(new: Any) -> None:
    """The connection's course is over when the child is done, whether or not the client is."""
    recording = new()
    main = recording.process(100)
    with main.call("serve_forever"):
        main.do("get_request", descriptor=5, peer=PLACE)
        main.enter("fork", "os")
        child = main.fork(4122)
        recording.client(300)
        main.leave("fork", "os", pid=4122)
        main.do("close_request", descriptor=5)
        child.enter("_exit", "os", status=0)
    found = course(recording.timeline, 1, recording.now)
    assert found is not None
    assert found.over == (True, True)


def test_a_client_is_last_until_main_has_gone_on(new: Any, tools: Any) -> None:
    """What main has done before it came may be written later than what it does."""
    recording = new()
    main = recording.process(100)
    main.enter("serve_forever")
    main.flush()
    main.do("select", ready=0)
    recording.thread(main, 101).enter("handle")
    stray = recording.client(300)
    stray.do("connect", "socket")
    stray.flush()
    recording.hands[1].flush()
    timeline = tools.load(recording.data)
    assert tools.tree(timeline) == "main  serve_forever ▶\nT1     handle ▶\nC1    connect"
    read = len(recording.frames)
    main.do("service_actions")
    main.flush()
    timeline.feed(tools.decode(b"".join(one for _, one in recording.frames[read:])))
    assert tools.tree(timeline) == "main  serve_forever ▶\nmain   select\nT1     handle ▶\nC1    connect\nmain   service_actions"


def test_a_client_costs_no_new_beginning(new: Any, tools: Any) -> None:
    """Whatever main had not written when it came."""
    recording, timeline, read = new(), Timeline(), 0
    main = recording.process(100)
    main.enter("serve_forever")
    states = set()
    for number in range(20):
        main.flush()
        main.do("select", ready=1)
        client = recording.client(300 + number)
        connect(client)
        recording.left(client)
        main.do("service_actions")
        timeline.feed(tools.decode(b"".join(one for _, one in recording.frames[read:])))
        read = len(recording.frames)
        states.add(id(timeline.settle()))
    assert len(states) == 1
    assert [context.anchor for context in timeline.ordered.items[1:]] == [*range(1, 39, 2), -1]


def test_clients_move_to_a_main_that_is_read_last(new: Any, tools: Any) -> None:
    recording = new()
    first, second = recording.process(100), recording.process(200)
    for hand in (first, second):
        hand.enter("serve_forever")
        hand.flush()
    client = recording.client(300)
    connect(client)
    client.flush()
    for hand in (first, second):
        hand.do("select", ready=0)
        hand.flush()
    timeline = Timeline()
    for wanted in (second.id, client.id, 0, first.id):
        timeline.feed(tools.decode(b"".join(one for context, one in recording.frames if context == wanted)))
        timeline.settle()
    assert tools.tree(timeline) == tools.tree(recording.timeline)
    assert [(row.label, row.hook) for row in rows(timeline)] == [
        ("main", "serve_forever"), ("C1", "connect"), ("main", "select"), ("P200", "serve_forever"), ("P200", "select"),
    ]  # fmt: skip


def test_clients_are_counted_apart(scenarios: Any) -> None:
    found = stats(scenarios["visited"]().timeline)
    assert "connect" not in found["hooks"]
    assert found["steps"] == {
        "connect": {"calls": 4, "returns": 3, "raises": 1},
        "send": {"calls": 2, "returns": 2, "raises": 0},
        "receive": {"calls": 3, "returns": 2, "raises": 0},
        "close": {"calls": 3, "returns": 3, "raises": 0},
    }
    assert [(one["name"], one["kind"], one["cause"], one["parent"], one["end"], one["signal"]) for one in found["contexts"]] == [
        ("MainThread", "process", "start", None, "open", None),
        ("client 1", "client", "start", None, "returned", None),
        ("client 2", "client", "start", None, "returned", None),
        ("client 3", "client", "start", None, "returned", None),
        ("client 4", "client", "start", None, "killed", 9),
    ]


def test_threads_are_numbered_without_the_clients(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.client(300)
    worker = recording.thread(main, 101)
    recording.client(301)
    timeline = recording.timeline
    labels = [timeline.label(context) for context in timeline.ordered.items]
    assert labels == ["main", "C1", "T1", "C2"]
    assert timeline.label(timeline.contexts[worker.id]) == "T1"


def test_a_client_is_no_process_of_the_run(scenarios: Any) -> None:
    """Also where it began before the program, whose pid it has."""
    recording = scenarios["visited"]()
    moment = at(recording.timeline, recording.now)
    assert [process.label for process in moment.processes] == ["main"]
    early = type(recording)()
    early.client(100)
    main = early.process(100)
    timeline = early.timeline
    assert (timeline.label(timeline.contexts[main.id]), timeline.contexts[main.id].process.cause) == ("main", "start")


def test_the_connection_stands_beside_a_client_from_its_acceptance_on(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    client = recording.client(300)
    connect(client)
    client.enter("send", "socket")
    client.flush()
    before = recording.now
    accept(main)
    recording.tick()
    timeline = recording.timeline

    def seen(t: int) -> tuple[int | None, list[int | None]]:
        context = at(timeline, t).context(client.id)
        assert context is not None
        return context.connection, [row.connection for row in rows(timeline, until=t) if row.context == client.id]

    assert seen(before) == (None, [None, None])
    assert seen(recording.now) == (1, [1, 1])


def test_between_two_steps_a_client_has_its_connection(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    client = recording.client(300)
    connect(client)
    client.flush()
    accept(main)
    context = at(recording.timeline, recording.now).context(client.id)
    assert context is not None
    assert (context.kind, context.label, context.stack, context.connection) == ("client", "C1", (), 1)


def test_an_address_that_is_used_again(new: Any) -> None:
    """The first client left without having been accepted: what comes from there later is none of its."""
    recording = new()
    main = recording.process(100)
    accept(main)
    first, second = recording.client(300), recording.client(301)
    connect(first)
    recording.left(first)
    connect(second)
    second.flush()
    accept(main)
    timeline = recording.timeline
    assert numbers(timeline, "C1") == [("connect", None)]
    assert numbers(timeline, "C2") == [("connect", 2)]


def test_each_datagram_is_a_connection(new: Any) -> None:
    """One that was lost has none."""
    recording = new()
    main = recording.process(100)
    client = recording.client(300)
    connect(client)
    for number in range(3):
        client.do("send", "socket", bytes=8)
        client.flush()
        if number != 1:
            receive(main, 1000 + number)
            client.do("receive", "socket", bytes=8)
    client.do("close", "socket")
    assert numbers(recording.timeline, "C1") == [
        ("connect", 1), ("send", 1), ("receive", 1), ("send", None), ("send", 2), ("receive", 2), ("close", 2),
    ]  # fmt: skip


def test_an_empty_datagram_is_no_end(new: Any, tools: Any) -> None:
    recording = new()
    client = recording.client(300)
    client.do("receive", "socket", bytes=0)
    client.do("receive", "socket", bytes=1)
    client.do("receive", "socket")
    assert tools.tree(recording.timeline) == "C1    receive 0 bytes\nC1    receive 1 byte\nC1    receive"


@pytest.mark.parametrize(("end", "how", "mark"), [("gone", "gone", "gone"), ("over", "gone", "gone"), ("exit", "exited", "⏹")])
def test_a_client_that_did_not_leave(end: str, how: str, mark: str, new: Any, tools: Any) -> None:
    recording = new()
    client = recording.client(300)
    client.enter("receive", "socket")
    client.flush()
    match end:
        case "gone":
            recording.gone(client)
        case "over":
            recording.end()
        case "exit":
            recording.exit(client, 1 << 8)
    assert tools.tree(recording.timeline) == f"C1    receive {mark}"
    assert [(one["end"], one["status"]) for one in stats(recording.timeline)["contexts"]] == [(how, 1 if end == "exit" else None)]


def test_the_events_of_a_client(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main)
    client = recording.client(300, "client 1")
    connect(client)
    client.flush()
    main.enter("serve_forever", server=7)
    accept(main)
    recording.left(client)
    found = [event.as_dict() for event in events(recording.timeline) if event.context == client.id]
    told = ("kind", "hook", "owner", "server", "connection", "pid")
    assert [{name: value for name, value in one.items() if name not in ("t", "context", "depth")} for one in found] == [
        dict(zip(told, ("begin", None, None, None, None, 300), strict=True)) | {"name": "client 1", "label": "C1"},
        dict(zip(told, ("client", "connect", "socket", 7, 1, 300), strict=True)) | {"event": "enter", "address": "127.0.0.1:8000"},
        dict(zip(told, ("client", "connect", "socket", 7, 1, 300), strict=True)) | {"event": "return", "address": PLACE},
        dict(zip(told, ("end", None, None, None, None, 300), strict=True)) | {"end": "returned", "status": None, "signal": None},
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#1", ["connect", "send", "receive", "close"]),
        ("peer:50001 & connect", ["connect", "connect"]),
        ("context:C1", ["connect", "send", "receive", "close"]),
        ("raised:ConnectionRefusedError", ["connect"]),
        ("server:8000 & send", ["send", "send"]),
        ("owner:socket & !connection", ["connect", "close", "connect", "receive"]),
    ],
)
def test_filters_find_clients(text: str, found: list[str], scenarios: Any) -> None:
    timeline = scenarios["visited"]().timeline
    wanted = parse(text)
    clients = [row for row in rows(timeline) if row.label.startswith("C")]
    calls = [(row.hook, call_of(timeline, timeline.contexts[row.context], row.span, "after")) for row in clients]
    assert [hook for hook, call in calls if wanted.matches(call)] == found


def test_nobody_holds_a_client() -> None:
    with pytest.raises(FilterError, match="connect is what a client does: nobody can hold that"):
        parse_hold("before connect")
    with pytest.raises(FilterError, match=r"did you mean connect\?"):
        parse("conect")


@pytest.mark.parametrize(
    ("told", "http"),
    [
        ({"handler_mro": ["__main__.Pages", "http.server.BaseHTTPRequestHandler", "socketserver.BaseRequestHandler"]}, True),
        ({"handler_mro": [], "mro": ["http.server.HTTPServer", "socketserver.TCPServer"]}, True),
        ({"handler_mro": ["__main__.SimpleHTTPRequestHandler", "__main__.BaseHTTPRequestHandler"]}, True),  # as -m http.server has it
        ({"handler_mro": ["__main__.Echo", "socketserver.BaseRequestHandler"]}, False),
        ({}, False),
    ],
)
def test_whether_a_server_reads_http(told: dict[str, object], http: bool, new: Any) -> None:
    recording = new()
    recording.server(recording.process(100), **told)
    assert [server.http for server in at(recording.timeline, recording.now).servers] == [http]


def test_a_client_has_the_number_of_its_name(new: Any) -> None:
    """Where two have one, or one has none, it is the next that is free, in the order in which they began."""
    recording = new()
    for pid, name in enumerate(["client 7", "client 2 (slow)", "client 7", "somebody"], 300):
        connect(recording.client(pid, name))
    timeline = recording.timeline
    assert [timeline.label(one) for one in timeline.ordered.items] == ["C7", "C2", "C8", "C9"]
