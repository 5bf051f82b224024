"""Pictures made by hand: a recording that began at 0 s, seen at 31 s."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracer.kernel.queues import CLOSED
from tracer.timeline.moment import (
    Child,
    ConnectionMoment,
    ContextMoment,
    Counts,
    Held,
    Hold,
    Moment,
    OpenSpan,
    ProcessMoment,
    Queue,
    ServerMoment,
    Thread,
)
from tracer.timeline.row import Row
from tracer.tui.paths import path_of, supplier_of
from tracer.tui.terminal.text import Lines, TerminalText
from tracer.tui.view import View, errors_in

S = 1_000_000_000
MS = 1_000_000
US = 1_000
NOW = 31 * S

MAIN, CHILD, WORKER = 1, 2, 3


def span(hook: str, ago: int, connection: int | None = None, owner: str = "BaseServer", number: int = 0) -> OpenSpan:
    return OpenSpan(number, hook, owner, True, False, connection, NOW - ago)


def context(
    identity: int, label: str, *stack: OpenSpan, process: int = MAIN, connection: int | None = None, **fields: Any
) -> ContextMoment:
    defaults: dict[str, Any] = {
        "pid": 4100, "tid": 4100, "kind": "process", "cause": "start", "name": "MainThread", "parent": None, "begin": S,
    }  # fmt: skip
    inner = stack[-1].connection if stack else connection
    return ContextMoment(identity, label, process, stack=stack, connection=inner, **{**defaults, **fields})


def row(hook: str, depth: int = 0, took: int | None = 40 * US, **fields: Any) -> Row:
    """A finished call in main; `took` None: it is open."""
    label = fields.get("label", "main")
    begin = fields.pop("begin", NOW - (took if took is not None else 800 * MS))
    row.count = getattr(row, "count", 0) + 1  # type: ignore[attr-defined]
    values: dict[str, Any] = {
        "depth": depth,
        "context": MAIN if label == "main" else int(label[1:]),
        "span": row.count,  # type: ignore[attr-defined]
        "label": label,
        "first": False,
        "hook": hook,
        "owner": "BaseServer",
        "framework": True,
        "super_level": False,
        "connection": None,
        "begin": begin,
        "end": None if took is None else begin + took,
        "outcome": "open" if took is None else "returned",
        "payload": "",
        "folded": 0,
        "open": took is None,
        "current": False,
        "killed": False,
    }
    return Row(**{**values, **fields})


def server(*mro: str, kind: str = "stream", queue: Queue | None = None, **fields: Any) -> ServerMoment:
    names = tuple(f"tracer.socketserver.{name}" if "." not in name else name for name in mro)
    values: dict[str, Any] = {
        "server": 9,
        "pid": 4100,
        "process": MAIN,
        "class_name": mro[0].rpartition(".")[2],
        "module": "demo",
        "mro": names,
        "handler": "demo.EchoHandler",
        "address": "127.0.0.1:43211",
        "family": "inet",
        "kind": kind,
        "descriptor": 3,
        "settings": {},
        "queue": queue,
        "history": (queue,) if queue is not None else (),
        "accepted": 12,
    }
    return ServerMoment(**{**values, **fields})


def queue(**fields: Any) -> Queue:
    return Queue(**{"begin": NOW - 400 * MS, "end": NOW - 400 * MS, "depth": 0, "limit": 5, "drops": 0, **fields})


def connection(number: int, peer: str = "127.0.0.1:53122", **fields: Any) -> ConnectionMoment:
    values: dict[str, Any] = {
        "server": 9, "process": MAIN, "descriptor": 5, "accepted": NOW - 900 * MS, "state": "open", "served": NOW - 800 * MS,
        "context": CHILD, "label": "P4122", "ended": None, "error": "",
    }  # fmt: skip
    return ConnectionMoment(number, peer=peer, **{**values, **fields})


def process(*children: Child, threads: tuple[Thread, ...] = (), **fields: Any) -> ProcessMoment:
    values: dict[str, Any] = {
        "taken": NOW - 400 * MS, "asked": NOW - 401 * MS, "believed_children": len(children), "believed_threads": None,
    }  # fmt: skip
    return ProcessMoment(MAIN, 4100, "main", children=children, threads=threads, **{**values, **fields})


def child(pid: int, number: int | None = None, state: str | None = "running", **fields: Any) -> Child:
    values: dict[str, Any] = {"label": f"P{pid}", "believed": True, "exit": None, "signal": None, "since": NOW - 800 * MS}
    return Child(pid, connection=number, state=state, **{**values, **fields})


def view(
    watched: ServerMoment | None,
    contexts: tuple[ContextMoment, ...] = (),
    connections: tuple[ConnectionMoment, ...] = (),
    processes: tuple[ProcessMoment, ...] = (),
    rows: tuple[Row, ...] = (),
    **fields: Any,
) -> View:
    moment = Moment(
        NOW, contexts, processes, (watched,) if watched else (), connections, 12, 12 - len(connections), Counts(1284, 0, 12)
    )
    path = path_of(supplier_of(watched.mro, frozenset()), watched.kind == "datagram") if watched else None
    values: dict[str, Any] = {
        "title": "demo forking", "mode": "live", "now": NOW, "start": 0, "newest": NOW - 400 * MS, "moment": moment, "rows": rows,
        "more": True, "errors": errors_in(rows), "server": watched, "path": path,
        "loops": {watched.server: MAIN} if watched else {},
    }  # fmt: skip
    return View(**{**values, **fields})


FORKING = ("demo.EchoServer", "ForkingMixIn", "TCPServer", "BaseServer")
THREADING = ("demo.EchoServer", "ThreadingMixIn", "TCPServer", "BaseServer")
LOOP = span("serve_forever", 30 * S)


def forking() -> View:
    """A forking server: #7 in its child's handle, the child of #6 not yet waited for, the parent back in select."""
    p4122 = {"label": "P4122", "connection": 7}
    rows = (
        row("serve_forever", took=None, begin=S, payload="127.0.0.1:43211"),
        row("select", 1, 21 * S, folded=42),
        row("_handle_request_noblock", 1, 1910 * US, connection=7),
        row("get_request", 2, 41 * US, connection=7, payload="127.0.0.1:53122", owner="TCPServer"),
        row("verify_request", 2, 9 * US, connection=7, payload="True"),
        row("process_request", 2, 1720 * US, connection=7, payload="believes 2 children", owner="ForkingMixIn"),
        row("fork", 3, 1610 * US, connection=7, payload="→ P4122", owner="os"),
        row("finish_request", 4, None, first=True, **p4122),
        row("setup", 5, 55 * US, owner="StreamRequestHandler", **p4122),
        row("handle", 5, None, owner="EchoHandler", framework=False, current=True, **p4122),
        row("close_request", 3, 12 * US, connection=7, owner="TCPServer"),
        row("service_actions", 1, 31 * US, owner="ForkingMixIn"),
        row("collect_children", 2, 24 * US, payload="believes 2 children", owner="ForkingMixIn"),
        row("waitpid", 3, 4 * US, payload="P4121 → still running", owner="os"),
        row("select", 1, None, begin=NOW - 400 * MS, current=True, owner="PollSelector"),
    )
    return view(
        server(*FORKING, queue=queue()),
        (
            context(MAIN, "main", LOOP, span("select", 400 * MS)),
            context(CHILD, "P4122", span("finish_request", 800 * MS, 7), span("handle", 800 * MS, 7), process=CHILD, pid=4122),
        ),
        (connection(7),),
        (
            process(
                child(4121, 6, "zombie", exit=0, since=NOW - 200 * MS),
                child(4122, 7),
                threads=(Thread(4100, "python3", "sleeping", "main"),),
            ),
        ),
        rows,
        peak=(3, 18 * S),
    )


