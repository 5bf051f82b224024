"""A follower's line to the supervisor of a run that somebody else has started: its recording tells where that can be found."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

from tracer.recording.follow import Follower
from tracer.supervisor.commands import line
from tracer.supervisor.peer import is_ours

_FARTHEST = 4 << 20  # bytes into a recording: it stands near the beginning, behind what the program wrote meanwhile
_AT_ONCE = 1.0  # seconds: nobody waits longer for a supervisor that stands still


class Remote:
    """A line to a supervisor. When it is closed, or this process is gone, what was held by it runs on."""

    def __init__(self, path: str) -> None:
        """Connect to the socket at `path`. Raises OSError where nobody answers, or it is not a supervisor of our own user's."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_AT_ONCE)
            self._socket.connect(path)
            if not is_ours(self._socket):
                raise PermissionError
            self._socket.setblocking(False)
        except BaseException:
            self._socket.close()
            raise

    def do(self, do: str, **fields: object) -> bool:
        """Have the supervisor do something, see commands.py; False if it is not there any more, or stands still. Returns at once."""
        try:
            self._socket.sendall(line(do=do, **fields))
        except OSError:
            self._socket.close()  # half a line may have gone: nothing can follow it
            return False
        return True

    def close(self) -> None:
        """Hold nothing more."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def reach(recording: str | os.PathLike[str]) -> Remote | None:
    """A line to the supervisor that writes this recording; None where there is none: the run is over, or another user's.

    Raises NotARecording.
    """
    path = _control(recording)
    if path is not None:
        with suppress(OSError):
            return Remote(path)
    return None


def _control(recording: str | os.PathLike[str]) -> str | None:
    """Where followers can come; None where the recording does not tell, or names what is none of a run's sockets."""
    with Follower(recording) as follower:
        while follower.bytes_read < _FARTHEST and (frames := follower.read()):
            for _, content in frames:
                match content:
                    case {"type": "control", "path": str(path)} if Path(path).match("tracer-*/control"):
                        return path
    return None
