"""All viewers of a run: the one that started it, if there is one, and followers, who come and go.

A follower comes to a socket in the run's private folder, where nobody else can get; whoever is another user all the same is refused.
Rules of this file:
1. Nobody is waited for: neither for one who says half a line, nor for one who stands still.
2. Followers are told nothing. What came of their commands stands in the recording.
"""

import selectors
import socket
from pathlib import Path
from typing import Any

from tracer.supervisor.commands import Viewer
from tracer.supervisor.peer import is_ours, listen

MOST = 16  # followers at a time


class Viewers:
    """`starter` is the viewer that started the run. `listening`: followers can come."""

    def __init__(self, starter: Viewer | None, path: Path) -> None:
        """Followers can come to the socket at `path`, if one can be made there."""
        self.starter = starter
        self._path = path
        self._followers: set[Viewer] = set()
        self._ready = selectors.DefaultSelector()
        if starter is not None:
            self._ready.register(starter, selectors.EVENT_READ, starter)
        self._listener = listen(str(path), socket.SOCK_STREAM, MOST)
        if self._listener is not None:
            self._ready.register(self._listener, selectors.EVENT_READ)

    @property
    def listening(self) -> bool:
        """Whether a follower can come."""
        return self._listener is not None

    @property
    def present(self) -> bool:
        """Whether there is a viewer."""
        return bool(self._followers) or (self.starter is not None and self.starter.open)

    def fileno(self) -> int:
        """Readable when somebody has come, said something or left."""
        return self._ready.fileno()

    def read(self) -> list[tuple[Viewer, dict[str, Any] | None]]:
        """The commands that have come, each with whose it is; None: that viewer is gone."""
        found: list[tuple[Viewer, dict[str, Any] | None]] = []
        for key, _ in self._ready.select(0):
            viewer: Viewer | None = key.data
            if viewer is None:
                self._admit()
                continue
            found += [(viewer, command) for command in viewer.read()]
            if not viewer.open:
                found.append((viewer, None))
                self._part_from(viewer)
        return found

    def close(self) -> None:
        """No follower can come any more, and those who are there are left. The one that started the run is still to be told its end."""
        self._stop_listening()
        for follower in self._followers:
            follower.close()
        self._ready.close()

    def _admit(self) -> None:
        """Let in whoever has come."""
        assert self._listener is not None
        try:
            line, _ = self._listener.accept()
        except BlockingIOError:  # it has left again
            return
        except OSError:  # there are no descriptors to be had: it would be ready for ever
            self._stop_listening()
            return
        if len(self._followers) >= MOST or not is_ours(line):
            line.close()
            return
        follower = Viewer(line)
        self._followers.add(follower)
        self._ready.register(follower, selectors.EVENT_READ, follower)

    def _part_from(self, viewer: Viewer) -> None:
        self._ready.unregister(viewer)
        if viewer is not self.starter:
            self._followers.discard(viewer)
            viewer.close()

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._ready.unregister(self._listener)
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)
