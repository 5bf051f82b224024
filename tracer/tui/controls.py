"""What the person at the screen may set off, as far as the caller allows it. The screen itself starts no process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from tracer.timeline.moment import ServerMoment


@dataclass
class Controls:
    """Handed to the screen by whoever opens it."""

    send: Callable[[str], None] | None = None
    """Sends clients of a kind (see tracer.lab.clients.KINDS); returns at once. None: no clients are possible here."""
    reaches: Callable[[ServerMoment], bool] | None = None
    """Whether clients can be sent to that server. None: to all, whichever is watched."""
    server: ServerMoment | None = None
    """The server that is watched: the screen tells, before anything is sent."""
    type: Callable[[str], None] | None = None
    """Types text at the program's terminal, as it is; returns at once. None: the program has no terminal of ours."""
    interrupt: Callable[[], None] | None = None
    """Sends the program what Ctrl-C sends at its terminal; returns at once. None: there is no way to."""
    gate: Callable[..., None] | None = None
    """Asks the supervisor to hold, release, … : gate("hold", filter="before handle", once=False) is that command of
    tracer.supervisor.commands; returns at once, and what came of it the recording tells. None: nothing can be held here."""
    every: float | None = None
    """Sends one client by itself every so many seconds, until the person sends the first."""
    question: str | None = None
    """What q and Ctrl-C ask before the screen ends, as long as the program runs; None: no question."""
    leave: int | None = None
    """Set this, from anywhere, and the screen ends within a tick, with this exit status and without a question."""
    _said: SimpleQueue[str] = field(default_factory=SimpleQueue, repr=False)

    def through(self, do: Callable[..., bool], whom: str) -> Callable[..., None]:
        """`do`, for a key: where nothing comes of it, a line above the footer says that `whom` has ended."""

        def tried(command: str, **fields: object) -> None:
            if not do(command, **fields):
                self.say(f"{whom} has ended, or its supervisor does not answer")

        return tried

    def say(self, message: str) -> None:
        """Show a line above the footer; from any thread."""
        self._said.put(message)

    def said(self) -> str | None:
        """The last message since this was asked before; None if there is none."""
        last = None
        while True:
            try:
                last = self._said.get_nowait()
            except Empty:
                return last
