"""One run, from the start of the program to the end of the recording."""

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import born
from tracer.probe.page import FAILED, LIMIT
from tracer.recording.follow import Follower
from tracer.supervisor.journal import Journal
from tracer.supervisor.sample import BUSY, IDLE, Sampler, alive
from tracer.supervisor.start import PrivateFolder, Signals, start

TICK = 0.05  # seconds between two looks at the recording
LARGEST_SOURCE = 4 << 20  # bytes


@dataclass
class Ending:
    """How a run ended, for the person who started it."""

    status: int  # of the program, as subprocess has it
    contexts: int = 0
    lost: int = 0
    untraced: int = 0  # processes in which the tracer gave up
    limited: bool = False
    outliving: list[int] = field(default_factory=list)


def supervise(program: list[str], path: Path, limit: int, owner: int = 0) -> Ending:
    """Run `program` under the probe and record it at `path`, up to `limit` bytes; return when it has ended.

    With `owner`, a pid, the program is asked to end (SIGTERM) as soon as that process is gone. Raises CannotRecord.
    """
    journal = Journal(path, program)
    folder = PrivateFolder()
    try:
        return _Run(program, journal, folder, limit, owner).to_the_end()
    finally:
        folder.remove()
        journal.close()


class _Run:
    def __init__(self, program: list[str], journal: Journal, folder: PrivateFolder, limit: int, owner: int) -> None:
        self.program = program
        self.journal = journal
        self.folder = folder
        self.limit = limit
        self.owner = owner
        self.sampler = Sampler()
        self.sources: set[str] = set()
        self.processes: dict[int, int] = {}  # pid -> born (0: not known)
        self.contexts = 0
        self.lost = 0

    def to_the_end(self) -> Ending:
        process: subprocess.Popen[bytes] | None = None

        def send(number: int) -> None:
            if process is not None and process.returncode is None:
                process.send_signal(number)

        with Signals(send), Follower(self.journal.path) as follower:
            process = start(self.program, self.journal.path, self.folder.page_path)
            began = born(process.pid)
            self.journal.tell(
                type="started",
                pid=process.pid,
                born=0 if isinstance(began, NotAvailable) else began,
                t=time.monotonic_ns(),
            )
            self._watch(process, follower)
            return self._end(process, follower)

    def _watch(self, process: "subprocess.Popen[bytes]", follower: Follower) -> None:
        """Until the program ends: learn what it tells, ask the kernel, keep the limit."""
        poll = select.poll()
        ended = os.pidfd_open(process.pid)
        poll.register(ended, select.POLLIN)
        owner = _watch_owner(self.owner, poll)
        last = quiet_since = 0.0
        try:
            while True:
                ready = {descriptor for descriptor, _ in poll.poll(TICK * 1000)}
                grown = self._learn(follower)
                now = time.monotonic()
                if grown:
                    quiet_since = now
                if now - last >= (BUSY if now - quiet_since < 2 * IDLE else IDLE):
                    last = now
                    self._sample()
                if ended in ready:
                    process.wait()
                    return
                if owner in ready:
                    process.send_signal(signal.SIGTERM)
                    poll.unregister(owner)
                self._keep_limit()
        finally:
            os.close(ended)
            if owner is not None:
                os.close(owner)

    def _learn(self, follower: Follower) -> bool:
        """Read what has come; whether anything has. Events are none of our business."""
        grown = False
        while frames := follower.read():
            grown = True
            for _, content in frames:
                if isinstance(content, dict):
                    self._learn_fact(content)
        return grown

    def _learn_fact(self, fact: dict[str, Any]) -> None:
        self.sampler.learn(fact)
        match fact:
            case {"type": "context", "kind": "process", "pid": int(pid)}:
                self.contexts += 1
                started = born(pid)
                self.processes[pid] = 0 if isinstance(started, NotAvailable) else started
            case {"type": "code", "file": str(file)} if file and file not in self.sources:
                self.sources.add(file)
                self._copy_source(file)

    def _copy_source(self, file: str) -> None:
        """So that the recording can be read where the program is not."""
        try:
            if Path(file).stat().st_size <= LARGEST_SOURCE:
                text = Path(file).read_text("utf-8", "backslashreplace")
                self.journal.tell(type="source", file=file, text=text)
        except (OSError, ValueError):
            return

    def _sample(self) -> None:
        if not self.folder.page.bytes[LIMIT]:
            sample = self.sampler.sample()
            if sample is not None:
                self.journal.tell(type="sample", **sample)
        if self.folder.page.lost != self.lost:
            self._tell_loss()

    def _tell_loss(self) -> None:
        self.lost = self.folder.page.lost
        untraced = self.folder.page.bytes[FAILED]
        self.journal.tell(type="loss", records=self.lost, untraced=untraced, t=time.monotonic_ns())

    def _keep_limit(self) -> None:
        if self.journal.size >= self.limit:
            self.folder.page.bytes[LIMIT] = 1

    def _end(self, process: "subprocess.Popen[bytes]", follower: Follower) -> Ending:
        status = process.returncode
        raw = -status if status < 0 else status << 8
        self._learn(follower)
        self.journal.tell(type="exit", pid=process.pid, status=raw, t=time.monotonic_ns())
        outliving = sorted(pid for pid, began in self.processes.items() if pid != process.pid and alive(pid, began))
        page = self.folder.page.bytes
        if self.folder.page.lost != self.lost or page[FAILED]:
            self._tell_loss()
        self.journal.tell(type="end", alive=outliving, limited=bool(page[LIMIT]), t=time.monotonic_ns())
        self.sampler.close()
        return Ending(status, self.contexts, self.lost, page[FAILED], bool(page[LIMIT]), outliving)


def _watch_owner(pid: int, poll: "select.poll") -> int | None:
    if not pid:
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGTERM)  # gone before we looked: passed on to the program like any other
        return None
    poll.register(descriptor, select.POLLIN)
    return descriptor
