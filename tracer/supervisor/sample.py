"""Samples: what the kernel says of the traced servers' queues, children and threads, taken from outside.

A sample's `looked` says when the newest look at what threads sleep in was begun, and `calls` what was new in it: see asleep.py.
"""

import socket
import time
from dataclasses import dataclass
from typing import Any

from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import Child, Thread, children, threads
from tracer.kernel.queues import CLOSED, Listener, Queues, QueueSample
from tracer.supervisor.asleep import Asleep

BUSY, IDLE = 0.066, 0.5  # seconds between two samples: something happens; nothing does
LOOK = 0.25  # at least, between two looks at what threads sleep in
UNCHANGED = 1.0  # seconds after which a sample that says nothing new is told all the same
PATIENCE = 1.0  # seconds in which a socket that the kernel has never shown may still begin to listen

_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX}
_KINDS = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}
_FIELDS = ("depth", "limit", "drops", "bytes", "bytes_limit", "next_bytes")


@dataclass(slots=True)
class _Asked:
    """A server's socket, and what the kernel has said of it so far."""

    listener: Listener
    seen: bool = False
    closed: float | None = None  # since when it has been said that there is none


class Sampler:
    """Asks the kernel about the servers that the recording has told of.

    That a socket is not there is told once: what has been closed stays so, and a program may build thousands of servers.
    """

    def __init__(self) -> None:
        self._queues = Queues()
        self._asleep = Asleep(self._queues)
        self._listeners: dict[int, _Asked] = {}
        self._pids: set[int] = set()  # of processes that have a server
        self._told: tuple[object, float] = (None, 0.0)

    def learn(self, fact: dict[str, Any]) -> None:
        """Take note of a fact of the recording."""
        self._asleep.learn(fact)
        if fact.get("type") == "server":
            self._pids.add(int(fact["pid"]))
            if fact.get("family") in _FAMILIES and fact.get("kind") in _KINDS and fact.get("inode"):
                self._listeners[fact["id"]] = _Asked(_listener(fact))
            else:
                self._listeners.pop(fact["id"], None)

    def sample(self) -> dict[str, Any] | None:
        """A sample to be told; None if there is nothing to ask for, or if nothing has changed for less than a second."""
        begin = time.monotonic_ns()
        queues = [found for server, asked in list(self._listeners.items()) if (found := self._queue(server, asked)) is not None]
        listed = {pid: its for pid in sorted(self._pids) if (its := self._process(pid)) is not None}
        processes = [_process(pid, born, running) for pid, (born, running) in listed.items()]
        calls = []
        if begin - self._asleep.last >= LOOK * 1e9:
            forked = [child.pid for born, _ in listed.values() for child in born]
            calls = self._asleep.look(begin, {pid: running for pid, (_, running) in listed.items()}, forked)
        end = time.monotonic_ns()
        if not queues and not processes:
            return None
        before, when = self._told
        now = (queues, processes)
        if now == before and end / 1e9 - when < UNCHANGED:
            if not calls:
                return None
            queues, processes = [], []
        else:
            self._told = (now, end / 1e9)
        told = {"begin": begin, "end": end, "queues": queues, "processes": processes, "looked": self._asleep.last}
        return told | {"calls": calls} if calls else told

    def close(self) -> None:
        """No more samples."""
        self._queues.close()

    def _queue(self, server: int, asked: _Asked) -> dict[str, Any] | None:
        """What waits at a server's socket; None if it has been told before that there is none."""
        sample = self._queues.sample(asked.listener)
        if sample.depth is not CLOSED:
            asked.seen, asked.closed = True, None
            return _told(server, sample)
        now, before = time.monotonic(), asked.closed
        asked.closed = now if before is None else before
        if asked.seen or now - asked.closed >= PATIENCE:
            del self._listeners[server]
        return _told(server, sample) if before is None else None

    def _process(self, pid: int) -> tuple[list[Child], list[Thread]] | None:
        """The children and threads of a process; None if the kernel does not say."""
        born, running = children(pid), threads(pid)
        if isinstance(running, NotAvailable):
            self._pids.discard(pid)  # gone: its pid may be another process's from now on
            return None
        return None if isinstance(born, NotAvailable) else (born, running)  # no answer is not "no children"


def _process(pid: int, born: list[Child], running: list[Thread]) -> dict[str, Any]:
    return {
        "pid": pid,
        "children": [_child(one) for one in born],
        "threads": [{"tid": one.tid, "name": one.name, "state": one.state} for one in running],
    }


def _told(server: int, sample: QueueSample) -> dict[str, Any]:
    answers = {name: getattr(sample, name) for name in _FIELDS}
    why = {name: answer.why for name, answer in answers.items() if isinstance(answer, NotAvailable)}
    return {"server": server, **{name: None if name in why else answer for name, answer in answers.items()}, "why": why}


def _listener(fact: dict[str, Any]) -> Listener:
    family, kind, inode = _FAMILIES[fact["family"]], _KINDS[fact["kind"]], fact["inode"]
    host, _, port = str(fact["address"]).rpartition(":")
    if family == socket.AF_UNIX or not port.isdigit():
        return Listener(family, kind, inode)
    return Listener(family, kind, inode, host.strip("[]"), int(port))


def _child(child: Child) -> dict[str, Any]:
    status = None if isinstance(child.status, NotAvailable) else child.status
    return {
        "pid": child.pid,
        "born": child.born,
        "state": child.state,
        "exit": status if status is not None and status >= 0 else None,
        "signal": -status if status is not None and status < 0 else None,
    }
