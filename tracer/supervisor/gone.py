"""Contexts that are gone without a word: a process that was killed and reaped by the program itself, a thread that it had started.

The framework's own children are reaped, and its own threads end, where a probe sees it. Of the others the system alone knows.
"""

from pathlib import Path
from typing import Any

from tracer.kernel.answer import GONE
from tracer.kernel.processes import born, is_alive


class Gone:
    """Looks after the contexts that the recording has told of."""

    def __init__(self) -> None:
        self._processes: dict[int, tuple[int, int]] = {}  # context -> its pid and when that was born; -1: before we could ask
        self._threads: dict[int, Path] = {}  # context -> where the system lists its thread

    def learn(self, fact: dict[str, Any]) -> None:
        """Take note of a fact of the recording."""
        match fact:
            case {"type": "context", "kind": "process", "id": int(context), "pid": int(pid)}:
                began = born(pid)
                if isinstance(began, int) or began is GONE:
                    self._processes[context] = (pid, began if isinstance(began, int) else -1)
            case {"type": "context", "kind": "thread", "id": int(context), "pid": int(pid), "tid": int(tid), "started": 0}:
                if Path("/proc/self").exists():
                    self._threads[context] = Path(f"/proc/{pid}/task/{tid}")

    def look(self) -> list[int]:
        """The contexts that certainly are not there any more, each told once. A zombie is not there."""
        lost = [context for context, (pid, began) in self._processes.items() if is_alive(pid, began) is False]
        lost += [context for context, listed in self._threads.items() if not listed.exists()]
        for context in lost:
            self._processes.pop(context, None)
            self._threads.pop(context, None)
        return lost

    def running(self, but: int) -> list[int]:
        """The pids of the processes that still run, except `but`."""
        return sorted({pid for pid, began in self._processes.values() if pid != but and is_alive(pid, began) is True})