def synchronous() -> View:
    """A TCPServer inside handle, with a full queue."""
    stack = tuple(span(hook, 2 * S, 3) for hook in ("_handle_request_noblock", "process_request", "finish_request", "handle"))
    return view(
        server("TCPServer", "BaseServer", queue=queue(depth=6, drops=2)),
        (context(MAIN, "main", LOOP, *stack),),
        (connection(3, context=MAIN, label="main"),),
        (process(threads=(Thread(4100, "python3", "sleeping", "main"),), believed_children=None),),
        title="demo tcp",
        peak=(6, 30 * S),
    )


def threading() -> View:
    """A threading server: #4 in T2, which the kernel knows, and a thread that ran no hook."""
    return view(
        server(*THREADING, queue=queue()),
        (
            context(MAIN, "main", LOOP, span("select", 100 * MS)),
            context(
                WORKER,
                "T2",
                *(span(hook, 3 * S, 4) for hook in ("Thread.run", "process_request_thread", "finish_request", "handle")),
                kind="thread",
                cause="thread",
                name="Thread-2 (process_request_thread)",
                tid=4102,
            ),
        ),
        (connection(4, context=WORKER, label="T2"),),
        (
            process(
                threads=(
                    Thread(4100, "python3", "sleeping", "main"),
                    Thread(4102, "python3", "runnable", "T2"),
                    Thread(4109, "helper", "sleeping", None),
                ),
                believed_children=None,
                believed_threads=1,
            ),
        ),
        title="demo threading",
    )


