"""What the kernel said, and when: samples, by server and by process.

Rule of this file: a field that a sample does not have, or has in a form we do not know, is None.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .contexts import number, string
from .moment import Queue

HISTORY = 64
CALLS = 8


class SampledChild(NamedTuple):
    """A child process as a sample lists it."""

    pid: int
    born: int
    state: str
    exit: int | None
    signal: int | None


class SampledThread(NamedTuple):
    """A thread as a sample lists it."""

    tid: int
    name: str
    state: str


class SampledCall(NamedTuple):
    """The system call that a thread was found in that had not run between two looks; it is in it until it runs again."""

    begin: int  # of the sample
    end: int
    call: str | None  # "running": in none; None: it moves, or the kernel does not tell
    why: str = ""  # why it does not; with a call, why it is not known what waits
    since: int | None = None  # when it was last seen to have run since the look before; None: it never was
    descriptor: int | None = None
    what: str = ""  # what that is: "socket", "pipe", a path
    inode: int | None = None  # of the socket
    received: int | None = None  # bytes that wait in it
    sent: int | None = None  # bytes that its other end has not taken
    peer: str = ""  # the address of its other end
    child: int | None = None  # the process that it waits for; -1: any child
    timeout: int | None = None  # milliseconds that the call waits at most; -1: for ever
    until: int | None = None  # when the call ends by itself
    writes: bool = False  # a poll: it waits until it can write


@dataclass(frozen=True, slots=True)
class SampledProcess:
    """One process in one sample."""

    begin: int
    end: int
    children: tuple[SampledChild, ...]
    threads: tuple[SampledThread, ...]


class Samples:
    """All samples, in time order for each server and each pid."""

    def __init__(self) -> None:
        self.queues: dict[int, list[Queue]] = {}
        self.processes: dict[int, list[SampledProcess]] = {}
        self.calls: dict[tuple[int, int], list[SampledCall]] = {}  # (pid, tid) -> whenever another was told
        self.times: list[tuple[int, int]] = []  # (end, begin) of each sample
        self.looks: list[tuple[int, int]] = []  # (end of a sample, when the newest look at calls was begun)
        self.zombies: dict[tuple[int, int], list[int]] = {}  # (pid, born) of a child -> times at which it was a zombie, ends only

    def feed(self, fact: dict[str, Any]) -> None:
        """Take in a sample fact."""
        begin, end = number(fact, "begin"), number(fact, "end")
        place = bisect_right(self.times, (end, begin))
        if place and self.times[place - 1] == (end, begin):
            return  # written twice
        self.times.insert(place, (end, begin))
        for entry in _dicts(fact, "queues"):
            depth, limit, drops, held = (_maybe(entry, name) for name in ("depth", "limit", "drops", "bytes"))
            room, following = _maybe(entry, "bytes_limit"), _maybe(entry, "next_bytes")
            queue = Queue(begin, end, depth, limit, drops, held, _reasons(entry), room, following)
            insort(self.queues.setdefault(number(entry, "server"), []), queue, key=_order)
        for entry in _dicts(fact, "processes"):
            children = tuple(
                SampledChild(
                    number(child, "pid"), number(child, "born"), string(child, "state"), _maybe(child, "exit"), _maybe(child, "signal")
                )
                for child in _dicts(entry, "children")
            )
            threads = tuple(
                SampledThread(number(thread, "tid"), string(thread, "name"), string(thread, "state"))
                for thread in _dicts(entry, "threads")
            )
            pid = number(entry, "pid")
            known = self.processes.setdefault(pid, [])
            if known:  # most samples repeat the one before: share what is equal
                children = known[-1].children if known[-1].children == children else children
                threads = known[-1].threads if known[-1].threads == threads else threads
            insort(known, SampledProcess(begin, end, children, threads), key=_order)
            self._feed_zombies(children, end)
        if "looked" in fact:
            insort(self.looks, (end, number(fact, "looked")))
        for entry in _dicts(fact, "calls"):
            call = _call(entry, begin, end)
            insort(self.calls.setdefault((number(entry, "pid"), number(entry, "tid")), []), call, key=_order)

    def _feed_zombies(self, children: tuple[SampledChild, ...], end: int) -> None:
        for child in children:
            if child.state == "zombie":
                seen = self.zombies.setdefault((child.pid, child.born), [])
                if not seen or end < seen[0]:
                    seen[:] = [end]

    def queue(self, server: int, t: int) -> tuple[Queue, ...]:
        """The newest HISTORY samples of a server's queue at or before `t`, oldest first."""
        known = self.queues.get(server, [])
        place = bisect_right(known, t, key=lambda queue: queue.end)
        return tuple(known[max(0, place - HISTORY) : place])

    def process(self, pid: int, since: int, t: int) -> SampledProcess | None:
        """The newest sample at or before `t`, and not before `since`, that speaks of the process with that pid."""
        known = self.processes.get(pid, [])
        place = bisect_right(known, t, key=lambda sample: sample.end)
        return known[place - 1] if place and known[place - 1].begin >= since else None

    def call(self, pid: int, tid: int, since: int, t: int) -> SampledCall | None:
        """What was told last, at or before `t` and not before `since`, of what that thread is in; None: nothing."""
        return next(iter(self.newest_calls(pid, tid, since, t)), None)

    def newest_calls(self, pid: int, tid: int, since: int, t: int) -> list[SampledCall]:
        """The newest few of that thread's calls that were told of in that time, the last one first."""
        known = self.calls.get((pid, tid), [])
        place = bisect_right(known, t, key=lambda call: call.end)
        return [call for call in reversed(known[max(0, place - CALLS) : place]) if call.begin >= since]

    def looked(self, t: int) -> int | None:
        """When the newest look was begun that was told of at or before `t`; None: there was none."""
        place = bisect_right(self.looks, (t, t))
        return self.looks[place - 1][1] if place else None

    def zombie_since(self, child: SampledChild) -> int | None:
        """When a child was first seen to be a zombie; None: never."""
        return self.zombies.get((child.pid, child.born), [None])[0]


def _call(entry: dict[str, Any], begin: int, end: int) -> SampledCall:
    since, descriptor, inode, received, sent = (_maybe(entry, name) for name in ("since", "descriptor", "inode", "received", "sent"))
    child, timeout, until = (_maybe(entry, name) for name in ("child", "timeout", "until"))
    why, what, peer = (string(entry, name) for name in ("why", "what", "peer"))
    call, writes = string(entry, "call") or None, entry.get("writes") is True
    return SampledCall(begin, end, call, why, since, descriptor, what, inode, received, sent, peer, child, timeout, until, writes)


def _order(sample: Queue | SampledProcess | SampledCall) -> tuple[int, int, str]:
    return sample.end, sample.begin, repr(sample)


def _dicts(fact: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    entries = fact.get(name)
    return (entry for entry in (entries if isinstance(entries, list) else ()) if isinstance(entry, dict))


def _maybe(fact: dict[str, Any], name: str) -> int | None:
    value = fact.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _reasons(entry: dict[str, Any]) -> dict[str, str]:
    reasons = entry.get("why")
    if not isinstance(reasons, dict):
        return {}
    return {str(name): str(reason) for name, reason in reasons.items()}
