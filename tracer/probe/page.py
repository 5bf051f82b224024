"""The page: 4 KiB of memory that every process of a run shares with the supervisor.

It carries what must get through when nothing else does: the supervisor's word that the recording has reached its limit, and
each process's count of records it could not write. A file under /dev/shm or in the run's private directory, mapped by all.

    0       1: the recording has reached its limit, write nothing more
    1       1: some hook is armed, or some context steps: whoever comes to a hook looks further (see gate.py)
    2       number of processes in which the tracer gave up (modulo 256)
    3       number of stops at which a process could not ask whether it is held (modulo 256)
    64      one byte a hook, by its slot: BEFORE, AFTER, or both, where it is armed
    1024    losses: 384 counters of 8 bytes, one a process: the one at pid % 384

Behind it the file has one byte more for each interpreter that has started under the probe, whatever it imports.
"""

import os
import sys
from _codecs import register_error

from .stdlib import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap

SIZE = 4096
LIMIT, ARMED, FAILED, UNASKED, SLOTS = 0, 1, 2, 3, 64
BEFORE, AFTER = 1, 2
_LOSSES, _COUNTERS = 1024, 384


class Page:
    """A page that all openers of the same path share; without a path, or where it cannot be mapped, a private one."""

    def __init__(self, path: str = "") -> None:
        self.bytes: mmap | bytearray
        self.shared = False
        try:
            with open(path, "r+b") as file:
                self.bytes = _map(file.fileno())
            self.shared = True
        except (OSError, ValueError):
            self.bytes = bytearray(SIZE)
        self._losses = memoryview(self.bytes)[_LOSSES : _LOSSES + 8 * _COUNTERS].cast("q")

    def lose(self, pid: int, records: int) -> None:
        """Add `records` (which may be negative: they have become visible as a gap) to what process `pid` could not write.

        Live processes with equal pid % 384 share a counter; sequential pids make that rare, and only the sum is read.
        """
        self._losses[pid % _COUNTERS] += records

    @property
    def lost(self) -> int:
        """Records that no process could write, and that no later frame makes visible."""
        return sum(self._losses)


def _map(descriptor: int) -> "mmap":
    """The file, mapped without keeping a descriptor: a low one of ours would be one that the program does not know of."""
    module = private("mmap")
    if sys.version_info >= (3, 13):
        untracked: mmap = module.mmap(descriptor, SIZE, trackfd=False)
        return untracked
    before = _others(descriptor)
    mapped: mmap = module.mmap(descriptor, SIZE)
    own = _others(descriptor) - before
    if len(own) == 1:
        # It would close that number again when it goes, and by then it may be the program's: so it stays until the interpreter's
        # own end, which is when this registry goes.
        register_error(f"tracer.page {id(mapped)}", mapped.size)  # type: ignore[arg-type]  # nobody asks for it
        os.close(own.pop())
    return mapped


def _others(descriptor: int) -> set[int]:
    """The other descriptors of the file that `descriptor` has open."""
    found: set[int] = set()
    try:
        this, names = os.fstat(descriptor), os.listdir("/dev/fd")  # noqa: PTH208 - pathlib is not imported in a traced program
    except OSError:
        return found
    for name in names:
        try:
            if int(name) != descriptor and os.path.samestat(os.fstat(int(name)), this):
                found.add(int(name))
        except OSError:  # the listing's own, or another thread's
            continue
    return found


def create(path: str) -> Page:
    """A new, zeroed page at `path`, for its owner alone. Raises OSError."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.fchmod(descriptor, 0o600)  # whatever the umask has taken away
    with open(descriptor, "wb") as file:
        file.write(bytes(SIZE))
    return Page(path)
