"""Recordings built by hand: frames as the probe and the supervisor write them, with a clock that each event moves on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any

import pytest

from tracer.probe.frames import ENTER, EVENTS, RAISE, RETURN, column, fact, frame, identity, payload, text, word
from tracer.recording.reader import Frame, Reader
from tracer.timeline import Timeline
from tracer.timeline.at import at
from tracer.timeline.calls import Row, rows
from tracer.timeline.events import events
from tracer.timeline.stats import stats

START = 1_000_000
MICROSECOND = 1_000
PROGRAM = {"handle", "setup", "finish"}


class Hand:
    """Writes the events of one context."""

    def __init__(self, recording: Recording, context: int, process: int, pid: int, parent: Hand | None) -> None:
        self.recording, self.id, self.process, self.pid, self.parent = recording, context, process, pid, parent
        self.first = 0
        self.records: list[int] = []

    def enter(self, hook: str, owner: str = "Server", **payloads: int | str) -> None:
        self._event(ENTER, hook, owner, payloads)

    def leave(self, hook: str, owner: str = "Server", **payloads: int | str) -> None:
        self._event(RETURN, hook, owner, payloads)

    def fail(self, hook: str, error: str, owner: str = "Server") -> None:
        self._event(RAISE, hook, owner, {"error": error})

    @contextmanager
    def call(self, hook: str, owner: str = "Server", **payloads: int | str) -> Any:
        self.enter(hook, owner, **payloads)
        yield
        self.leave(hook, owner)

    def do(self, hook: str, owner: str = "Server", /, **payloads: int | str) -> None:
        """Enter and return; what is carried belongs to the return."""
        self.enter(hook, owner)
        self.leave(hook, owner, **payloads)

    def flush(self) -> None:
        if self.records:
            self.recording.add(self.id, frame(EVENTS, self.id, column([self.first, *self.records])))
            self.first += len(self.records) // 2
            self.records = []

    def fork(self, pid: int) -> Hand:
        """A child process; the caller says when the parent's fork returns."""
        self.flush()
        return self.recording.process(pid, cause="fork", parent=self)

    def _event(self, kind: int, hook: str, owner: str, payloads: dict[str, int | str]) -> None:
        code = self.recording.code(hook, owner, self.id)
        self.records += (word(code, kind), self.recording.tick())
        for name, value in payloads.items():
            self.records += text(name, value) if isinstance(value, str) else (payload(name), value)


