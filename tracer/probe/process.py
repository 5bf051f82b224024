"""This process, as the tracer knows it, and the one file that all its contexts write to.

The file is open for appending, on a descriptor that the program can neither be given nor close by closing all of its own; for what
happens should the number be the program's all the same, see `put`. What cannot be written is counted in the page.
"""

import os
import sys
from posix import pwrite as _pwrite
from posix import write as _write_here

from .frames import fact
from .page import FAILED, LIMIT, Page
from .stdlib import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .writer import Context

_BEHIND_EVERYTHING = 1 << 62
_MOST_UNTOLD = 1 << 20  # bytes


class _Process:
    """What all contexts of this process share. One object, changed in place: wrappers in many frames hold on to it."""

    def __init__(self) -> None:
        self.path = ""
        self.descriptor = -1
        self.page = Page()
        self.pid = os.getpid()
        #: The process's first context, whose id also names the process.
        self.first: Context | None = None
        self.on = False
        self.untold = b""  # facts that could not be written
        #: Whether another process may accept from our listeners: forked by other means than the framework's, which accepts alone.
        self.listener_is_shared = False
        self.forks_to_serve = False

    @property
    def id(self) -> int:
        """The id of its first context; 0 before it has one."""
        return self.first.id if self.first else 0


process = _Process()


def begin(path: str, page: str) -> bool:
    """Open the recording at `path`; False, and nothing is traced, where that fails."""
    process.page = Page(page)
    process.path = path
    try:
        process.descriptor = _open(path)
    except OSError:
        give_up()
        return False
    process.on = True
    return True


def give_up() -> None:
    """The tracer has failed in this process: the program goes on untraced, and the page tells the supervisor so."""
    process.on = False
    process.page.bytes[FAILED] = (process.page.bytes[FAILED] + 1) % 256


def tell(**fields: object) -> None:
    """Append a fact at once; what cannot be written now comes before whatever can be written next."""
    try:
        data = fact(process.id, **fields)
        if not put(data) and process.on and not process.page.bytes[LIMIT] and len(process.untold) < _MOST_UNTOLD:
            process.untold += data
    except Exception:
        give_up()


def put(data: bytes) -> bool:
    """Append `data`; False if it could not be, or not whole (the reader sees a torn frame then).

    Linux appends to what is open for appending wherever the write shall begin, and most other things cannot be written to so far
    behind: where our number is the program's by now, a socket, a pipe, a file on disk, it is an OSError and not a byte of ours.
    Not so where it is a file that the program opened for appending, or a device.
    """
    if not process.on or process.page.bytes[LIMIT]:
        return False
    if process.untold:
        earlier, process.untold = process.untold, b""
        if not put(earlier):
            process.untold = earlier
            return False
    try:
        return _pwrite(process.descriptor, data, _BEHIND_EVERYTHING) == len(data)
    except OSError:
        if _is_ours(process.descriptor):
            return False
    try:  # the program closed our descriptor with all others, and may have been given its number
        process.descriptor = _open(process.path)
        return _pwrite(process.descriptor, data, _BEHIND_EVERYTHING) == len(data)
    except OSError:
        return False


if sys.platform != "linux":

    def _pwrite(descriptor: int, data: bytes, offset: int, /) -> int:
        return _write_here(descriptor, data)


def _is_ours(descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(process.path))  # noqa: PTH116 - no pathlib in a traced program
    except OSError:
        return False


def _open(path: str) -> int:
    """The recording opened for appending, on a descriptor above the soft limit: the program can neither be given that number
    nor, as it closes all up to its limit, close it."""
    low = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        return _lift(low)
    except (OSError, ValueError, ImportError):
        return low


def _lift(low: int) -> int:
    fcntl, resource = private("fcntl"), private("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = soft + 64
    enough = hard if hard == resource.RLIM_INFINITY else max(hard, room)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, enough))
    except (OSError, ValueError):  # no room above, and only root may make some: as high as can be
        high: int = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, max(soft - 64, low))
    else:
        try:
            high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, soft)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    os.close(low)
    return high
