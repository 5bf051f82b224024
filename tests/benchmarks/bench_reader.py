"""How fast a recording of a million events is read, folded and asked, and what it costs in memory.

    python tests/benchmarks/bench_reader.py [EVENTS]

The recording is synthetic: a threading server, a thread a request, 26 events a request with the frames a probe would write (four a
request: before Thread.start, before the loop's next wait, before the program's handle, at the end of the thread). Each measurement is
made in a fresh interpreter; memory is the peak resident size above that of a bare interpreter with the same imports, both as the
kernel keeps them for this program alone: `ru_maxrss` would begin with the peak of the process that started it.
"""

import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tracer.probe.frames import ENTER, EVENTS, RETURN, column, fact, frame, identity, payload, text, word

HOOKS = (
    *("serve_forever", "select", "_handle_request_noblock", "get_request", "verify_request", "process_request"),
    *("Thread.start", "Thread.run", "process_request_thread", "finish_request", "handle", "finish"),
    *("shutdown_request", "close_request"),
)
EVENTS_A_REQUEST = 26
SAMPLES = 666  # requests from one sample to the next
CODE = {hook: identity(hook) for hook in HOOKS}
MAIN, START = 1, 1_000_000_000
SERVER = 7


class Writer:
    """The writer of one context."""

    def __init__(self, out: list[bytes], context: int) -> None:
        self.out, self.context, self.records, self.first = out, context, [], 0

    def event(self, kind: int, hook: str, t: int, **payloads: int | str) -> None:
        self.records += (word(CODE[hook], kind), t)
        for name, value in payloads.items():
            self.records += text(name, value) if isinstance(value, str) else (payload(name), value)

    def flush(self) -> None:
        self.out.append(frame(EVENTS, self.context, column([self.first, *self.records])))
        self.first += len(self.records) // 2
        self.records = []


def opening(start: int) -> tuple[bytes, Writer]:
    """How a recording begins, and who goes on writing it: the context of a loop that waits in select."""
    out: list[bytes] = [
        fact(0, type="header", version=1, tracer="0", python="3.11.7", platform="x", program=["x"], monotonic_ns=start, time=0)
    ]
    for hook, code in CODE.items():
        out.append(fact(MAIN, type="code", id=code, hook=hook, owner="Owner", module="m", file="f", line=1, framework=hook != "handle"))
    out.append(
        fact(
            MAIN, type="context", id=MAIN, process=MAIN, pid=100, tid=100, kind="process", cause="start", parent=0, name="MainThread",
            t=start, ppid=1, born=5,
        )
    )  # fmt: skip
    mro = [f"socketserver.{name}" for name in ("ThreadingTCPServer", "ThreadingMixIn", "TCPServer", "BaseServer")]
    out.append(
        fact(
            MAIN, type="server", id=SERVER, process=MAIN, pid=100, t=start, mro=mro, handler="m.EchoHandler", address="127.0.0.1:9",
            family="inet", kind="stream", descriptor=3, inode=1, settings={"request_queue_size": 5}, module="socketserver",
            **{"class": "ThreadingTCPServer"},
        )
    )  # fmt: skip
    main = Writer(out, MAIN)
    main.event(ENTER, "serve_forever", start, server=SERVER)
    main.event(ENTER, "select", start + 1)
    main.flush()
    return b"".join(out), main


def serve(out: list[bytes], main: Writer, request: int, t: int, batched: bool = False) -> None:
    """The frames of one request that comes at `t`, in a thread of its own."""
    main.out = out
    thread = identity("thread", request)
    descriptor = 5 + request % 3
    main.event(RETURN, "select", t, ready=1)
    main.event(ENTER, "_handle_request_noblock", t + 1)
    main.event(ENTER, "get_request", t + 2)
    peer = 0x7F000001 << 16 | 30000 + request % 20000
    main.event(RETURN, "get_request", t + 3, descriptor=descriptor, peer4=peer)
    main.event(ENTER, "verify_request", t + 4)
    main.event(RETURN, "verify_request", t + 5, truth=1)
    main.event(ENTER, "process_request", t + 6)
    main.event(ENTER, "Thread.start", t + 7, context=thread)
    if not batched:
        main.flush()
    name = f"Thread-{request} (process_request_thread)"
    out.append(
        fact(
            thread, type="context", id=thread, process=MAIN, pid=100, tid=101 + request, kind="thread", cause="thread", parent=MAIN,
            name=name, t=t + 8, ppid=1, born=5,
        )
    )  # fmt: skip
    worker = Writer(out, thread)
    worker.event(ENTER, "Thread.run", t + 8)
    worker.event(ENTER, "process_request_thread", t + 9, descriptor=descriptor)
    worker.event(ENTER, "finish_request", t + 10, descriptor=descriptor)
    worker.event(ENTER, "handle", t + 11)
    if not batched:
        worker.flush()
    main.event(RETURN, "Thread.start", t + 20)
    main.event(RETURN, "process_request", t + 21, threads=1)
    main.event(RETURN, "_handle_request_noblock", t + 22)
    main.event(ENTER, "select", t + 23)
    main.flush()
    worker.event(RETURN, "handle", t + 50_000)
    worker.event(ENTER, "finish", t + 50_001)
    worker.event(RETURN, "finish", t + 50_002)
    worker.event(RETURN, "finish_request", t + 50_003)
    worker.event(ENTER, "shutdown_request", t + 50_004, descriptor=descriptor)
    worker.event(ENTER, "close_request", t + 50_005, descriptor=descriptor)
    worker.event(RETURN, "close_request", t + 50_006)
    worker.event(RETURN, "shutdown_request", t + 50_007)
    worker.event(RETURN, "process_request_thread", t + 50_008)
    worker.event(RETURN, "Thread.run", t + 50_009)
    worker.flush()


