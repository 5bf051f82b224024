"""A program under a gate of the test's own: the test sees who is held where, and moves them."""

import os
import select
import socket
import sys
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.probe.kit import ROOT, Running, events
from tracer.probe.page import UNASKED
from tracer.recording.follow import Follower
from tracer.supervisor.gate import Gate
from tracer.supervisor.journal import Journal
from tracer.supervisor.start import PrivateFolder, Program, environment

PATIENCE = 30.0  # seconds: longer than anything here takes on a slow machine
_MARKS = {"raise": " !"}


def asking(address: tuple[str, int], line: str = "hello") -> socket.socket:
    """A client that has said its line and waits for the reply."""
    client = socket.create_connection(address, timeout=30)
    client.sendall(f"{line}\n".encode())
    return client


def more(program: Running) -> str:
    """Say a line to a program: what comes of it."""
    assert program.process.stdin is not None
    program.process.stdin.write(b"\n")
    program.process.stdin.flush()
    return program.line()


class Gated(Running):
    """A program that runs, and its gate, which a thread of the test serves.

    Contexts are called "main", "child 1" and "thread 1", counted in the order in which they appear in the recording. A **stop** is
    where a context was held, from its own last event: "before handle Lower"; with "!" at its end if the call raised.
    """

    def __init__(self, path: Path, words: Sequence[str | Path], holds: Sequence[str] = (), hooks: Sequence[str] = ()) -> None:
        program = [*map(str, words)]
        self.journal = Journal(path, program)
        self.folder = PrivateFolder()
        self.gate = Gate(self.folder, self.journal, holds)
        self.facts: list[dict[str, Any]] = []  # all but those that define something
        self.stops: list[tuple[str, str]] = []  # who was held where, in order
        self.pids: dict[str, int] = {}
        self._tasks: dict[str, Path] = {}
        self._names: dict[int, str] = {}
        self._codes: dict[int, str] = {}  # code -> "handle Lower"
        self._last: dict[int, tuple[str, int]] = {}  # context -> its last event, and the code of that
        self._held: dict[int, str] = {}  # context -> where
        self._follower = Follower(path)
        self._changed = threading.Condition()  # whoever has it has the gate
        self._failure: BaseException | None = None
        self._over, self._wake = os.pipe()
        self._server = threading.Thread(target=self._serve)
        self._server.start()
        known = environment(Program(program, hooks=tuple(hooks)), path, self.folder.page_path)
        known["PYTHONPATH"] += os.pathsep + str(ROOT)
        super().__init__([sys.executable, *program], path, known)

    def __enter__(self) -> "Gated":
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        os.close(self._wake)
        self._server.join()
        os.close(self._over)
        self._read()
        self.gate.close()
        self._follower.close()
        self.folder.remove()
        self.journal.close()
        if self._failure is not None and not any(error):
            raise self._failure

    # -- what is

    @property
    def held(self) -> dict[str, str]:
        """Who is held where."""
        with self._changed:
            return {self._names[context]: where for context, where in self._held.items() if context in self.gate.held}

    @property
    def busy(self) -> threading.Condition:
        """While this is entered, the gate answers nobody."""
        return self._changed

    @property
    def lines(self) -> int:
        """How many contexts the gate is connected to."""
        with self._changed:
            return len(self.gate._lines)

    @property
    def unasked(self) -> int:
        """Stops at which a process could not ask."""
        return self.folder.page.bytes[UNASKED]

    def told(self, kind: str, *names: str) -> list[tuple[Any, ...]]:
        """Those fields of all facts of that kind; a context by its name."""
        with self._changed:
            if self._server.is_alive():
                self._read()
            found = [fact for fact in self.facts if fact["type"] == kind]
            return [tuple(self._names[fact[name]] if name == "context" else fact[name] for name in names) for fact in found]

    def until(self, **held: str) -> None:
        """Wait until exactly these are held, and there; "thread_1" is "thread 1"."""
        wanted = {name.replace("_", " "): where for name, where in held.items()}
        self.wait(lambda: self.held == wanted)

    def until_asleep(self, name: str) -> None:
        """Wait until one that is held sleeps, for its answer: what the program does now does not meet it on its way there."""
        task = self._tasks[name]

        def sleeps() -> bool:
            _, *arguments = (task / "syscall").read_text().split()
            return bool(arguments) and Path(f"/proc/{self.pids[name]}/fd/{int(arguments[0], 16)}").exists()

        self.wait(sleeps)

    def wait(self, over: Callable[[], object]) -> None:
        """Wait until `over()`."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not over():
                assert self._failure is None, self._failure
                assert time.monotonic() < deadline, (self.held, self.unasked, self.lines, self.facts[-5:])
                self._changed.wait(0.02)  # what does not happen at the gate tells nobody
                self._read()

    # -- what the test does

    def obey(self, do: str, viewer: object = "person", **fields: object) -> bool:
        """What the gate says to a command."""
        with self._changed:
            found = self.gate.obey(viewer, {"do": do, **fields})
            self._read()
            self._changed.notify_all()
            return found

    def hold(self, filter: str, once: bool = False) -> None:  # noqa: A002 - as in the command
        """Set a hold."""
        assert self.obey("hold", filter=filter, once=once)

    def release(self, name: str, mode: str = "run", **more: str) -> None:
        """Let one move on."""
        context = next(context for context, known in self._names.items() if known == name)
        assert self.obey("release", context=context, mode=mode, **more)

    def step(self, name: str, mode: str = "in", **more: str) -> str:
        """Let one move on; where it is held next."""
        with self._changed:
            known = len(self._stops_of(name))
            self.release(name, mode, **more)
        self.wait(lambda: len(self._stops_of(name)) > known)
        return self._stops_of(name)[known]

    def _stops_of(self, name: str) -> list[str]:
        return [where for who, where in self.stops if who == name]

    # -- what the thread does

    def _serve(self) -> None:
        try:
            while self._over not in select.select([self.gate, self._over], [], [], self._patience())[0]:
                with self._changed:
                    self.gate.serve()
                    self._read()
                    self._changed.notify_all()
        except BaseException as error:
            self._failure = error

    def _patience(self) -> float:
        """How long to wait for somebody who asks."""
        with self._changed:
            due = self.gate.due()
        return 0.05 if due is None else max(0.0, min(0.05, due - time.monotonic()))  # what a command makes due wakes nobody

    def _read(self) -> None:
        while frames := self._follower.read():
            for context, content in frames:
                if isinstance(content, dict):
                    self._learn(content)
                elif found := events(array("q", content)[1:]):
                    self._last[context] = found[-1]

    def _learn(self, fact: dict[str, Any]) -> None:
        match fact:
            case {"type": "code", "id": int(code), "hook": str(hook), "owner": str(owner)}:
                self._codes[code] = f"{hook} {owner}"
            case {"type": "context", "id": int(context), "kind": str(kind), "cause": str(cause), "pid": int(pid), "tid": int(tid)}:
                kind = "main" if cause == "start" else "thread" if kind == "thread" else "child"
                count = sum(name.startswith(kind) for name in self._names.values()) + 1
                name = self._names.setdefault(context, kind if kind == "main" else f"{kind} {count}")
                self.pids[name], self._tasks[name] = pid, Path(f"/proc/{pid}/task/{tid}")
            case {"type": "held", "context": int(context), "when": str(when), "hook": str(hook)}:
                kind, code = self._last.get(context, ("", 0))
                where = f"{'before' if kind == 'enter' else 'after'} {self._codes[code]}" if kind else f"{when} {hook} (its parent's)"
                assert where.startswith(f"{when} {hook} "), f"held {when} {hook}, and its last event is {where}"
                self._held[context] = where + _MARKS.get(kind, "")
                self.stops.append((self._names[context], self._held[context]))
        if fact["type"] not in ("code", "context", "server", "source"):
            self.facts.append(fact)
