"""Watching a program that runs: what it tells, what the kernel says of it, what its viewer wants; until it has ended.

This is imported when the program has been started: both come up side by side.
"""

import gc
import os
import select
import stat
import subprocess
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tracer.kernel.processes import user
from tracer.probe.page import FAILED, LIMIT, UNASKED
from tracer.recording.follow import Follower
from tracer.recording.steps import STEPS
from tracer.supervisor.ending import Ending, Stop
from tracer.supervisor.gone import Gone, pidfd
from tracer.supervisor.journal import Journal
from tracer.supervisor.sample import BUSY, IDLE, Sampler
from tracer.supervisor.start import PrivateFolder, Program, Signals, remove_abandoned
from tracer.supervisor.viewers import Viewers

if TYPE_CHECKING:
    from tracer.supervisor.commands import Viewer
    from tracer.supervisor.gate import Gate  # `record` needs neither this, as long as nobody holds,
    from tracer.supervisor.notices import Notices
    from tracer.supervisor.terminal import Terminal  # nor that

TICK = 0.05  # seconds between two looks at the recording
LARGEST_SOURCE = 4 << 20  # bytes
PIECES = 16  # of output at a time: more than a pseudo-terminal holds, and other things get their turn
SHARE = 4  # a fourth of the recording is the most that output may take: a server that logs much must not cost its own hooks


