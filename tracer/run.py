"""`tracer run`: an unmodified program under a supervisor of its own, watched from here until the person quits."""

import shutil
import signal
from pathlib import Path

from tracer.recording.text import harmless
from tracer.supervisor.apart import Apart
from tracer.supervisor.ending import Ending
from tracer.supervisor.start import Program


def run(program: Program, path: Path, limit: int) -> tuple[Ending | None, int]:
    """Run it and watch it: how it ended (None: its supervisor cannot say any more), and the exit status of the screen.

    When the screen is gone, the program is ended if it has not ended by itself. Raises CannotRecord before anything is shown.
    """
    columns, rows = shutil.get_terminal_size()
    signal.signal(signal.SIGTERM, _leave)  # so that the terminal is given back as it was
    with Apart(program, path, limit, (columns, rows)) as supervisor:
        status = _watch(program, path, supervisor)
    return supervisor.ending, status


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _watch(program: Program, path: Path, supervisor: Apart) -> int:
    from tracer.tui.app import watch
    from tracer.tui.controls import Controls

    name = _name(program)
    controls = Controls(question=f"End {name}?")

    def do(command: str, **fields: str) -> None:
        if not supervisor.do(command, **fields):
            controls.say(f"{name} has ended, or its supervisor does not answer")

    controls.type = lambda text: do("type", text=text)
    controls.interrupt = lambda: do("interrupt")
    try:
        return watch(path, title=f"run {name}", follow=True, controls=controls)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1


def how_it_ended(program: Program, ending: Ending | None) -> str:
    """One line for the person."""
    name = _name(program)
    if ending is None:
        return f"the supervisor of {name} was killed: what it had not recorded is missing"
    how = f"with status {ending.status}" if ending.status >= 0 else f"by {_signal_name(-ending.status)}"
    return f"{name} has ended {how}{', with the screen' if ending.asked else ''}"


def _name(program: Program) -> str:
    """What a person calls it."""
    words = program.words
    return harmless(words[1] if words[0] == "-m" else Path(words[0]).name)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
