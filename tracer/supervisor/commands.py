"""The line between a viewer and the run's supervisor: JSON objects, one a line. What makes no sense is left out.

    viewer → supervisor     {"do": "hold", "filter": "before handle", "once": false}
                            {"do": "unhold", "id": 1}
                            {"do": "release", "context": 7, "mode": "run", "follow": "both", "to": ""}
                                    modes run, in, over, out; who steps on across a fork or a thread's start: both, parent, child;
                                    `to` is the filter of a hold for that context alone, once
                            {"do": "release_all"}           and hold nothing more
                            {"do": "pace", "interval": 500000000}       slow motion: nanoseconds a hook; 0 ends it
    the one that started    {"do": "type", "text": "…"}     for the program's terminal
    the run, too            {"do": "interrupt"}             what Ctrl-C does there
                            {"do": "end"}                   end the program
    supervisor → that one   {"said": "started"}             the recording has begun
                            {"said": "ended", …}            it is complete; the fields of an Ending

The viewer that started the run has a pair of sockets with its supervisor; others, followers, come to a socket in the run's private
folder (viewers.py) and are told nothing: what came of a command stands in the recording. When a viewer is gone, however it went, its
socket is closed. What it holds runs on then; if it was the one that started the run, the program is ended.
"""

import json
import os
import socket
from contextlib import suppress
from typing import Any, Self

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


class Viewer:
    """The supervisor's end of a line to a viewer. `open`: there may be somebody."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._socket = line
        self._lines = Lines()
        self.open = True

    @classmethod
    def inherited(cls, descriptor: int) -> Self:
        """The one that started us: `descriptor` was inherited and goes no further. Raises OSError if it is no socket."""
        os.set_inheritable(descriptor, False)
        return cls(socket.socket(fileno=descriptor))

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
        self.open = bool(data)
        return self._lines.feed(data)

    def say(self, said: str, **fields: object) -> None:
        """Tell the viewer, if it listens."""
        with suppress(OSError):
            self._socket.send(line(said=said, **fields))

    def close(self) -> None:
        """Nothing more is said or heard."""
        self.open = False
        self._socket.close()
