"""`tracer run`: an unmodified program under a supervisor of its own, watched from here until the person quits."""

import shutil
from pathlib import Path

from tracer.lab.runner import ClientRunner
from tracer.lab.targets import Target, target_of
from tracer.recording.text import harmless
from tracer.supervisor.apart import Apart
from tracer.supervisor.ending import Ending
from tracer.supervisor.start import Program
from tracer.timeline.moment import ServerMoment
from tracer.tui.controls import Controls
from tracer.tui.leaving import leave_on_sigterm


def run(program: Program, path: Path, limit: int) -> tuple[Ending | None, int]:
    """Run it and watch it: how it ended (None: its supervisor cannot say any more), and the exit status of the screen.

    When the screen is gone, the program is ended if it has not ended by itself. Raises CannotRecord before anything is shown.
    """
    controls = Controls(question=f"End {name_of(program)}?")

    leave_on_sigterm(controls)
    columns, rows = shutil.get_terminal_size()
    with Apart(program, path, limit, (columns, rows)) as supervisor, ClientRunner(None, controls.say, path) as clients:
        offer_clients(controls, clients)
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


def offer_clients(controls: Controls, clients: ClientRunner) -> None:
    """Let clients be sent to the server that is watched, if they can reach it: for a page where that serves such."""

    def target(server: ServerMoment) -> Target | None:
        return target_of(server.family, server.kind, server.address)

    def send(kind: str) -> None:
        server = controls.server
        if server is not None and (found := target(server)) is not None:
            clients.send(kind, found, server.http)

    controls.send = send
    controls.reaches = lambda server: target(server) is not None


def name_of(program: Program) -> str:
    """What a person calls it."""
    words = program.words
    return harmless(words[1] if words[0] == "-m" else Path(words[0]).name)