def written(*pieces: str) -> Lines:
    """What is seen of these pieces of output."""
    terminal = TerminalText()
    for piece in pieces:
        terminal.feed(piece)
    return terminal.lines()


LOG = (
    "\x1b[1mstarting\x1b[0m\r\n"
    "loading [####      ]  40 %\rloading [##########] 100 %\r\n"
    "Serving HTTP on 127.0.0.1 port 8000\r\n"
    '127.0.0.1 - - [01/Jan/2026 00:00:01] "\x1b[32mGET / HTTP/1.1\x1b[0m" 200 -\r\n'
    '127.0.0.1 - - [01/Jan/2026 00:00:02] "\x1b[31mGET /nothing HTTP/1.1\x1b[0m" 404 -\r\n'
    "command> "
)


def running() -> View:
    """A program under `run`: one server closed, one in a thread of the same process, busy, and one that was never served."""
    log = server("HTTPServer", "TCPServer", "BaseServer", server=9, address="127.0.0.1:8000", settings={"request_queue_size": 5})
    closed = changed(log, server=8, class_name="AdminServer", address="127.0.0.1:8001", queue=queue(depth=None, why=NO_SOCKET))
    idle = changed(log, server=10, class_name="SpareServer", address="127.0.0.1:8002", queue=queue())
    web = {"label": "T1", "context": WORKER}
    rows = (
        row("__init__", 0, 1060 * US, owner="TCPServer"),
        row("server_bind", 1, 75 * US, owner="HTTPServer"),
        row("server_activate", 1, 69 * US, owner="TCPServer"),
        row("serve_forever", 0, None, begin=S, payload="127.0.0.1:8000", **web),
        row("_handle_request_noblock", 1, 741 * US, connection=2, **web),
        row("get_request", 2, 58 * US, connection=2, payload="127.0.0.1:37898", owner="TCPServer", **web),
        row("verify_request", 2, 1430, connection=2, payload="True", **web),
        row("process_request", 2, 637 * US, connection=2, **web),
        row("select", 1, None, begin=NOW - 200 * MS, current=True, owner="PollSelector", **web),
    )
    before = view(
        changed(log, queue=queue()),
        (
            context(MAIN, "main"),
            context(WORKER, "T1", LOOP, span("select", 200 * MS), kind="thread", cause="thread", name="web", tid=4102),
        ),
        processes=(process(threads=(Thread(4100, "python3", "sleeping", "main"), Thread(4102, "python3", "sleeping", "T1"))),),
        rows=rows,
        more=False,
        title="run app.py",
        loops={9: WORKER},
        closed=frozenset({8}),
        output=written(LOG),
    )
    assert before.server is not None
    return changed(before, moment=changed(before.moment, servers=(closed, before.server, idle)))


NO_SOCKET = {"depth": CLOSED.why, "limit": CLOSED.why, "drops": CLOSED.why, "bytes": CLOSED.why}


def changed(before: View, **fields: Any) -> View:
    """The same view with other facts."""
    return replace(before, **fields)


def ended(before: View, **fields: Any) -> View:
    """The same view at the end of a run that was followed."""
    return replace(before, **{"mode": "ended", "finished": True, "over": True, "complete": True, **fields})


def replayed(before: View, **fields: Any) -> View:
    """The same view as the newest of a finished recording."""
    return ended(before, mode="replay", **fields)


def held(identity: int, label: str, hook: str, ago: int, **fields: Any) -> Held:
    values: dict[str, Any] = {"owner": "BaseServer", "when": "before", "span": None, "connection": None, "why": "step"}
    return Held(identity, label, hook, since=NOW - ago, **{**values, **fields})


