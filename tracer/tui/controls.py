"""What the person at the screen may set off, as far as the caller allows it. The screen itself starts no process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue


@dataclass
class Controls:
    """Handed to the screen by whoever opens it."""

    send: Callable[[str], None] | None = None
    """Sends clients of a kind (see tracer.lab.clients.KINDS); returns at once. None: no clients are possible here."""
    every: float | None = None
    """Sends one client by itself every so many seconds, until the person sends the first."""
    question: str | None = None
    """What q asks before it quits; None: it quits without a question."""
    _said: SimpleQueue[str] = field(default_factory=SimpleQueue, repr=False)

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
