"""This process, as the tracer knows it, and the one file that all its contexts write to.

The file is open for appending, on a descriptor that the program can neither be given nor close by closing all of its own. Should
the number be the program's all the same, `put` knows it by the position in the file: ours is one that no file of a program's has.
What cannot be written is counted in the page.
"""

import os
import sys
from _signal import SIG_IGN, SIGXFSZ, getsignal  # type: ignore[import-not-found]
from _thread import RLock
from posix import close as _close  # the program may replace what `os` has
from posix import fstat as _fstat
from posix import lseek as _lseek
from posix import pwrite as _pwrite
from posix import write as _write_here

from .frames import fact
from .page import FAILED, LIMIT, Page
from .stdlib import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from .stdlib import ModuleType
    from .writer import Context

_BEHIND_EVERYTHING = 1 << 62
_MOST_UNTOLD = 1 << 20  # bytes
_NEAR = 1 << 16  # bytes: more than is written at once, by all processes together
_HIGH_ENOUGH = 1 << 14  # a descriptor that few programs come near; fork copies a table as long as the highest


#: How the names of our files begin: that of this folder, and what the probes are compiled as.
OURS = (__file__.rpartition("/")[0] + "/", "<tracer>")
traceback = BaseException.__dict__["__traceback__"]  # an exception class may forbid, or make more of, what is set on it


#: What audit hooks are told that we do.
_AUDITED = ("open", "socket.__new__", "socket.connect", "fcntl.fcntl", "resource.setrlimit")


def is_ours(error: BaseException) -> bool:
    """Whether we have failed, by ourselves or because an audit hook forbade something; if not, a signal's handler has raised.

    That runs within our calls, too: what it raises is the program's, and goes on to it.
    """
    frame = beyond(error)
    return frame is None or forbids(frame)


def beyond(error: BaseException) -> "FrameType | None":
    """The frame of the program's out of which an exception came into ours; None: it came up here."""
    trace = traceback.__get__(error)
    while trace.tb_next is not None and trace.tb_next.tb_frame.f_code.co_filename.startswith(OURS):
        trace = trace.tb_next
    return trace.tb_next.tb_frame if trace.tb_next is not None else None


def forbids(frame: "FrameType") -> bool:
    """Whether a frame is that of an audit hook, which was told what we do."""
    told = [value[0] if type(value) is tuple and value else value for value in frame.f_locals.values()]
    return any(type(value) is str and value in _AUDITED for value in told)


class _Process:
    """What all contexts of this process share. One object, changed in place: wrappers in many frames hold on to it."""

    def __init__(self) -> None:
        self.path = ""
        self.gate = ""  # where the supervisor answers whoever asks whether it is held
        self.descriptor = -1
        self.position = 0  # in the recording, of every description that `_open` makes
        self.file: tuple[int, int] | None = None  # the recording's device and inode
        self.page = Page()
        self.pid = os.getpid()
        self.born = 0  # its start time in clock ticks since boot: the same before and after an exec; 0: not known
        self.image = ""  # what it executes: see tracer/kernel/processes.py, where it is asked for from outside
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
    """Open the recording at `path`; False, and nothing is traced, where that fails, or where the run is over."""
    process.page = Page(page)
    if not process.page.shared:  # nobody is left to keep the limit, and the path may be another recording's by now
        return False
    process.path, process.gate = path, page.rpartition("/")[0] + "/gate"
    process.position = 1 << 30 | int.from_bytes(os.urandom(4), "little") >> 2
    try:
        process.descriptor = _open(path)
    except OSError:
        give_up()
        return False
    stat = stat_of("self")
    if stat:
        process.born, process.image = int(stat[19]), b" ".join(stat[23:26]).decode()
    process.on = True
    return True


