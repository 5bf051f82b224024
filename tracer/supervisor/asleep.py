"""What threads that do not move sleep in: of the traced servers' processes and of their forked children.

Nobody is asked who moves. A **look** goes through all threads a few times a second and compares how often each has run; one that has
not run between two looks is asked what it is in, once: until it runs again the answer stays true, that of how many bytes wait for it
included. Only what is new is told; that a look was taken is, too.

Costs of a look: about 8 µs a thread, and once for each rest of one 20 to 50 µs, and 0.5 ms where that is at a TCP connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tracer.kernel.answer import GONE, Answer, NotAvailable
from tracer.kernel.processes import Thread, threads
from tracer.kernel.queues import NOT_YET, OTHER_SOCKET, Queues
from tracer.kernel.waiting import RUNNING, Call, call, descriptor, turns

LONGEST = 200  # characters of a path

_MOVES: dict[str, Any] = {"call": None}


@dataclass(slots=True)
class _Seen:
    """A thread, as it was at the last look."""

    turns: Answer[str]
    since: int = 0  # the last look at which it was seen to have run since the one before
    told: dict[str, Any] | None = None  # what was told of it last; None: nothing
    is_asked: bool = False


class Asleep:
    """Looks at threads, again and again."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._traced: set[int] = set()  # pids of processes that have told of themselves
        self._listeners: set[int] = set()  # inodes of servers' sockets: what waits there is asked of the queues
        self._children: set[int] = set()  # at the last look
        self._seen: dict[tuple[int, int], _Seen] = {}
        self.last = 0
        """When the last look was begun, by time.monotonic_ns()."""

    def learn(self, fact: dict[str, Any]) -> None:
        """Take note of a fact of the recording."""
        if fact.get("type") == "context" and fact.get("kind") == "process":
            self._traced.add(int(fact["pid"]))
        elif fact.get("type") == "server":
            self._listeners.add(int(fact.get("inode", 0)))

    def look(self, begin: int, servers: Mapping[int, Iterable[Thread]], children: Iterable[int]) -> list[dict[str, Any]]:
        """What is new of the threads of these processes, and of these children's that are traced and have been there before."""
        listed = dict(servers)
        born = self._traced.intersection(children) - listed.keys()
        for pid in born & self._children:
            found = threads(pid)
            if not isinstance(found, NotAvailable):
                listed[pid] = found
        self._children = born
        before, self._seen = self._seen, {}
        told = []
        for pid, its in listed.items():
            for thread in its:
                known = before.get((pid, thread.tid))
                news = self._thread(begin, pid, thread, known)
                if news is not None:
                    told.append({"pid": pid, "tid": thread.tid, **news})
        self.last = begin
        self._add_waiting(told)
        return told

    def _thread(self, begin: int, pid: int, thread: Thread, known: _Seen | None) -> dict[str, Any] | None:
        """What is new of one thread; None: nothing."""
        now = turns(pid, thread.tid)
        if known is None:
            self._seen[pid, thread.tid] = _Seen(now)
            return None
        self._seen[pid, thread.tid] = known
        if thread.state == "runnable":
            known.turns, known.since, known.is_asked = now, begin, False
            news: dict[str, Any] = {"call": RUNNING}
        elif now != known.turns or isinstance(now, NotAvailable):
            known.turns, known.since, known.is_asked = now, self.last, False
            news = _MOVES
        elif known.is_asked:
            return None
        else:
            news = _asked(pid, thread.tid) | ({"since": known.since} if known.since else {})
            known.is_asked = turns(pid, thread.tid) == now
            if not known.is_asked:  # it has woken up meanwhile
                return None
        if news == (known.told or _MOVES) and news["call"] != RUNNING:  # that holds for this look alone
            return None
        known.told = news
        return dict(news)

    def _add_waiting(self, told: list[dict[str, Any]]) -> None:
        """What waits in the sockets that threads wait at."""
        at = [one for one in told if one.get("what") == "socket" and one["inode"] not in self._listeners]
        found = self._queues.connected({one["inode"] for one in at}) if at else {}
        for one in at:
            answer = found[one["inode"]]
            if not isinstance(answer, NotAvailable):
                one.update(received=answer.received, sent=answer.sent)
                if answer.peer:
                    one["peer"] = answer.peer
            elif answer is not OTHER_SOCKET:
                one["why"] = answer.why
                if answer is NOT_YET:
                    seen = self._seen[one["pid"], one["tid"]]
                    seen.is_asked, seen.told = False, None


def _asked(pid: int, tid: int) -> dict[str, Any]:
    """What a thread that does not move is in; what is not known is left out."""
    found = call(pid, tid)
    if isinstance(found, NotAvailable):
        return dict(_MOVES) if found is GONE else {"call": None, "why": found.why}
    news: dict[str, Any] = {"call": found.name}
    news |= {name: value for name in ("descriptor", "child", "timeout", "until") if (value := getattr(found, name)) is not None}
    news |= {"writes": True} if found.writes else {}
    return news | _at(pid, found)


def _at(pid: int, found: Call) -> dict[str, Any]:
    """What the call's descriptor is."""
    if found.descriptor is None or found.descriptor < 0:
        return {}
    known = descriptor(pid, found.descriptor)
    if isinstance(known, NotAvailable):
        return {}
    return {"what": known.what[:LONGEST]} | ({"inode": known.inode} if known.inode is not None else {})