def with_held(before: View, *held_ones: Held, holds: tuple[Hold, ...] = (), pace: int = 0, **fields: Any) -> View:
    """The same view with these held."""
    return replace(before, moment=replace(before.moment, held=held_ones, holds=holds, pace=pace), **fields)


T3 = 4


def holding() -> View:
    """A threading server: #4 in T2 held before handle by a hold, #5 in T3 by a step after setup; the loop goes on."""
    t2, t3 = {"label": "T2", "connection": 4}, {"label": "T3", "connection": 5}
    rows = (
        row("serve_forever", took=None, begin=S, payload="127.0.0.1:43211"),
        row("select", 1, 17 * S, folded=34),
        row("_handle_request_noblock", 1, 910 * US, connection=4),
        row("get_request", 2, 41 * US, connection=4, payload="127.0.0.1:53122", owner="TCPServer"),
        row("process_request", 2, 720 * US, connection=4, payload="keeps 1 thread to join", owner="ThreadingMixIn"),
        row("Thread.start", 3, 310 * US, connection=4, payload="→ T2", owner="Thread"),
        row("process_request_thread", 4, None, begin=NOW - 12_500 * MS, owner="ThreadingMixIn", held=12_400 * MS, first=True, **t2),
        row("finish_request", 5, None, begin=NOW - 12_490 * MS, held=12_400 * MS, **t2),
        row("setup", 6, 55 * US, owner="StreamRequestHandler", **t2),
        row(
            "handle", 6, None, begin=NOW - 12_400 * MS, owner="EchoHandler", framework=False, current=True, held=12_400 * MS,
            stopped="before", **t2,
        ),
        row("_handle_request_noblock", 1, 890 * US, connection=5),
        row("process_request", 2, 700 * US, connection=5, payload="keeps 2 threads to join", owner="ThreadingMixIn"),
        row("Thread.start", 3, 290 * US, connection=5, payload="→ T3", owner="Thread"),
        row("process_request_thread", 4, None, begin=NOW - 9 * S, owner="ThreadingMixIn", held=8900 * MS, first=True, **t3),
        row("finish_request", 5, None, begin=NOW - 8990 * MS, held=8900 * MS, current=True, **t3),
        row("setup", 6, 3 * S, owner="StreamRequestHandler", held=2999 * MS, stopped="after", **t3),
        row("service_actions", 1, 14 * US),
        row("select", 1, None, begin=NOW - 400 * MS, current=True, owner="PollSelector"),
    )  # fmt: skip
    before = view(
        server(*THREADING, queue=queue()),
        (
            context(MAIN, "main", LOOP, span("select", 400 * MS)),
            context(
                WORKER, "T2", *(span(hook, 12 * S, 4) for hook in ("process_request_thread", "finish_request", "handle")),
                kind="thread", cause="thread", name="Thread-2 (process_request_thread)", tid=4102,
            ),
            context(
                T3, "T3", *(span(hook, 9 * S, 5) for hook in ("process_request_thread", "finish_request")),
                kind="thread", cause="thread", name="Thread-3 (process_request_thread)", tid=4103,
            ),
        ),
        (connection(4, context=WORKER, label="T2"), connection(5, "127.0.0.1:53130", context=T3, label="T3")),
        (
            process(
                threads=(
                    Thread(4100, "python3", "sleeping", "main"),
                    Thread(4102, "python3", "sleeping", "T2"),
                    Thread(4103, "python3", "sleeping", "T3"),
                ),
                believed_children=None,
                believed_threads=2,
            ),
        ),
        tuple(replace(one, context=WORKER if one.label == "T2" else T3 if one.label == "T3" else MAIN) for one in rows),
        title="demo threading",
    )  # fmt: skip
    return with_held(
        before,
        held(
            WORKER, "T2", "handle", 12_400 * MS, owner="EchoHandler", connection=4, why="before handle",
            costs=("main has waited 3.2 s in server_close for this thread to end", "#4 127.0.0.1:53122 has no reply yet"),
        ),
        held(
            T3, "T3", "setup", 5900 * MS, owner="StreamRequestHandler", when="after", connection=5,
            costs=("#5 127.0.0.1:53130 has no reply yet",),
        ),
        holds=(Hold(1, "before handle", False, NOW - 20 * S), Hold(2, "before get_request & peer:53140", True, NOW - S)),
    )  # fmt: skip
