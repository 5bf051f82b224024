"""Contexts and the one file they write to.

A **context** is a thread of a process, with the batch of records it has not written yet. Rules of this file:

1. A context's batch is one list for ever: [index of its first record, word, value, word, value …]. Wrappers hold its `extend`.
   It is written with one `os.write` and then shortened by one slice assignment, with no call between the check and it: a
   signal handler that runs hooks of its own, or a KeyboardInterrupt, can make a record appear twice (the reader knows by the
   index) but never lose one or change their order.
2. No lock, no thread, no timer, nothing at exit: a lock held by another thread at fork would hang every child.
3. Nothing here raises an Exception into the program. What cannot be written is counted in the page.
"""

import os
import sys
from _json import encode_basestring_ascii
from _thread import _local, get_ident, get_native_id
from posix import pwrite as _pwrite
from posix import write as _write_here
from time import monotonic_ns

from .frames import EVENTS, FACT, column, fact, frame
from .page import FAILED, LIMIT, Page
from .stdlib import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Records a batch may hold before a busy loop writes it: frames stay small, so that a kill tears few of them.
FULL = 250

_BEHIND_EVERYTHING = 1 << 62


clock = monotonic_ns


class Context:
    """One thread of one process, and what it has yet to write."""

    __slots__ = ("add", "batch", "definition", "id", "unseen")

    def __init__(self, identity: int, definition: bytes) -> None:
        self.id = identity
        self.batch = [0]
        self.add = self.batch.extend
        #: Written before its first events, so that a thread that does nothing costs nothing.
        self.definition = definition
        #: Records dropped since the last frame that was written: in the page until a later frame's index shows the gap.
        self.unseen = 0


class Local(_local):
    """What a thread knows: `add` while one of its hooks is open, its context from its first hook on."""

    add: "Callable[[Iterable[int]], None] | None" = None
    context: Context | None = None


local = Local()


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
        #: Whether another process may accept from our listeners: forked by other means than the framework's, which accepts alone.
        self.listener_is_shared = False
        self.forks_to_serve = False


process = _Process()


def new_id() -> int:
    """A random id of 63 bits that is not 0. Never a pid or a thread ident: the system uses those again."""
    return int.from_bytes(os.urandom(8), "little") >> 1 | 1


def start(path: str, page: str) -> bool:
    """Begin to write this process's events to the recording at `path`; False, and nothing is traced, where that fails."""
    process.page = Page(page)
    process.path = path
    try:
        process.descriptor = _open(path)
    except OSError:
        give_up()
        return False
    process.on = True
    first = process.first = Context(new_id(), b"")
    first.definition = _describe(first.id, "start", 0, os.getpid(), os.getppid(), _born())
    if get_native_id() == process.pid:
        local.context = first
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
    write(first)
    return True


def give_up() -> None:
    """The tracer has failed in this process: the program goes on untraced, and the page tells the supervisor so."""
    process.on = False
    process.page.bytes[FAILED] = (process.page.bytes[FAILED] + 1) % 256


# ---- contexts


def context_here() -> Context:
    """The calling thread's context; a new one in a thread that the framework did not start."""
    context = local.context
    if context is None:
        parent = process.first.id if process.first else 0
        context = local.context = thread_context(new_id(), parent)
    return context


def thread_context(identity: int, parent: int) -> Context:
    """A context for the calling thread, started by context `parent`."""
    return Context(identity, _describe(identity, "thread", parent, process.pid, 0, 0))


#: The fact that defines a context, as JSON in one piece: it is made in every thread and every forked child.
_DEFINITION = (
    '{"type":"context","id":%d,"process":%d,"pid":%d,"tid":%d,"kind":"%s","cause":"%s","parent":%d,"name":%s,"t":%d,'
    '"ppid":%d,"born":%d}'
)


def _describe(identity: int, cause: str, parent: int, pid: int, ppid: int, born: int) -> bytes:
    if cause == "thread":
        kind, name, whose = "thread", encode_basestring_ascii(_thread_name()), process.first.id if process.first else 0
    else:
        kind, name, whose = "process", '""', identity
    known = (identity, whose, pid, get_native_id(), kind, cause, parent, name, clock(), ppid, born)
    return frame(FACT, identity, (_DEFINITION % known).encode())


def _thread_name() -> str:
    """The calling thread's name, without making a Thread object for it as threading.current_thread() would."""
    active = getattr(sys.modules.get("threading"), "_active", {})
    name = getattr(active.get(get_ident()), "_name", "")
    return name if type(name) is str else ""


def _born() -> int:
    """This process's start time in clock ticks since boot (field 22 of its stat): the same before and after an exec."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def enter() -> None:
    """The program calls a hook: the calling thread's outermost span begins."""
    local.add = context_here().add


def leave() -> None:
    """The outermost span has ended and control returns to the program: everything is written."""
    local.add = None
    write(context_here())


def _before_fork() -> None:
    if local.context is not None:
        write(local.context)


def fork_begins() -> None:
    """The framework forks a child to serve a request."""
    process.forks_to_serve = True


def fork_ends() -> None:
    """The framework has forked (in both processes), or failed to."""
    process.forks_to_serve = False


def _after_fork() -> None:
    if not process.forks_to_serve:
        process.listener_is_shared = True


def _after_fork_in_child() -> None:
    """The child's only thread is a new context; its batch begins anew (the parent writes its own copy itself).

    The list stays the same object: wrappers entered before the fork hold its `extend`.
    """
    _after_fork()
    process.pid = os.getpid()
    parent = local.context or process.first
    context = local.context
    if context is None:
        context = local.context = Context(0, b"")
    before = parent.id if parent else 0
    context.id = new_id()
    context.batch[:] = [0]
    context.unseen = 0
    process.first = context
    context.definition = _describe(context.id, "fork", before, process.pid, os.getppid(), 0)


# ---- writing


def write(context: Context) -> None:
    """Append the context's batch to the recording, as one frame in one write."""
    batch = context.batch
    data = context.definition
    if len(batch) == 1 and not data:
        return
    first = batch[0]
    size = len(batch)
    end = first
    try:
        content = column(batch)
        size = len(content) >> 3  # what a signal handler adds from here on is not in this frame
        end = first + (size >> 1)
        if size > 1:
            data += frame(EVENTS, context.id, content)
        if put(data):
            if context.definition:
                context.definition = b""
            if context.unseen:
                process.page.lose(process.pid, -context.unseen)
                context.unseen = 0
        else:
            process.page.lose(process.pid, end - first)
            context.unseen += end - first
    except Exception:
        give_up()
    if batch[0] == first:
        batch[:size] = (end,)


def tell(**fields: object) -> None:
    """Append a fact at once."""
    try:
        put(fact(process.first.id if process.first else 0, **fields))
    except Exception:
        give_up()


def put(data: bytes) -> bool:
    """Append `data`; False if it could not be, or not whole (the reader sees a torn frame then).

    Linux appends to what is open for appending wherever the write shall begin, and can write to nothing else so far behind: where our
    number is the program's by now, a socket, a pipe, a file, it is an OSError and not a byte of ours.
    """
    if not process.on or process.page.bytes[LIMIT]:
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
        return os.path.samestat(os.fstat(descriptor), os.stat(process.path))  # noqa: PTH116 - as above
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