class Recording:
    """Frames in the order they are written."""

    def __init__(self) -> None:
        self.now = START
        self.frames: list[tuple[int, bytes]] = []
        self.codes: set[int] = set()
        self.hands: list[Hand] = []
        self.fact(0, type="header", version=1, tracer="0", python="3.11", platform="x", program=["x"], monotonic_ns=START, time=0)

    def tick(self, by: int = MICROSECOND) -> int:
        self.now += by
        return self.now

    def add(self, context: int, one: bytes) -> None:
        self.frames.append((context, one))

    def fact(self, context: int, /, **fields: object) -> None:
        self.add(context, fact(context, **fields))

    def code(self, hook: str, owner: str, context: int) -> int:
        code = identity(hook, owner)
        if code not in self.codes:
            self.codes.add(code)
            self.fact(
                context, type="code", id=code, hook=hook, owner=owner, module="m", file="f", line=1, framework=hook not in PROGRAM
            )  # fmt: skip
        return code

    def process(self, pid: int, cause: str = "start", parent: Hand | None = None, ppid: int = 1, born: int = 0) -> Hand:
        context = identity("context", len(self.hands))
        if cause == "start":
            born = born or pid
        ppid = parent.pid if parent is not None else ppid
        hand = Hand(self, context, context, pid, parent)
        self.hands.append(hand)
        self.fact(
            context, type="context", id=context, process=context, pid=pid, tid=pid, kind="process", cause=cause,
            parent=parent.id if parent is not None else 0, name="MainThread", t=self.tick(), ppid=ppid, born=born,
        )  # fmt: skip
        return hand

    def thread(self, parent: Hand, tid: int, identity_: int | None = None) -> Hand:
        context = identity("context", len(self.hands)) if identity_ is None else identity_
        hand = Hand(self, context, parent.process, parent.pid, parent)
        self.hands.append(hand)
        self.fact(
            context, type="context", id=context, process=parent.process, pid=parent.pid, tid=tid, kind="thread", cause="thread",
            parent=parent.id, name=f"Thread-{tid}", t=self.tick(), ppid=1, born=0,
        )  # fmt: skip
        return hand

    def client(self, pid: int, name: str = "client") -> Hand:
        """A client; its process may play several."""
        context = identity("context", len(self.hands))
        hand = Hand(self, context, context, pid, None)
        self.hands.append(hand)
        self.fact(
            context, type="context", id=context, process=context, pid=pid, tid=pid, kind="client", cause="start", parent=0, name=name,
            t=self.tick(), ppid=0, born=0,
        )  # fmt: skip
        return hand

    def left(self, hand: Hand) -> None:
        """The client is done."""
        hand.flush()
        self.fact(hand.id, type="left", context=hand.id, t=self.tick())

    def next_id(self) -> int:
        """The id that the next context will have."""
        return identity("context", len(self.hands))

    def server(self, hand: Hand, server: int = 7, address: str = "127.0.0.1:8000", **more: object) -> None:
        fields = {
            "id": server, "process": hand.process, "pid": hand.pid, "class": "Server", "module": "m", "mro": ["Server", "BaseServer"],
            "handler": "Handler", "address": address, "family": "inet", "kind": "stream", "descriptor": 3, "inode": 1, "settings": {},
            "t": self.tick(),
        }  # fmt: skip
        self.fact(hand.id, type="server", **(fields | more))

    def sample(self, *processes: dict[str, object], queues: Iterable[dict[str, object]] = (), **more: object) -> None:
        begin = self.tick()
        self.fact(0, type="sample", begin=begin, end=self.tick(), queues=list(queues), processes=list(processes), **more)

    def look(self, *calls: dict[str, object], queues: Iterable[dict[str, object]] = ()) -> None:
        """A sample with what threads sleep in; it speaks of all processes."""
        asked = [{"pid": hand.pid, "children": [], "threads": []} for hand in self.hands]
        self.sample(*asked, queues=queues, looked=self.now, calls=list(calls))

    def hold(self, number: int, filter_: str, once: bool = False) -> None:
        self.fact(0, type="hold", id=number, filter=filter_, once=once, t=self.tick())

    def unhold(self, number: int, by: str = "person") -> None:
        self.fact(0, type="unhold", id=number, by=by, t=self.tick())

    def pace(self, interval: int) -> None:
        self.fact(0, type="pace", interval=interval, t=self.tick())

    def held(self, hand: Hand, hook: str, when: str = "before", hold: int = 1, step: str = "") -> int:
        """The context waits at the gate from now on: that time."""
        hand.flush()
        self.fact(0, type="held", context=hand.id, hook=hook, when=when, hold=hold, step=step, t=self.tick())
        return self.now

    def release(self, hand: Hand, mode: str = "run", by: str = "person") -> int:
        """It moves on: at that time."""
        self.fact(0, type="released", context=hand.id, mode=mode, follow="both", by=by, t=self.tick())
        return self.now

    def gone(self, hand: Hand) -> None:
        self.fact(0, type="gone", context=hand.id, t=self.tick())

    def replaced(self, hand: Hand) -> None:
        self.fact(0, type="replaced", context=hand.id, t=self.tick())

    def exit(self, hand: Hand, status: int) -> None:
        self.fact(0, type="exit", pid=hand.pid, status=status, t=self.tick())

    def end(self, alive: tuple[int, ...] = ()) -> None:
        for hand in self.hands:
            hand.flush()
        self.fact(0, type="end", alive=list(alive), t=self.tick())

    @property
    def data(self) -> bytes:
        return b"".join(one for _, one in self.frames)

    @property
    def timeline(self) -> Timeline:
        """All frames, those included that were not flushed."""
        for hand in self.hands:
            hand.flush()
        return load(self.data)


