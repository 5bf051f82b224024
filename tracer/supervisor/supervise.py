"""One run, from the start of the program to the end of the recording."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import born
from tracer.supervisor.journal import CannotRecord, Journal
from tracer.supervisor.start import PrivateFolder, Program, Signals, start

if TYPE_CHECKING:  # `record` needs none of it before its program runs, and starts without them
    from tracer.supervisor.commands import Viewer
    from tracer.supervisor.ending import Ending
    from tracer.supervisor.gate import Gate
    from tracer.supervisor.notices import Notices
    from tracer.supervisor.terminal import Terminal


def supervise(
    program: Program,
    path: Path,
    limit: int,
    starter: "Viewer | None" = None,
    terminal: "Terminal | None" = None,
    notices: "Notices | None" = None,
) -> "Ending":
    """Run `program` under the probe and record it at `path`, up to `limit` bytes; return when it has ended.

    `starter` is the viewer that started the run: the program is ended when it is gone. With `terminal` the program has that one, in
    a session of its own, and what it writes there is recorded. With `notices` the person at the program's own terminal is told of
    contexts that are held. Raises CannotRecord.
    """
    journal = Journal(path, program.words, limit)
    try:
        folder = PrivateFolder()
    except OSError as error:
        journal.close()
        raise CannotRecord(f"no private folder can be made in {tempfile.gettempdir()}: {error.strerror}") from None
    try:
        return _run(program, journal, folder, limit, starter, terminal, notices)
    finally:
        folder.remove()
        journal.close()


def _holding(program: Program, journal: Journal, folder: PrivateFolder) -> "Gate | None":
    """The gate with the program's holds, which are to stand before it comes to a hook; None: it has none, and need not wait for us."""
    if not program.holds:
        return None
    from tracer.supervisor.gate import Gate

    return Gate(folder, journal, program.holds)


def _run(
    program: Program,
    journal: Journal,
    folder: PrivateFolder,
    limit: int,
    starter: "Viewer | None",
    terminal: "Terminal | None",
    notices: "Notices | None",
) -> "Ending":
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def send(number: int) -> None:
        if process is None:
            early.append(number)
        elif process.returncode is None:
            process.send_signal(number)

    gate = _holding(program, journal, folder)
    with Signals(send) as signals:
        process = start(program, journal.path, folder.page_path, terminal)
        for number in early:  # while there was nobody to pass it on to
            process.send_signal(number)
        signals.sort()
        began = born(process.pid)
        ticks = 0 if isinstance(began, NotAvailable) else began
        journal.tell(type="started", pid=process.pid, born=ticks, t=time.monotonic_ns())
        if starter is not None:
            starter.say("started")
        from tracer.supervisor.watch import Watch  # the rest of us comes up beside the program

        watch = Watch(program, process, ticks, journal, folder, limit, starter, terminal, gate, notices)
        return watch.to_the_end(signals)
