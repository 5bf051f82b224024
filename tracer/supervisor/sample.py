"""Samples: what the kernel says of the traced servers' queues, children and threads, taken from outside."""

import socket
import time
from typing import Any

from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import Child, children, threads
from tracer.kernel.queues import Listener, Queues

BUSY, IDLE = 0.066, 0.5  # seconds between two samples: something happens; nothing does
UNCHANGED = 1.0  # seconds after which a sample that says nothing new is told all the same

_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX}
_KINDS = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}
_FIELDS = ("depth", "limit", "drops", "bytes", "bytes_limit", "next_bytes")


class Sampler:
    """Asks the kernel about the servers that the recording has told of."""

    def __init__(self) -> None:
        self._queues = Queues()
        self._listeners: dict[int, Listener] = {}
        self._pids: dict[int, int] = {}  # of processes that have a server, and when each was born (0: not known)
        self._told: tuple[object, float] = (None, 0.0)

    def learn(self, fact: dict[str, Any]) -> None:
        """Take note of a fact of the recording."""
        if fact.get("type") == "server":
            self._pids.setdefault(int(fact["pid"]), 0)
            if fact.get("family") in _FAMILIES and fact.get("kind") in _KINDS and fact.get("inode"):
                self._listeners[fact["id"]] = _listener(fact)
            else:
                self._listeners.pop(fact["id"], None)

    def sample(self) -> dict[str, Any] | None:
        """A sample to be told; None if there is nothing to ask for, or if nothing has changed for less than a second."""
        begin = time.monotonic_ns()
        queues = [self._queue(server, listener) for server, listener in self._listeners.items()]
        processes = [found for pid in list(self._pids) if (found := self._process(pid)) is not None]
        end = time.monotonic_ns()
        if not queues and not processes:
            return None
        before, when = self._told
        now = (queues, processes)
        if now == before and end / 1e9 - when < UNCHANGED:
            return None
        self._told = (now, end / 1e9)
        return {"begin": begin, "end": end, "queues": queues, "processes": processes}

    def close(self) -> None:
        """No more samples."""
        self._queues.close()

    def _queue(self, server: int, listener: Listener) -> dict[str, Any]:
        sample = self._queues.sample(listener)
        answers = {name: getattr(sample, name) for name in _FIELDS}
        why = {name: answer.why for name, answer in answers.items() if isinstance(answer, NotAvailable)}
        return {"server": server, **{name: None if name in why else answer for name, answer in answers.items()}, "why": why}

    def _process(self, pid: int) -> dict[str, Any] | None:
        born, running = children(pid), threads(pid)
        if isinstance(running, NotAvailable):
            self._pids.pop(pid, None)  # gone: its pid may be another process's from now on
            return None
        if isinstance(born, NotAvailable):
            return None  # no answer is not "no children"
        return {
            "pid": pid,
            "children": [_child(one) for one in born],
            "threads": [{"tid": one.tid, "name": one.name, "state": one.state} for one in running],
        }


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