def load(data: bytes) -> Timeline:
    timeline = Timeline()
    timeline.feed(decode(data))
    return timeline


def decode(data: bytes) -> list[Frame]:
    return Reader().feed(data)


MARKS = {"open": "▸", "raised": "✗", "killed": "☓", "lost": "?", "exited": "⏹", "gone": "gone", "replaced": "replaced"}


def line(row: Row) -> str:
    """A row as one line of text."""
    parts = [row.hook + (" ↑" if row.super_level else "")]
    if row.folded:
        parts.append(f"×{row.folded}")
    if row.connection is not None:
        parts.append(f"#{row.connection}")
    if row.payload:
        parts.append(row.payload)
    if row.current:
        parts.append("▶")
    elif row.outcome in MARKS:
        parts.append(MARKS[row.outcome])
    return f"{row.label:<6}{' ' * row.depth}{' '.join(parts)}"


def tree(timeline: Timeline, until: int | None = None, newest: int | None = None) -> str:
    """The call tree as text."""
    return "\n".join(line(row) for row in rows(timeline, until, newest))


def picture(timeline: Timeline, times: Iterable[int]) -> dict[str, object]:
    """Everything that can be asked of a timeline."""
    return {
        "stats": stats(timeline),
        "rows": list(rows(timeline)),
        "events": [event.as_dict() for event in events(timeline)],
        "moments": [at(timeline, t) for t in times],
        "rows then": [list(rows(timeline, until=t)) for t in times],
    }


class Tools:
    """What the tests of this folder share."""

    recording = Recording
    load = staticmethod(load)
    decode = staticmethod(decode)
    tree = staticmethod(tree)
    picture = staticmethod(picture)
    rows = staticmethod(rows)


@pytest.fixture
def new() -> type[Recording]:
    return Recording


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools


Scenario = Callable[[], Recording]


def one_request(recording: Recording, main: Hand, descriptor: int = 5, peer: str = "127.0.0.1:50001") -> None:
    """From select's return to what get_request returned and verify_request said."""
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=descriptor, peer=peer)
    main.do("verify_request", truth=1)


def synchronous() -> Recording:
    recording = Recording()
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    for _ in range(3):
        main.leave("select", "select", ready=0)
        main.do("service_actions")
        main.enter("select", "select")
        main.flush()
    one_request(recording, main)
    main.enter("process_request")
    main.enter("finish_request", descriptor=5)
    main.do("setup", "Handler")
    main.enter("handle", "Handler")
    main.flush()
    main.leave("handle", "Handler")
    main.do("finish", "Handler")
    main.leave("finish_request")
    with main.call("shutdown_request", descriptor=5), main.call("close_request", descriptor=5):
        pass
    main.leave("process_request")
    main.leave("_handle_request_noblock")
    main.do("service_actions")
    main.enter("select", "select")
    main.flush()
    return recording


def threaded(requests: int = 2) -> Recording:
    recording = Recording()
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    recording.server(main)
    workers = []
    for number in range(requests):
        descriptor = 5 + number % 2
        one_request(recording, main, descriptor, f"127.0.0.1:{50001 + number}")
        main.enter("process_request", "ThreadingMixIn")
        main.enter("Thread.start", "threading", context=recording.next_id())
        main.flush()
        worker = recording.thread(main, 101 + number)
        worker.enter("Thread.run", "threading")
        worker.enter("process_request_thread", "ThreadingMixIn", descriptor=descriptor)
        worker.enter("finish_request", descriptor=descriptor)
        worker.enter("handle", "Handler")
        worker.flush()
        workers.append((worker, descriptor))
        main.leave("Thread.start", "threading")
        main.leave("process_request", "ThreadingMixIn", threads=number + 1)
        main.leave("_handle_request_noblock")
        main.do("service_actions")
        main.enter("select", "select")
        main.flush()
    for worker, descriptor in workers[:-1]:
        worker.leave("handle", "Handler")
        worker.leave("finish_request")
        with worker.call("shutdown_request", descriptor=descriptor), worker.call("close_request", descriptor=descriptor):
            pass
        worker.leave("process_request_thread", "ThreadingMixIn")
        worker.leave("Thread.run", "threading")
        worker.flush()
    return recording


