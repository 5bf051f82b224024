"""What a program's own terminal is told under `record`, where no screen shows it: that contexts are held, and how to release them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracer.supervisor.gate import Gate

PATIENCE = 1.0  # seconds that a program which was asked to end has to do so, before anybody is told what it waits for


class Notices:
    """Each is said once: others write there, too."""

    def __init__(self, say: Callable[[str], None], path: Path, holds: bool) -> None:
        """`path` is the recording, as the person knows it; `holds`: contexts are to be held from the start."""
        self._say = say
        self._cure = f"tracer open {path} --follow"
        self._to_tell_of_held = holds
        self._to_tell_of_waiting = True

    def learn(self, fact: dict[str, Any], gate: "Gate | None") -> None:
        """Tell of the first context that is held."""
        match fact:
            case {"type": "held", "context": int(context), "when": str(when), "hook": str(hook)} if gate and self._to_tell_of_held:
                self._to_tell_of_held = False
                self._say(f"{gate.label(context)} is held {when} {hook}; to release it: {self._cure}")

    def look(self, asked: float | None, gate: "Gate | None") -> None:
        """Tell what the program waits for, where it was `asked` to end (by time.monotonic()) and does not."""
        if gate is None or asked is None or time.monotonic() - asked < PATIENCE or not self._to_tell_of_waiting:
            return
        held = len(gate.held)
        if held:
            self._to_tell_of_waiting = False
            what, them = ("a held context", "it") if held == 1 else (f"{held} held contexts", "them")
            self._say(f"the program waits for {what}; {self._cure} releases {them}")
