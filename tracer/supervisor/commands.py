"""The line between a run's viewer and its supervisor: JSON objects, one a line, over a pair of sockets.

    viewer → supervisor     {"do": "type", "text": "…"}     for the program's terminal
                            {"do": "interrupt"}             what Ctrl-C does there
                            {"do": "end"}                   end the program
    supervisor → viewer     {"said": "started"}             the recording has begun
                            {"said": "ended", …}            it is complete; the fields of an Ending

When the viewer is gone, however it went, its socket is closed: that is an "end", too.
"""

import json
import os
import socket
from contextlib import suppress
from typing import Any

LARGEST = 1 << 20  # bytes of a line: a longer one is nobody's command


def line(**fields: object) -> bytes:
    """One message."""
    return json.dumps(fields).encode() + b"\n"


class Lines:
    """Bytes in, messages out. What is no JSON object is left out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that are complete now."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: LARGEST + 1]  # enough to be no JSON
        return [message for each in lines if (message := _message(each)) is not None]


def _message(line: bytes) -> dict[str, Any] | None:
    if len(line) > LARGEST:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Commands:
    """The supervisor's end. `open`: there may be a viewer."""

    def __init__(self, descriptor: int) -> None:
        """Take over `descriptor`, which was inherited and goes no further. Raises OSError if it is no socket."""
        os.set_inheritable(descriptor, False)
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._lines = Lines()
        self.open = True

    def fileno(self) -> int:
        """The descriptor to wait on while it is open."""
        return self._socket.fileno()

    def read(self) -> list[dict[str, Any]]:
        """The commands that have come, as they are: whoever obeys them leaves out what makes no sense."""
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if data:
            return self._lines.feed(data)
        self.open = False
        return [{"do": "end"}]

    def say(self, said: str, **fields: object) -> None:
        """Tell the viewer, if it listens."""
        with suppress(OSError):
            self._socket.send(line(said=said, **fields))