def forked() -> Recording:
    recording = Recording()
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    one_request(recording, main)
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    child = main.fork(4122)
    main.leave("fork", "os", pid=4122)
    with main.call("close_request", descriptor=5):
        pass
    child.enter("finish_request", descriptor=5)
    child.enter("handle", "Handler")
    child.flush()
    main.leave("process_request", "ForkingMixIn", children=1)
    main.leave("_handle_request_noblock")
    main.enter("service_actions", "ForkingMixIn")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=1)
    main.leave("waitpid", "os", pid=0, status=0)
    main.leave("collect_children", "ForkingMixIn", children=1)
    main.leave("service_actions", "ForkingMixIn")
    main.enter("select", "select")
    main.flush()
    recording.sample(
        {"pid": 100, "children": [{"pid": 4122, "born": 9, "state": "running", "exit": None, "signal": None}], "threads": []}
    )
    child.leave("handle", "Handler")
    child.leave("finish_request")
    with child.call("shutdown_request", descriptor=5), child.call("close_request", descriptor=5):
        pass
    child.enter("_exit", "os", status=0)
    child.flush()
    recording.sample({"pid": 100, "children": [{"pid": 4122, "born": 9, "state": "zombie", "exit": 0, "signal": None}], "threads": []})
    main.leave("select", "select", ready=0)
    main.enter("service_actions", "ForkingMixIn")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=1)
    main.leave("waitpid", "os", pid=4122, status=0)
    main.leave("collect_children", "ForkingMixIn", children=0)
    main.leave("service_actions", "ForkingMixIn")
    main.enter("select", "select")
    main.flush()
    recording.sample({"pid": 100, "children": [], "threads": []})
    return recording


def killed() -> Recording:
    recording = Recording()
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    one_request(recording, main)
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    child = main.fork(4122)
    main.leave("fork", "os", pid=4122)
    with main.call("close_request", descriptor=5):
        pass
    child.enter("finish_request", descriptor=5)
    child.enter("handle", "Handler")
    child.flush()
    main.leave("process_request", "ForkingMixIn", children=1)
    main.leave("_handle_request_noblock")
    main.enter("service_actions", "ForkingMixIn")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=1)
    main.leave("waitpid", "os", pid=4122, status=9)
    main.leave("collect_children", "ForkingMixIn", children=0)
    main.leave("service_actions", "ForkingMixIn")
    main.enter("select", "select")
    main.flush()
    return recording


def executed() -> Recording:
    """A server executes a shell in its handler's thread, the shell a traced program, which starts another; all that is seen of it."""
    recording = Recording()
    main = recording.process(100, born=5)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    one_request(recording, main)
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    worker = recording.thread(main, 101)
    worker.enter("handle", "Handler")
    worker.flush()
    main.leave("Thread.start", "threading")
    main.enter("select", "select")
    main.flush()
    recording.replaced(main)
    recording.gone(worker)
    spawned = recording.process(200, ppid=100)
    second = recording.process(100, born=5)
    second.do("handle", "Handler")
    recording.replaced(main)
    recording.exit(second, 3 << 8)
    recording.gone(main)
    spawned.do("handle", "Handler")
    return recording


