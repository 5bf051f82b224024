"""Contexts and the one file they write to.

A **context** is a thread of a process, with the batch of records it has not written yet. Rules of this file:

1. A context's batch is one list for ever: [index of its first record, word, value, word, value …]. Wrappers hold its `extend`.
   It is written with one `os.write` and then shortened by one slice assignment, with no call between the check and it: a
   signal handler that runs hooks of its own, or a KeyboardInterrupt, can make a record appear twice (the reader knows by the
   index) but never lose one or change their order.
2. No lock, no thread, no timer, nothing at exit: a lock held by another thread at fork would hang every child. (The one of those
   who open a descriptor, see process.py, is not waited for in a child.)
3. Nothing here raises an Exception into the program. What cannot be written is counted in the page.
"""

import os
import sys
from _json import encode_basestring_ascii
from _thread import _local, get_ident, get_native_id
from time import monotonic_ns

from .frames import EVENTS, FACT, column, frame
from .process import begin, give_up, is_ours, process, put, stat_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Records a batch may hold before a busy loop writes it: frames stay small, so that a kill tears few of them.
FULL = 250
_MOST_ANCESTORS = 4

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


def new_id() -> int:
    """A random id of 63 bits that is not 0. Never a pid or a thread ident: the system uses those again."""
    return int.from_bytes(os.urandom(8), "little") >> 1 | 1


def start(path: str, page: str, pid: int) -> bool:
    """Begin to write this process's events to the recording at `path`; False, and nothing is traced, where that fails.

    `pid` is that of the process in which the interpreter was started: another one than ours if it was forked before this.
    """
    if not begin(path, page):
        return False
    first = process.first = Context(new_id(), b"")
    cause = "start" if pid == process.pid else "fork"
    first.definition = _describe(first.id, cause, 0, process.pid, os.getppid(), process.born, above=_ancestors())
    if get_native_id() == process.pid:
        local.context = first
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
    write(first)
    return True


# ---- contexts


def context_here() -> Context:
    """The calling thread's context; a new one in a thread that the framework did not start."""
    context = local.context
    if context is None:
        context = local.context = thread_context(new_id(), process.id)
    return context


def thread_context(identity: int, parent: int, started: bool = False) -> Context:
    """A context for the calling thread, of context `parent`; `started` by the framework: then it tells its own end."""
    return Context(identity, _describe(identity, "thread", parent, process.pid, 0, 0, started))


#: The fact that defines a context, as JSON in one piece: it is made in every thread and every forked child.
_DEFINITION = (
    '{"type":"context","id":%d,"process":%d,"pid":%d,"tid":%d,"kind":"%s","cause":"%s","parent":%d,"name":%s,"t":%d,'
    '"ppid":%d,"born":%d,"started":%d,"image":"%s","ancestors":[%s]}'
)


def _describe(identity: int, cause: str, parent: int, pid: int, ppid: int, born: int, started: bool = False, above: str = "") -> bytes:
    if cause == "thread":
        kind, name, whose, image = "thread", encode_basestring_ascii(_thread_name()), process.id, ""
    else:
        kind, name, whose, image = "process", '""', identity, process.image
    known = (identity, whose, pid, get_native_id(), kind, cause, parent, name, clock(), ppid, born, started, image, above)
    return frame(FACT, identity, (_DEFINITION % known).encode())


def _thread_name() -> str:
    """The calling thread's name, without making a Thread object for it as threading.current_thread() would."""
    active = getattr(sys.modules.get("threading"), "_active", {})
    name = getattr(active.get(get_ident()), "_name", "")
    return name if type(name) is str else ""


def _ancestors() -> str:
    """The pids of the nearest processes that this one descends from: its parent may be one that is not traced, such as a shell."""
    found: list[int] = []
    pid = os.getppid()
    while pid > 1 and len(found) < _MOST_ANCESTORS:
        found.append(pid)
        stat = stat_of(pid)
        pid = int(stat[1]) if stat else 0
    return ",".join(map(str, found))


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
    context = local.context
    before = context.id if context else process.id
    if context is None:
        context = local.context = Context(0, b"")
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
    except RecursionError:  # the program's own: there will be room when it has returned
        return
    except Exception as error:
        if not is_ours(error):
            raise
        give_up()
    if batch[0] == first:
        batch[:size] = (end,)