class Watch:
    """One program, from its start to the end of its recording."""

    def __init__(
        self,
        program: Program,
        process: "subprocess.Popen[bytes]",
        born: int,
        journal: Journal,
        folder: PrivateFolder,
        limit: int,
        starter: "Viewer | None",
        terminal: "Terminal | None",
        gate: "Gate | None",
        notices: "Notices | None",
    ) -> None:
        self.process = process
        self.born = born  # in the system's ticks; 0: not known
        self.journal = journal
        self.folder = folder
        self.limit = limit
        self.viewers = Viewers(starter, folder.control_path)
        self.gate = gate  # None: nobody has been there yet who could hold
        self.notices = notices
        self.terminal = terminal
        self.stop = Stop(process, group=terminal is not None)
        self.sampler = Sampler()
        self.sources: set[str] = set()
        self.codes: list[dict[str, Any]] = []  # the definitions of all hooks: a gate that opens late is told them
        self.gone = Gone()
        self.contexts = 0
        self.imported = 0
        self.unseen = dict.fromkeys(program.hooks, "")  # named with --hook -> why it was not found, as far as that was told
        self.servers: set[int] = set()
        self.written = 0  # bytes of the recording that are output
        self.unwritten = 0  # characters of output that came when there was no more room for any
        self.another_user = False  # before it had told anything, the program became one
        self.lost = 0
        self.unasked = 0

    def to_the_end(self, signals: Signals) -> Ending:
        """Until the program has ended and its recording is complete."""
        # A full collection of all that the gate knows of a long recording takes 100 ms, in which nobody at the gate is answered.
        gc.freeze()
        gc.set_threshold(50_000, 20, 1000)
        remove_abandoned()
        if self.viewers.listening:
            self.journal.tell(type="control", path=str(self.folder.control_path), t=time.monotonic_ns())
        with Follower(self.journal.opened) as follower:
            self._watch(signals, follower)
            return self._end(follower)

    def _watch(self, signals: Signals, follower: Follower) -> None:
        """Until the program ends: learn what it tells, ask the kernel, keep the limit."""
        ended = pidfd(self.process.pid)  # only to wake at once: what counts is asked of the system each time
        last = quiet_since = 0.0
        try:
            while True:
                self._listen(time.monotonic() + TICK, ended)
                signals.look()
                if self.notices is not None:
                    self.notices.look(signals.asked, self.gate)
                if not self.contexts and isinstance(its := user(self.process.pid), int):  # before it is reaped
                    self.another_user = its != os.geteuid()
                over = self.stop.is_over()
                grown = self._learn(follower)
                now = time.monotonic()
                if grown:
                    quiet_since = now
                if now - last >= (BUSY if now - quiet_since < 2 * IDLE else IDLE):
                    last = now
                    self._sample()
                if over:
                    return
                self._keep_limit()
        finally:
            if ended is not None:
                os.close(ended)

    def _listen(self, until: float, ended: int | None) -> None:
        """Take the program's output, obey viewers, serve the gate, until it is time for other things or the program has ended."""
        poll = select.poll()
        poll.register(self.viewers, select.POLLIN)
        if ended is not None and not self.stop.ended:
            poll.register(ended, select.POLLIN)
        while time.monotonic() < until:
            if self.terminal is not None:
                poll.register(self.terminal, self.terminal.awaited)
            if self.viewers.present:
                self._open_gate()  # before they want something
            due = until
            if self.gate is not None:
                poll.register(self.gate, select.POLLIN)
                due = min(until, self.gate.due() or until)
            ready = dict(poll.poll(1000 * max(0.0, due - time.monotonic())))
            if self.terminal is not None and self.terminal.fileno() in ready:
                self._take_output(self.terminal)
                self.terminal.write()
            if self.viewers.fileno() in ready:
                for viewer, command in self.viewers.read():
                    self._obey(viewer, command)
            if self.gate is not None:
                self.gate.serve()
            if ended in ready:
                return

    def _open_gate(self) -> "Gate":
        """The gate. It takes its time to come up: until somebody is there who could hold, there is none."""
        if self.gate is None:
            from tracer.supervisor.gate import Gate

            self.gate = Gate(self.folder, self.journal)
            for fact in self.codes:
                self.gate.learn(fact)
        return self.gate

    def _take_output(self, terminal: "Terminal") -> None:
        for _ in range(PIECES):
            text = terminal.read()
            if text is None:
                return
            self._tell_output(text)

    def _tell_output(self, text: str) -> None:
        """Into the recording; nowhere once that, or the share of it, is full: the program must be able to write on."""
        if not text or self.folder.page.bytes[LIMIT]:
            return
        if self.written >= self.limit // SHARE:
            if not self.unwritten:
                self._tell_unwritten()
            self.unwritten += len(text)
            return
        told = self.journal.tell(type="output", t=time.monotonic_ns(), text=text)
        self.written += told
        if not told:
            self.folder.page.lose(os.getpid(), 1)
        self._keep_limit()

    def _tell_unwritten(self) -> None:
        self.journal.tell(type="output_limit", t=time.monotonic_ns(), kept=self.limit // SHARE, dropped=self.unwritten)

    def _obey(self, viewer: "Viewer", command: dict[str, Any] | None) -> None:
        """Do what a viewer wants; None: it is gone. Whoever did not start the run can hold and release, no more."""
        started_it, gate = viewer is self.viewers.starter, self._open_gate()
        match command:
            case {"do": "type", "text": str(text)} if started_it and self.terminal is not None:
                if not self.terminal.type(text):
                    self.journal.tell(type="untyped", t=time.monotonic_ns(), characters=len(text))
            case {"do": "interrupt"} if started_it and self.terminal is not None:
                self.terminal.interrupt()
            case None | {"do": "end"} if started_it:
                self.stop.ask()
                gate.release_all("end")  # nothing that is held may keep it from its end
            case None:
                gate.forget(viewer)
            case {}:
                gate.obey(viewer, command)

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
        if self.notices is not None:
            self.notices.learn(fact, self.gate)
        match fact:
            case {"type": "context", "kind": "client"}:
                pass  # none of the program's
            case {"type": "code", "hook": str(step)} if step in STEPS:
                pass
            case {"type": "context"}:
                self.contexts += 1
                self.imported += fact.get("kind") == "process" and not fact.get("parent")
            case {"type": "named", "name": str(name)} if name in self.unseen:
                self._learn_of_hook(name, fact.get("why"))
            case {"type": "server", "id": int(server)}:
                self.servers.add(server)
            case {"type": "code"}:
                self._learn_of_code(fact)

    def _learn_of_hook(self, name: str, why: object) -> None:
        if why:
            self.unseen[name] = str(why)
        else:
            del self.unseen[name]

    def _learn_of_code(self, fact: dict[str, Any]) -> None:
        self.codes.append(fact)
        if self.gate is not None:
            self.gate.learn(fact)
        file = fact.get("file")
        if isinstance(file, str) and file and file not in self.sources:
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
            self._look()
        if self.folder.page.lost != self.lost:
            self._tell_loss()
        more = (self.folder.page.bytes[UNASKED] - self.unasked) % 256
        if more:
            self.unasked += more
            self.journal.tell(type="unasked", stops=self.unasked, t=time.monotonic_ns())

    def _look(self) -> None:
        for fact in self.gone.look():
            self.journal.tell(**fact, t=time.monotonic_ns())

    def _tell_loss(self) -> None:
        self.lost = self.folder.page.lost
        untraced = self.folder.page.bytes[FAILED]
        self.journal.tell(type="loss", records=self.lost, untraced=untraced, t=time.monotonic_ns())

    def _keep_limit(self) -> None:
        page = self.folder.page.bytes
        if not page[LIMIT] and self.journal.size >= self.limit:
            page[LIMIT] = 1
            self.journal.tell(type="limit", t=time.monotonic_ns())
            if self.gate is not None:  # nothing would be seen of it any more
                self.gate.release_all("limit")

    def _end(self, follower: Follower) -> Ending:
        self.viewers.close()
        if self.gate is not None:
            self.gate.close()
        pid, status = self.process.pid, self.process.returncode
        raw = -status if status < 0 else status << 8
        if self.terminal is not None:  # whatever still has it open may go on writing: nobody waits for that
            self._take_output(self.terminal)
            self._tell_output(self.terminal.finish())
            if self.unwritten:
                self._tell_unwritten()
        self._learn(follower)
        self.journal.tell(type="exit", pid=pid, status=raw, t=time.monotonic_ns())
        outliving = self.gone.outliving(pid, f"TRACER_PAGE={self.folder.page_path}", self.born)
        page = self.folder.page.bytes
        limited = bool(page[LIMIT])
        page[LIMIT] = 1  # nobody is left to keep it: what outlives us is recorded no further
        self._learn(follower)
        if not limited:
            self._look()
        if self.folder.page.lost != self.lost or page[FAILED]:
            self._tell_loss()
        self.journal.tell(type="end", alive=outliving, limited=limited, t=time.monotonic_ns())
        self.sampler.close()
        ending = Ending(
            status,
            contexts=self.contexts,
            interpreters=self.folder.interpreters,
            imported=self.imported,
            unseen=self.unseen,
            servers=len(self.servers),
            another_user=self.another_user,
            lost=self.lost,
            untraced=page[FAILED],
            limited=limited,
            outliving=outliving,
            replaced=[*self.gone.untraced.items()],
            asked=self.stop.asked,
        )
        if self.viewers.starter is not None:
            self.viewers.starter.say("ended", **asdict(ending))
        return ending
