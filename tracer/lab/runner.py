"""Scripted clients on keys: each kind in a process of its own, its outcomes as messages."""

import re
import subprocess
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from tracer.lab.clients import command
from tracer.lab.summary import summary
from tracer.lab.targets import Target

BURST = 10
_NUMBER = re.compile(r"#(\d+) ")


class ClientRunner:
    """Sends clients to one target and says what came of them; `send` returns at once. To be closed, or used by `with`.

    Clients are numbered in the order they are sent. `#7` is a connection's number everywhere, so a client's has no such sign.
    """

    def __init__(self, target: Target, say: Callable[[str], None]) -> None:
        self._target = target
        self._say = say
        self._sent = 0
        self._wanted: SimpleQueue[str | None] = SimpleQueue()
        self._running: set[subprocess.Popen[str]] = set()
        self._readers: list[Thread] = []
        self._lock = Lock()
        self._starter = Thread(target=self._start_all, name="clients", daemon=True)
        self._starter.start()

    def send(self, kind: str) -> None:
        """Send clients of that kind: `one`, `burst`, `slow` or `silent`."""
        self._wanted.put(kind)

    def close(self) -> None:
        """End all clients, and wait for their processes."""
        self._wanted.put(None)
        self._starter.join()
        with self._lock:
            for process in self._running:
                process.terminate()
        for reader in self._readers:
            reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _start_all(self) -> None:
        while (kind := self._wanted.get()) is not None:
            first, self._sent = self._sent, self._sent + (BURST if kind == "burst" else 1)
            options = ("-n", str(BURST)) if kind == "burst" else ()
            try:
                process = subprocess.Popen(
                    command(kind, self._target, *options),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                self._say(f"no client: {error.strerror}")
                continue
            self._say(f"{self._name(first + 1, kind)} on its way" if kind != "burst" else f"{BURST} clients on their way")
            reader = Thread(target=self._read, args=(process, first, kind), name="client outcomes", daemon=True)
            with self._lock:
                self._running.add(process)
                self._readers = [one for one in self._readers if one.is_alive()] + [reader]
                reader.start()

    def _read(self, process: subprocess.Popen[str], first: int, kind: str) -> None:
        assert process.stdout is not None
        outcomes = []
        with process:
            for text in process.stdout:
                found = _NUMBER.match(text)
                number = first + int(found[1]) if found else first + 1
                said = text[found.end() if found else 0 :].strip()
                self._say(f"{self._name(number, kind)} {said}")
                outcomes += [said] if found else []
        if kind == "burst":
            self._say(summary(outcomes, BURST))
        with self._lock:
            self._running.discard(process)

    def _name(self, number: int, kind: str) -> str:
        words = "" if kind in ("one", "burst") else f" ({kind})"
        if not self._target.is_stream:
            words = {"slow": " (three in a row)", "silent": " (empty)"}.get(kind, "")
        return f"client {number}{words}:"
