"""What no probe tells: contexts that are gone without a word, and processes that go on as another program.

The framework's own children are reaped, and its own threads end, where a probe sees it. Of a process that was killed and reaped by
the program itself, of a thread that it had started, and of an exec the system alone knows. An exec is seen while the new program
runs: of one that ends before the next look only the end is known.
"""

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracer.kernel.answer import GONE, NotAvailable
from tracer.kernel.processes import born, image, is_alive, name, started_with

LINGER = 0.1  # seconds in which what is about to end with its program does


@dataclass(slots=True)
class _Process:
    context: int  # its first
    pid: int
    born: int  # -1: it was gone before we could ask
    image: str  # what it executed when it told of itself; "": not known, or told


class Gone:
    """Looks after the contexts that the recording has told of."""

    def __init__(self) -> None:
        self._processes: dict[int, _Process] = {}  # by context
        self._clients: dict[int, _Process] = {}  # by context: those that have not left
        self._threads: dict[int, tuple[int, Path]] = {}  # context -> its process's first, and where the system lists it
        self.untraced: dict[int, str] = {}  # pid -> the program that it went on as, which tells nothing

    def learn(self, fact: dict[str, Any]) -> None:
        """Take note of a fact of the recording."""
        match fact:
            case {"type": "context", "kind": "process", "id": int(context), "pid": int(pid)}:
                self._learn_process(context, pid, fact)
            case {"type": "context", "kind": "thread", "id": int(context), "process": int(process), "pid": int(pid), "tid": int(tid)}:
                if fact.get("started") == 0 and Path("/proc/self").exists():
                    self._threads[context] = process, Path(f"/proc/{pid}/task/{tid}")
            case {"type": "context", "kind": "client", "id": int(context), "pid": int(pid)}:
                began = born(pid)
                if isinstance(began, int) or began is GONE:
                    self._clients[context] = _Process(context, pid, began if isinstance(began, int) else -1, "")
            case {"type": "left", "context": int(context)}:
                self._clients.pop(context, None)
            case {"type": "exit", "pid": int(pid)}:
                self._clients = {context: client for context, client in self._clients.items() if client.pid != pid}

    def _learn_process(self, context: int, pid: int, fact: dict[str, Any]) -> None:
        began = born(pid)
        if isinstance(began, int) or began is GONE:
            executes = fact.get("image")
            known = executes if isinstance(executes, str) else ""
            self._processes[context] = _Process(context, pid, began if isinstance(began, int) else -1, known)
        if fact.get("cause") == "start":
            self.untraced.pop(pid, None)  # it went on as a program that is traced

    def look(self) -> list[dict[str, Any]]:
        """The facts `gone` and `replaced` that have become true, but for the time; each is told once. A zombie is gone."""
        found: list[dict[str, Any]] = []
        # Before the processes: the threads that an exec has ended are not gone, they are replaced with their process.
        missing = [context for context, (_, listed) in self._threads.items() if not listed.exists()]
        for process in list(self._processes.values()):
            now = image(process.pid, process.born)
            if now is GONE:
                del self._processes[process.context]
                found.append({"type": "gone", "context": process.context})
            elif isinstance(now, str) and process.image not in ("", now):
                found.append(self._replaced(process, now))
        for client in list(self._clients.values()):
            if is_alive(client.pid, client.born) is False:
                del self._clients[client.context]
                found.append({"type": "gone", "context": client.context})
        for context in missing:
            if self._threads.pop(context, None) is not None:
                found.append({"type": "gone", "context": context})
        return found

    def _replaced(self, process: _Process, now: str) -> dict[str, Any]:
        process.image = ""  # told; its end is still looked for, as the pid may be used again
        self._threads = {context: thread for context, thread in self._threads.items() if thread[0] != process.context}
        called = name(process.pid)
        program = "?" if isinstance(called, NotAvailable) else called
        if not any(other.pid == process.pid and other.image == now for other in self._processes.values()):
            self.untraced[process.pid] = program
        return {"type": "replaced", "context": process.context, "program": program}

    def outliving(self, but: int, mark: str, since: int) -> list[int]:
        """The pids of the run's processes that run on, except `but`: who told of itself, and who has `mark` in its environment.

        `since`: when the first of them was born. What has only to end yet is given the time to do it.
        """
        deadline = time.monotonic() + LINGER
        running = self._running(but, mark, since)
        for pid in running:
            _await_end(pid, deadline)
        return sorted(self._running(but, mark, since)) if running else []

    def _running(self, but: int, mark: str, since: int) -> set[int]:
        known = {one.pid for one in self._processes.values() if is_alive(one.pid, one.born) is True}
        return known.union(started_with(mark, since)) - {but}


def pidfd(pid: int) -> int | None:
    """A descriptor that is readable when the process has ended; None where the system has none, or it is gone already."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _await_end(pid: int, deadline: float) -> None:
    """Wait until the process has ended, or it is too late."""
    ended = pidfd(pid)
    if ended is None:
        return
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    finally:
        os.close(ended)