def sample(t: int) -> bytes:
    """What the supervisor has asked at `t`."""
    queue = {"server": SERVER, "depth": 0, "limit": 5, "drops": 0, "bytes": None, "bytes_limit": None, "next_bytes": None, "why": {}}
    process = {"pid": 100, "children": [], "threads": [{"tid": 100, "name": "python3", "state": "sleeping"}]}
    return fact(0, type="sample", begin=t, end=t + 300_000, queues=[queue], processes=[process])


def ending(t: int) -> bytes:
    """How a recording ends."""
    return fact(0, type="exit", pid=100, status=0, t=t) + fact(0, type="end", t=t + 1)


def recording(events: int, batched: bool = False) -> bytes:
    """The bytes of a recording with about that many events; `batched`: two frames a request, as if nothing had to be written early."""
    begin, main = opening(START)
    out = [begin]
    t = START
    for request in range(events // EVENTS_A_REQUEST):
        t += 100_000
        serve(out, main, request, t, batched)
        if request % SAMPLES == 0:
            out.append(sample(t))
    out.append(ending(t + 90_000))
    return b"".join(out)


def peak() -> int:
    """Bytes that were resident at most since this program began."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def measure(path: str) -> None:
    """One run in this interpreter; prints its figures."""
    import gc

    from tracer.recording.follow import Follower
    from tracer.timeline import Timeline, at, calls, stats

    bare = peak()
    gc.disable()
    begun = time.process_time()
    with Follower(path) as follower:
        while follower.read():
            pass
    decoded = time.process_time() - begun
    begun = time.process_time()
    timeline = Timeline()
    with Follower(path) as follower:
        while frames := follower.read():
            timeline.feed(frames)
    del frames
    folded = time.process_time() - begun
    counts = stats.stats(timeline)
    total = time.process_time() - begun
    most = peak()
    gc.freeze()
    gc.enable()
    dice = random.Random(1)
    times = [dice.randrange(timeline.start, timeline.newest) for _ in range(2000)]
    spent = []
    for t in times:
        begun = time.perf_counter()
        at.at(timeline, t)
        spent.append(time.perf_counter() - begun)
    cold = spent[:]
    spent = []
    for t in times:
        begun = time.perf_counter()
        at.at(timeline, t)
        spent.append(time.perf_counter() - begun)
    tails = []
    for t in times[:200]:
        begun = time.perf_counter()
        rows = calls.rows(timeline, until=t, newest=50)
        assert len(list(rows)) == 50
        tails.append(time.perf_counter() - begun)
    print(
        f"decode {decoded:.2f} s   open+fold {folded:.2f} s   open+fold+stats {total:.2f} s   "
        f"memory {(most - bare) / counts['events']:.0f} B/event   "
        f"at: median {statistics.median(spent) * 1e3:.3f} ms, worst {max(spent) * 1e3:.2f} ms, "
        f"first of all {cold[0] * 1e3:.1f} ms   "
        f"50 newest rows: median {statistics.median(tails) * 1e3:.2f} ms   "
        f"({counts['events']} events, {len(counts['contexts'])} contexts, {counts['connections']} connections)"
    )


def main() -> None:
    if len(sys.argv) > 2:
        measure(sys.argv[2])
        return
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for batched in (False, True):
        with tempfile.NamedTemporaryFile(suffix=".tracer") as file:
            file.write(recording(events, batched))
            file.flush()
            print(f"{'two' if batched else 'four'} frames a request, {os.path.getsize(file.name) / 1e6:.0f} MB")  # noqa: PTH202
            for _ in range(3):
                subprocess.run([sys.executable, __file__, "-", file.name], check=True)


if __name__ == "__main__":
    main()
