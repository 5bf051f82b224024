"""How a run ends: what is told of it afterwards, and how a program is ended that somebody wants to end."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field

from tracer.kernel.processes import in_group

PATIENCE = 3.0  # seconds from SIGTERM to SIGKILL
LAST = 1.0  # seconds that the system has to take away what was killed


@dataclass
class Ending:
    """How a run ended, for the person who started it."""

    status: int  # of the program, as subprocess has it
    contexts: int = 0
    interpreters: int = 0  # that came up under the probe
    imported: int = 0  # how many of them imported a framework
    servers: int = 0  # that were built
    another_user: bool = False  # the program became one, who may not write the recording, before it had told anything
    unseen: dict[str, str] = field(default_factory=dict)  # hooks that were named and not found -> why, "": nobody looked
    lost: int = 0
    untraced: int = 0  # processes in which the tracer gave up
    limited: bool = False
    outliving: list[int] = field(default_factory=list)
    replaced: list[tuple[int, str]] = field(default_factory=list)  # pids that went on as another program, unrecorded, and its name
    asked: bool = False  # it did not end by itself: its viewer wanted it to, or was gone

    @property
    def exit_status(self) -> int:
        """The program's status as a shell has it: 128 + n where signal n ended it."""
        return self.status if self.status >= 0 else 128 - self.status


class Stop:
    """Ends a program: SIGTERM, and SIGKILL for what is still there after a while. With `group`, all of its process group."""

    def __init__(self, process: "subprocess.Popen[bytes]", group: bool) -> None:
        self.asked = False
        self.ended = False  # the program itself has
        self._process = process
        self._has_group = group
        self._killed = False
        self._deadline = 0.0

    def ask(self) -> None:
        """Begin to end it, unless that has begun or it has ended by itself."""
        if self.asked or self._process.poll() is not None:
            return
        self.asked = True
        self._deadline = time.monotonic() + PATIENCE
        self._send(signal.SIGTERM)
        self._send(signal.SIGCONT)  # a stopped process would not hear of it

    def is_over(self) -> bool:
        """Whether the program has ended and, if it was asked to, its group with it. To be asked again and again until it is."""
        self.ended = self._process.poll() is not None
        if not self.asked:
            return self.ended
        late = time.monotonic() >= self._deadline
        if late and not self._killed:
            self._killed, late = True, False
            self._deadline += LAST
            self._send(signal.SIGKILL)
        return self.ended and (late or not self._has_group or in_group(self._process.pid) == [])

    def _send(self, number: int) -> None:
        if not self._has_group:
            self._process.send_signal(number)
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            self._has_group = False  # its number may be another group's from now on
        except PermissionError:  # all that are left have become another user's
            return
