"""`tracer run`: an unmodified program under a supervisor of its own, watched from here until the person quits."""

import shutil
import signal
from pathlib import Path

from tracer.recording.text import harmless
from tracer.supervisor.apart import Apart
from tracer.supervisor.ending import Ending
from tracer.supervisor.start import Program
from tracer.tui.controls import Controls


def run(program: Program, path: Path, limit: int) -> tuple[Ending | None, int]:
    """Run it and watch it: how it ended (None: its supervisor cannot say any more), and the exit status of the screen.

    When the screen is gone, the program is ended if it has not ended by itself. Raises CannotRecord before anything is shown.
    """
    controls = Controls(question=f"End {name_of(program)}?")

    def leave(number: int, frame: object) -> None:
        controls.leave = 128 + number  # not an exception: the screen's own tasks would end by it, and others wait for them

    signal.signal(signal.SIGTERM, leave)  # so that the terminal is given back as it was
    columns, rows = shutil.get_terminal_size()
    with Apart(program, path, limit, (columns, rows)) as supervisor:
        status = _watch(program, path, supervisor, controls)
    return supervisor.ending, status


def _watch(program: Program, path: Path, supervisor: Apart, controls: Controls) -> int:
    from tracer.tui.app import watch

    name = name_of(program)

    do = controls.through(supervisor.do, name)
    controls.type = lambda text: do("type", text=text)
    controls.interrupt = lambda: do("interrupt")
    controls.gate = do
    return watch(path, title=f"run {name}", follow=True, controls=controls)


def name_of(program: Program) -> str:
    """What a person calls it."""
    words = program.words
    return harmless(words[1] if words[0] == "-m" else Path(words[0]).name)
