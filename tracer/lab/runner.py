"""Scripted clients on keys: each kind in a process of its own, its outcomes as messages."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import NamedTuple, Self

from tracer.lab.clients import KINDS, command, words_of
from tracer.lab.steps import Record
from tracer.lab.summary import summary
from tracer.lab.targets import Target
from tracer.probe.frames import fact

BURST = KINDS["burst"].count
PATIENCE = 20.0  # seconds: longer than a request takes in slow motion
STAY = 10.0  # seconds
_NUMBER = re.compile(r"#(\d+) ")


class _Wanted(NamedTuple):
    kind: str
    target: Target
    http: bool
    many: int
    stay: float
    quiet: bool


class ClientRunner:
    """Sends clients and says what came of them; `send` returns at once. To be closed, or used by `with`.

    Clients are numbered in the order they are sent, for all targets together, and so they are called in the recording. `#7` is a
    connection's number everywhere, so a client's has no such sign.
    """

    def __init__(
        self,
        target: Target | None,
        say: Callable[[str], None],
        record: Path | None = None,
        stay: float = STAY,
        patience: float = PATIENCE,
    ) -> None:
        """Clients go to `target` where `send` is given none, and tell their steps to the recording in the file `record`.

        A silent one stays `stay` seconds; all wait `patience` seconds for their connection, and for each reply.
        """
        self._target = target
        self._say = say
        self._record = record
        self._stay = stay
        self._patience = patience
        self._sent = 0
        self._wanted: SimpleQueue[_Wanted | Event | None] = SimpleQueue()  # an event: all are ended, then it is set
        self._closed = False
        self._running: set[subprocess.Popen[str]] = set()
        self._readers: list[Thread] = []
        self._lock = Lock()
        self._starter = Thread(target=self._start_all, name="clients", daemon=True)
        self._starter.start()

    def send(
        self,
        kind: str,
        target: Target | None = None,
        http: bool = False,
        count: int | None = None,
        stay: float | None = None,
        quiet: bool = False,
    ) -> None:
        """Send clients of that kind (see KINDS in clients.py); with `http` they ask for a page.

        `count` of them go at the same instant; None: as many as the kind says. `stay`: seconds of these silent ones.
        `quiet`: nothing is said of them, unless they cannot be sent.
        """
        target = target or self._target
        assert target is not None
        many = KINDS[kind].count if count is None else count
        self._wanted.put(_Wanted(kind, target, http, many, self._stay if stay is None else stay, quiet))

    def dismiss(self) -> None:
        """End all clients that were sent until now, and wait for their processes; others can be sent after them."""
        ended = Event()
        with self._lock:
            if self._closed:
                return  # they are ended without us, and nobody would set the event
            self._wanted.put(ended)
        ended.wait()

    def close(self) -> None:
        """End all clients, and wait for their processes. None can be sent any more."""
        with self._lock:
            self._closed = True
        self._wanted.put(None)
        self._starter.join()
        self._end_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _start_all(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            if isinstance(wanted, Event):
                self._end_all()
                wanted.set()
            else:
                self._start(wanted)

    def _end_all(self) -> None:
        with self._lock:
            for process in self._running:
                process.terminate()
        for reader in self._readers:
            reader.join()

    def _start(self, wanted: _Wanted) -> None:
        first, self._sent = self._sent + 1, self._sent + wanted.many
        times = ["--seconds", str(wanted.stay), "--timeout", str(self._patience)]
        options = ["-n", str(wanted.many), "--first", str(first), *times, *["--http"] * wanted.http]
        if self._record is not None:
            options += ["--record", str(self._record)]
        try:
            process = subprocess.Popen(
                command(wanted.kind, wanted.target, *options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            self._say(f"no client: {error.strerror}")
            return
        words = words_of(wanted.kind, wanted.target)
        self._tell(wanted, f"client {first}{words}: on its way" if wanted.many == 1 else f"{wanted.many} clients{words} on their way")
        reader = Thread(target=self._read, args=(process, first, wanted), name="client outcomes", daemon=True)
        with self._lock:
            self._running.add(process)
            self._readers = [one for one in self._readers if one.is_alive()] + [reader]
            reader.start()

    def _read(self, process: subprocess.Popen[str], first: int, wanted: _Wanted) -> None:
        assert process.stdout is not None
        words = words_of(wanted.kind, wanted.target)
        outcomes = []
        with process:
            for text in process.stdout:
                found = _NUMBER.match(text)
                number = int(found[1]) if found else first
                said = text[found.end() if found else 0 :].strip()
                self._tell(wanted, f"client {number}{words}: {said}")
                outcomes += [said] if found else []
        if len(outcomes) < wanted.many:
            self._tell_end(process)
        if wanted.many > 1:
            self._tell(wanted, summary(wanted.kind, outcomes, wanted.many))
        with self._lock:
            self._running.discard(process)

    def _tell(self, wanted: _Wanted, message: str) -> None:
        if not wanted.quiet:
            self._say(message)

    def _tell_end(self, process: subprocess.Popen[str]) -> None:
        """Clients were ended before they were done: nobody else is told how."""
        if self._record is not None:
            status = process.returncode
            record = Record(self._record)
            record.tell(fact(0, type="exit", pid=process.pid, status=-status if status < 0 else status << 8, t=time.monotonic_ns()))
            record.close()
