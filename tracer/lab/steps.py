"""What scripted clients tell a recording: each client is a context of its own, each thing it does with its socket a call in it.

Rules of this file:
1. A recording is only added to, while somebody records to it: never made, and left alone once it is complete.
2. A client never fails because of its recording. What cannot be written, or has no room, is not written, and from then on nothing is.
3. What is about to wait is written before it waits.
"""

import fcntl
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracer.probe.frames import ENTER, EVENTS, MARK, RAISE, RETURN, column, fact, frame, identity, payload, text, word
from tracer.recording.reader import Reader
from tracer.recording.steps import OWNER, STEPS

_CODES = {name: identity("client", name) for name in STEPS}
_LONGEST_TEXT = 500
_HEADER = 1 << 16  # bytes in which the header is


class Record:
    """A recording to which this process's clients add their steps; without a path, or where it is none, nothing is added."""

    def __init__(self, path: Path | None = None) -> None:
        self._descriptor = -1
        self._limit = 0
        if path is not None:
            try:
                self._descriptor = _open(path)
                self._limit = _limit_of(self._descriptor)
            except OSError as error:
                print(f"not recorded: {path}: {error.strerror}", file=sys.stderr)

    def close(self) -> None:
        """Nothing more is to be told."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def define(self) -> None:
        """Tell what the steps are, before the first of them."""
        for name, code in _CODES.items():
            self.tell(fact(0, type="code", id=code, hook=name, owner=OWNER, module=OWNER, file="", line=0, framework=True))

    def tell(self, data: bytes) -> None:
        """Append one frame with one write."""
        descriptor = self._descriptor
        if descriptor < 0:
            return
        try:
            full = bool(self._limit) and os.fstat(descriptor).st_size >= self._limit
            if full or not _is_recorded(descriptor) or os.write(descriptor, data) != len(data):
                self._descriptor = -1  # left open: another client may be writing there
        except OSError:
            self._descriptor = -1


def _open(path: Path) -> int:
    """A descriptor of the recording at `path`. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.pread(descriptor, len(MARK), 0) != MARK:
        os.close(descriptor)
        raise OSError(0, "it is not a recording")
    return descriptor


def _limit_of(descriptor: int) -> int:
    """The largest size of the recording, as its header says; 0: it does not."""
    for _, content in Reader().feed(os.pread(descriptor, _HEADER, 0)):
        if isinstance(content, dict) and content.get("type") == "header":
            limit = content.get("limit")
            return limit if isinstance(limit, int) else 0
    return 0


def _is_recorded(descriptor: int) -> bool:
    """Whether somebody records to the file: whoever does keeps it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


class Steps:
    """The steps of one client, on the thread that plays it."""

    def __init__(self, record: Record, name: str) -> None:
        self._record = record
        self._context = int.from_bytes(os.urandom(8), "little") >> 1 | 1  # as the probe draws its own
        self._records = 0  # written so far
        record.tell(
            fact(
                self._context, type="context", id=self._context, process=self._context, pid=os.getpid(), tid=threading.get_native_id(),
                kind="client", cause="start", parent=0, name=name, t=time.monotonic_ns(), ppid=0, born=0,
            )
        )  # fmt: skip

    @contextmanager
    def step(self, name: str, to: str = "") -> Iterator[dict[str, int | str]]:
        """A step, `to` that address if one is given. What is put into the dictionary is what comes of it; an exception goes on."""
        code, came = _CODES[name], dict[str, int | str]()
        self._tell(word(code, ENTER), {"address": to} if to else {})
        try:
            yield came
        except BaseException as error:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self._tell(word(code, RAISE), {"error": said[:_LONGEST_TEXT]})
            raise
        self._tell(word(code, RETURN), came)

    def leave(self) -> None:
        """The client is done."""
        self._record.tell(fact(self._context, type="left", context=self._context, t=time.monotonic_ns()))

    def _tell(self, event: int, carried: dict[str, int | str]) -> None:
        records = [event, time.monotonic_ns()]
        for name, value in carried.items():
            records += text(name, value) if isinstance(value, str) else [payload(name), value]
        self._record.tell(frame(EVENTS, self._context, column([self._records, *records])))
        self._records += len(records) // 2
