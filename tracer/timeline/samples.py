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
        self.times: list[tuple[int, int]] = []  # (end, begin) of each sample
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
            queue = Queue(begin, end, depth, limit, drops, held, _reasons(entry))
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

    def zombie_since(self, child: SampledChild) -> int | None:
        """When a child was first seen to be a zombie; None: never."""
        return self.zombies.get((child.pid, child.born), [None])[0]


def _order(sample: Queue | SampledProcess) -> tuple[int, int, str]:
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