def stat_of(pid: object) -> list[bytes]:
    """The fields of a process's stat, as proc_pid_stat(5) has them, from the third on; none where it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


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
    except RecursionError:  # the program's own
        process.page.lose(process.pid, 1)
    except Exception as error:
        if not is_ours(error):
            raise
        give_up()


def put(data: bytes) -> bool:
    """Append `data`; False if it could not be, or not whole (the reader sees a torn frame then).

    Two things keep it out of what is the program's, should our number be. The position tells whether the file is ours: appending
    at an offset moves none on Linux, so it stays where `_open` put it; a terminal, a pipe and a socket have none. And should
    another thread take the number in the microsecond between the question and the write: Linux appends to what is open for
    appending wherever the write shall begin, while a pipe, a socket or a file on disk cannot be written to so far behind. What is
    beyond both is a file that is opened for appending, with our number, in that very microsecond.

    An interpreter begins with SIGXFSZ ignored. A program that wants it back shall not get it for a file that it does not know of.
    """
    if not process.on or process.page.bytes[LIMIT]:
        return False
    if process.untold:
        earlier, process.untold = process.untold, b""
        if not put(earlier):
            process.untold = earlier
            return False
    try:
        if not _is_ours(process.descriptor):  # the program closed it with all others, and may have been given its number
            process.descriptor = _open(process.path)
        if getsignal(SIGXFSZ) != SIG_IGN and _is_near_limit(process.descriptor):
            return False
        return _pwrite(process.descriptor, data, _BEHIND_EVERYTHING) == len(data)
    except OSError as error:
        if not is_ours(error):
            raise
        return False


def _is_ours(descriptor: int) -> bool:
    """Whether the descriptor is one that `_open` made. A quarter of what an fstat takes."""
    try:
        return _lseek(descriptor, 0, os.SEEK_CUR) == process.position
    except OSError as error:
        if not is_ours(error):
            raise
        return False


def _is_near_limit(descriptor: int) -> bool:
    """Whether the file is nearly as large as this process may make one. Raises OSError."""
    try:
        resource = private("resource")
    except ImportError:
        return True
    soft: int = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return soft >= 0 and os.fstat(descriptor).st_size > soft - _NEAR  # RLIM_INFINITY is -1


if sys.platform != "linux":

    def _pwrite(descriptor: int, data: bytes, offset: int, /) -> int:
        return _write_here(descriptor, data)

    def _is_ours(descriptor: int) -> bool:
        try:
            return file_of(descriptor) == process.file
        except OSError:
            return False


def file_of(descriptor: int) -> tuple[int, int]:
    """The device and inode that tell what is open there. Raises OSError."""
    known = _fstat(descriptor)
    return known.st_dev, known.st_ino


def _open(path: str) -> int:
    """The recording opened for appending, on a descriptor above the soft limit: the program can neither be given that number
    nor, as it closes all up to its limit, close it. Raises OSError, also where another file is at its path by now."""
    low = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        file = file_of(low)
        if file != (process.file or file):
            raise FileNotFoundError(path)
        process.file = file
        _lseek(low, process.position, os.SEEK_SET)
    except OSError:
        os.close(low)
        raise
    return lift(low)


#: Whoever lifts a descriptor has this: the limit is another one for a moment, which no other thread may take for the program's.
lifting = RLock()
_modules: "dict[str, ModuleType]" = {}


def lift(low: int) -> int:
    """The same file on a descriptor that is out of the program's reach; `low` is closed then. Where there is none: `low`."""
    try:
        with lifting:
            return _lift(low)
    except Exception as error:
        if is_ours(error):
            return low
        _close(low)
        raise


def _module(name: str) -> "ModuleType":
    if name not in _modules:
        _modules[name] = private(name)
    return _modules[name]


def _lift(low: int) -> int:
    fcntl, resource = _module("fcntl"), _module("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not 0 <= soft <= _HIGH_ENOUGH:  # RLIM_INFINITY is -1
        far: int = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH_ENOUGH)
        _close(low)
        return far
    room = soft + 64
    enough = hard if hard == resource.RLIM_INFINITY else max(hard, room)
    least = soft
    try:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (room, enough))
        except (OSError, ValueError):  # no room above, and only root may make some: as high as can be
            least = max(soft - min(64, soft // 4), low)
        high: int = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, least)
    finally:
        if least == soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    _close(low)
    return high
