"""The pseudo-terminal of a program under `tracer run`: the supervisor has the one end, the program the other.

Rules of this file:
1. Nothing here waits: neither for a program that does not read nor for one that does not write.
2. The terminal is the program's: its settings are read, never changed.
"""

import fcntl
import os
import select
import termios
from codecs import getincrementaldecoder

LARGEST = 8_000  # bytes read at a time: at most 32 kB of text, as each that is no UTF-8 becomes four characters
LARGEST_UNREAD = 65_536  # bytes typed that the terminal has not taken yet
_INTERRUPT = b"\x03"  # what the keys Ctrl-C send
_LOCAL_MODES, _CHARACTERS = 3, 6  # places in what tcgetattr returns


class Terminal:
    """A new pseudo-terminal of that size. `program_end` is for the program. Raises OSError where there is none to be had."""

    def __init__(self, columns: int, rows: int) -> None:
        # The other end stays open here: the terminal lives as long as we do, whatever the program closes.
        self._own_end, self.program_end = os.openpty()
        termios.tcsetwinsize(self._own_end, (rows, columns))
        os.set_blocking(self._own_end, False)
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")
        self._untyped = b""

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._own_end

    @property
    def awaited(self) -> int:
        """What to wait for, as poll has it."""
        return select.POLLIN | (select.POLLOUT if self._untyped else 0)

    def read(self) -> str | None:
        """The next piece of what was written to it; None if there is nothing now. Half a character waits for its rest."""
        pieces = []
        room = LARGEST
        while room and (piece := self._read(room)):
            pieces.append(piece)
            room -= len(piece)
        return self._decoder.decode(b"".join(pieces)) if pieces else None

    def finish(self) -> str:
        """What is left of a character whose rest never came."""
        return self._decoder.decode(b"", final=True)

    def type(self, text: str) -> bool:
        """Type `text`, where a line's end is what the Return key sends. Where there is no room it is dropped whole: False."""
        data = text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "replace")
        if len(self._untyped) + len(data) > LARGEST_UNREAD:
            return False
        self._untyped += data
        self.write()
        return True

    def write(self) -> None:
        """Hand over as much of what was typed as the terminal takes now."""
        try:
            while self._untyped:
                self._untyped = self._untyped[os.write(self._own_end, self._untyped) :]
        except OSError:  # BlockingIOError: it is full
            return

    def interrupt(self) -> None:
        """What Ctrl-C does at a terminal: the signal, or the byte for a program that wants keys as bytes."""
        settings = termios.tcgetattr(self._own_end)
        modes, key = settings[_LOCAL_MODES], settings[_CHARACTERS][termios.VINTR]
        signals = bool(modes & termios.ISIG) and key != b"\0"
        if signals and not modes & termios.NOFLSH:
            # An interrupt throws unread input away. The system would do so when it comes to the key, which stands behind all that.
            self._untyped = b""
            termios.tcflush(self._own_end, termios.TCOFLUSH)
            termios.tcflush(self.program_end, termios.TCIFLUSH)
        self._untyped += key if signals else _INTERRUPT
        self.write()

    def take(self) -> None:
        """In the program's process, before it is the program: the terminal of its session, which has none, is its standard input."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _read(self, room: int) -> bytes:
        try:
            return os.read(self._own_end, room)
        except OSError:  # BlockingIOError: nothing there
            return b""
