"""One run, from the start of the program to the end of the recording."""

import os
import select
import signal
import stat
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracer.kernel.answer import GONE, NotAvailable
from tracer.kernel.processes import born, is_alive
from tracer.probe.page import FAILED, LIMIT
from tracer.recording.follow import Follower, NotARecording
from tracer.supervisor.gone import Gone
from tracer.supervisor.journal import CannotRecord, Journal
from tracer.supervisor.sample import BUSY, IDLE, Sampler
from tracer.supervisor.start import PrivateFolder, Program, Signals, is_anybody, start

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


def supervise(program: Program, path: Path, limit: int, owner: int = 0) -> Ending:
    """Run `program` under the probe and record it at `path`, up to `limit` bytes; return when it has ended.

    With `owner`, a pid, the program is asked to end (SIGTERM) as soon as that process is gone. Raises CannotRecord.
    """
    journal = Journal(path, program.words)
    folder = PrivateFolder()
    try:
        return _Run(program, journal, folder, limit, owner).to_the_end()
    finally:
        folder.remove()
        journal.close()


class _Run:
    def __init__(self, program: Program, journal: Journal, folder: PrivateFolder, limit: int, owner: int) -> None:
        self.program = program
        self.journal = journal
        self.folder = folder
        self.limit = limit
        self.owner = owner
        self.owner_born = born(owner)
        self.sampler = Sampler()
        self.sources: set[str] = set()
        self.gone = Gone()
        self.contexts = 0
        self.lost = 0

    def to_the_end(self) -> Ending:
        process: subprocess.Popen[bytes] | None = None

        early: list[int] = []

        def send(number: int) -> None:
            if process is None:
                early.append(number)
            elif process.returncode is None:
                process.send_signal(number)

        with Signals(send), self._follow() as follower:
            process = start(self.program, self.journal.path, self.folder.page_path)
            for number in early:  # while there was nobody to pass it on to
                process.send_signal(number)
            began = born(process.pid)
            self.journal.tell(
                type="started",
                pid=process.pid,
                born=0 if isinstance(began, NotAvailable) else began,
                t=time.monotonic_ns(),
            )
            self._watch(process, follower)
            return self._end(process, follower)

    def _follow(self) -> Follower:
        try:
            return Follower(self.journal.path)
        except NotARecording as error:
            raise CannotRecord(f"nothing can be written to {self.journal.path} ({error})") from None

    def _watch(self, process: "subprocess.Popen[bytes]", follower: Follower) -> None:
        """Until the program ends: learn what it tells, ask the kernel, keep the limit."""
        poll = select.poll()
        ended = _pidfd(process.pid)  # only to wake at once: what counts is asked of the system each time
        if ended is not None:
            poll.register(ended, select.POLLIN)
        last = quiet_since = 0.0
        owner = self.owner
        try:
            while True:
                poll.poll(TICK * 1000)
                over = process.poll() is not None
                grown = self._learn(follower)
                now = time.monotonic()
                if grown:
                    quiet_since = now
                if now - last >= (BUSY if now - quiet_since < 2 * IDLE else IDLE):
                    last = now
                    self._sample()
                if over:
                    return
                if owner and self._owner_is_gone():
                    process.send_signal(signal.SIGTERM)
                    owner = 0
                self._keep_limit()
        finally:
            if ended is not None:
                os.close(ended)

    def _owner_is_gone(self) -> bool:
        """Whether the viewer has ended: as a zombie, too, and if its pid is somebody else's by now."""
        if isinstance(self.owner_born, int):
            return is_alive(self.owner, self.owner_born) is False
        return self.owner_born is GONE or not is_anybody(self.owner)

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
        self.gone.learn(fact)
        match fact:
            case {"type": "context"}:
                self.contexts += 1
            case {"type": "code", "file": str(file)} if file and file not in self.sources:
                self.sources.add(file)
                self._copy_source(file)

    def _copy_source(self, file: str) -> None:
        """So that the recording can be read where the program is not."""
        try:
            with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
                if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                    text = opened.read(LARGEST_SOURCE + 1)
                    if len(text) <= LARGEST_SOURCE:
                        self.journal.tell(type="source", file=file, text=text.decode("utf-8", "backslashreplace"))
        except (OSError, ValueError):
            return

    def _sample(self) -> None:
        if not self.folder.page.bytes[LIMIT]:
            sample = self.sampler.sample()
            if sample is not None:
                self.journal.tell(type="sample", **sample)
            for context in self.gone.look():
                self.journal.tell(type="gone", context=context, t=time.monotonic_ns())
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
        outliving = self.gone.running(but=process.pid)
        page = self.folder.page.bytes
        limited = bool(page[LIMIT])
        page[LIMIT] = 1  # nobody is left to keep it: what outlives us is recorded no further
        if self.folder.page.lost != self.lost or page[FAILED]:
            self._tell_loss()
        self.journal.tell(type="end", alive=outliving, limited=limited, t=time.monotonic_ns())
        self.sampler.close()
        return Ending(status, self.contexts, self.lost, page[FAILED], limited, outliving)


def _pidfd(pid: int) -> int | None:
    """A descriptor that is readable when the process has ended; None where the system has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
