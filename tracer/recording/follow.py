"""A recording in a file that may still grow, read by batches."""

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from tracer.probe.frames import MARK, VERSION

from .reader import Frame, Reader
from .text import harmless

_LOOKED_AT = ("header", "end")
BATCH = 1 << 20  # bytes: a few milliseconds of decoding


class NotARecording(Exception):  # noqa: N818 - it says what the file is not
    """A file that cannot be read as a recording; the message is one line for the person who named it."""


class Follower:
    """An open recording. `ended`: its last fact was seen, so nothing more will come.

    Opening raises NotARecording: there is no such file, it is no file, it is empty, no frame and no beginning of one is in it,
    or it was written in a newer format.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.reader = Reader()
        self.ended = False
        self.bytes_read = 0
        name = harmless(str(path))
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO nobody writes to must not stop us
        except FileNotFoundError:
            raise NotARecording(f"{name}: no such file") from None
        except (OSError, ValueError) as error:
            raise NotARecording(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        self._early: list[Frame] = []
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            os.close(descriptor)
            raise NotARecording(f"{name} is {'a directory' if stat.S_ISDIR(kind) else 'not a recording'}")
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        try:
            self._first_frames(name)
        except BaseException:
            self.close()
            raise

    def read(self, limit: int = BATCH) -> list[Frame]:
        """The next frames, from pieces of `limit` bytes; empty only where the file ends for now, or in the middle of a frame.

        Raises NotARecording if a header says that the format is newer.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        frames: list[Frame] = []
        while not frames:  # one frame, a large source, may be many pieces
            try:
                data = self._file.read(limit) or b""
            except OSError as error:
                raise NotARecording(f"{harmless(str(self.path))} cannot be read: {error.strerror}") from None
            if not data:
                break
            self.bytes_read += len(data)
            frames = self.reader.feed(data)
        for _, content in frames:
            if isinstance(content, dict) and content.get("type") in _LOOKED_AT:
                self._look_at(content)
        return frames

    @property
    def at_end(self) -> bool:
        """Whether everything that is in the file now has been read."""
        return not self._early and self.bytes_read >= os.fstat(self._file.fileno()).st_size

    def finish(self) -> None:
        """Nothing more is to come: count an incomplete rest as damage."""
        self.reader.finish()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _first_frames(self, name: str) -> None:
        while not (frames := self.read()):
            if self.at_end:
                break
        if not self.bytes_read:
            raise NotARecording(f"{name} is empty")
        pending = self.reader.pending
        begun = pending.startswith(MARK) or (bool(pending) and not self.reader.damaged)
        if not frames and not begun:
            raise NotARecording(f"{name} is not a recording")
        self._early = frames

    def _look_at(self, fact: dict[str, object]) -> None:
        match fact.get("type"):
            case "end":
                self.ended = True
            case "header":
                version = fact.get("version")
                if isinstance(version, int) and version > VERSION:
                    raise NotARecording(
                        f"{harmless(str(self.path))} was written by a newer tracer (format {version}); "
                        f"this one reads {VERSION}: update tracer"
                    )