def held() -> Recording:
    """A threading server: one thread is held, stepped over its handle and released, another held and never released; so is the loop."""
    recording = Recording()
    main = recording.process(100)
    recording.server(main)
    recording.hold(1, "before handle")
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    recording.hold(2, "after select", once=True)
    main.leave("select", "select", ready=0)
    recording.held(main, "select", "after", hold=2)
    recording.unhold(2, "used")
    recording.release(main)
    main.do("service_actions")
    main.enter("select", "select")
    main.flush()
    workers = []
    for number in range(2):
        one_request(recording, main, 5 + number, f"127.0.0.1:{50001 + number}")
        main.enter("process_request", "ThreadingMixIn")
        main.enter("Thread.start", "threading", context=recording.next_id())
        main.flush()
        worker = recording.thread(main, 101 + number)
        worker.enter("Thread.run", "threading")
        worker.enter("finish_request", descriptor=5 + number)
        worker.enter("handle", "Handler")
        recording.held(worker, "handle")
        workers.append(worker)
        main.leave("Thread.start", "threading")
        main.leave("process_request", "ThreadingMixIn")
        main.leave("_handle_request_noblock")
        main.enter("select", "select")
        main.flush()
    first = workers[0]
    recording.release(first, "over")
    first.leave("handle", "Handler")
    recording.held(first, "handle", "after", hold=0, step="over")
    recording.sample()
    recording.pace(5_000)
    recording.release(first)
    first.leave("finish_request")
    first.enter("close_request", descriptor=5)
    recording.held(first, "close_request", hold=0, step="pace")
    recording.release(first, by="pace")
    first.leave("close_request")
    first.leave("Thread.run", "threading")
    first.flush()
    recording.pace(0)
    recording.unhold(1)
    main.leave("select", "select", ready=0)
    recording.held(main, "select", "after", hold=0, step="in")
    return recording


def visited() -> Recording:
    """Two clients of one address, one after the other; a third that is refused, and a fourth that is killed as it waits."""
    recording = Recording()
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    for number in range(2):
        client = recording.client(300 + number, f"client {number + 1}")
        client.enter("connect", "socket", address="127.0.0.1:8000")
        client.flush()
        one_request(recording, main)
        client.leave("connect", "socket", address="127.0.0.1:50001")
        client.do("send", "socket", bytes=8)
        client.enter("receive", "socket")
        client.flush()
        with main.call("close_request", descriptor=5):
            pass
        main.leave("_handle_request_noblock")
        main.enter("select", "select")
        main.flush()
        client.leave("receive", "socket", bytes=-1)
        client.do("close", "socket")
        recording.left(client)
    refused = recording.client(302, "client 3")
    refused.enter("connect", "socket", address="127.0.0.1:8001")
    refused.fail("connect", "ConnectionRefusedError: [Errno 111] Connection refused", "socket")
    refused.do("close", "socket")
    recording.left(refused)
    killed = recording.client(302, "client 4")
    killed.do("connect", "socket", address="127.0.0.1:50009")
    killed.enter("receive", "socket")
    killed.flush()
    recording.exit(killed, 9)
    return recording


def stray(recording: Recording, pid: int) -> Hand:
    """A client that nobody serves."""
    client = recording.client(pid)
    client.enter("connect", "socket")
    client.fail("connect", "ConnectionRefusedError", "socket")
    recording.left(client)
    return client


def strayed() -> Recording:
    """Clients that came before the program had begun, while its loop turned in vain (two), while it forked, and at last."""
    recording = Recording()
    stray(recording, 300)
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    for turn in range(7):
        main.flush()
        main.leave("select", "select", ready=0)
        main.do("service_actions")
        if turn == 2:
            stray(recording, 301)
        main.enter("select", "select")
        if turn == 4:
            stray(recording, 302)
    main.flush()
    one_request(recording, main)
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    child = main.fork(4122)
    stray(recording, 303)
    main.leave("fork", "os", pid=4122)
    with main.call("close_request", descriptor=5):
        pass
    child.do("handle", "Handler")
    child.flush()
    main.leave("process_request", "ForkingMixIn")
    main.leave("_handle_request_noblock")
    main.enter("select", "select")
    main.flush()
    stray(recording, 304)
    return recording


SCENARIOS: dict[str, Scenario] = {
    "visited": visited, "strayed": strayed,
    "synchronous": synchronous, "threaded": threaded, "forked": forked, "killed": killed, "executed": executed, "held": held,
}  # fmt: skip


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    return SCENARIOS


@pytest.fixture(params=list(SCENARIOS))
def scenario(request: pytest.FixtureRequest) -> Recording:
    return SCENARIOS[request.param]()
