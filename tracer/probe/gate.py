"""The gate: where a context stops, before a hook or after it, until the supervisor lets it go on.

A context **arrives** before a call when its enter event is recorded, and after it when its end is. Where its hook is armed, or a step
ends, it writes its events and asks the supervisor (tracer/supervisor/gate.py) over a connection of its own; as long as no answer
comes, it is held. Rules of this file:

1. Nobody there to answer, or no way to ask: it runs on.
2. A signal's handler runs while it is held, as in any call that sleeps. What that raises leaves the hook; nothing else does.
3. A connection is one context's alone, and on a descriptor that the program can neither be given nor close by closing all of its own.
"""

import os
from _socket import AF_UNIX, SOCK_SEQPACKET
from _socket import socket as Socket  # noqa: N812
from _struct import Struct
from _thread import _local
from posix import close as _close_descriptor  # the program may replace what `os` has

from .page import AFTER, ARMED, BEFORE, SLOTS, UNASKED
from .process import beyond, file_of, forbids, lift, lifting, process
from .writer import clock, local, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How a context moves on: freely; to its next arrival; to the next that is not inside the call it stands at; to the next behind the
#: call around that; as it did before it asked.
RUN, IN, OVER, OUT, KEEP = range(5)
#: Who steps on across a fork, or a thread's start.
BOTH, PARENT, CHILD = range(3)

#: context, word of the event it arrives with, the time, and the number of the step that has ended here (0: none has)
QUESTION = Struct("<qqqq")
#: how to move on, who does across a fork, and the number of the step
ANSWER = Struct("<BBq")
#: In place of a question: a signal's handler has taken the context out of the gate.
LEFT = b"left"

_MSG_NOSIGNAL = 0x4000  # a program may want to be killed by SIGPIPE, but not by ours
_FAILURES = (OSError, RecursionError, MemoryError)  # that asking may come to
_TRIES = 4  # to ask, where the program closes our descriptor each time
_LONGEST_LIFT = 1.0  # seconds that a fork waits for another thread to have its line: for ever would be too long, whatever that does


class _Here(_local):
    """Where the calling thread stands. `depth`: of the innermost open call, counted from the call it was released at."""

    mode = RUN
    follow = BOTH
    step = 0
    depth = 0
    asking = False
    forks = 0  # how many of its forks, one within the other, have `lifting`
    line: "_Line | None" = None


_here = _Here()
_lines: dict[int, tuple[int, int]] = {}  # descriptor -> which socket it is, for all lines of this process


def begin() -> None:
    """This process can be held from now on."""
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


def arrive(word: int, slot: int, when: int) -> None:
    """The calling thread is before a call, or after it: ask whether to go on, if that is in question. Called while ARMED is set."""
    here = _here
    armed = process.page.bytes[SLOTS + slot] & when
    if here.mode == RUN:
        if not armed:
            return
        depth, ended = 0, 0
    else:
        depth = here.depth + (when == BEFORE)
        here.depth = depth - (when == AFTER)
        ended = here.step if here.mode == IN or depth < (here.mode == OVER) else 0
        if not armed and not ended:
            return
    if here.asking or local.context is None:  # a signal's handler runs hooks while its thread is held
        return
    here.asking = True
    try:
        mode, follow, step = _ask(word, ended)
        if mode != KEEP:
            here.mode, here.follow, here.step, here.depth = mode, follow, step, -(when == AFTER)
        return
    except BaseException as error:
        here.mode = RUN
        if type(error) is RecursionError:  # the program's own: nothing more can be called here
            process.page.bytes[UNASKED] = (process.page.bytes[UNASKED] + 1) % 256
            return
        if not _has_failed(error):
            _leave()
            raise
        refused, reset = isinstance(error, ConnectionRefusedError), isinstance(error, ConnectionResetError | BrokenPipeError)
    finally:
        here.asking = False
    _lose(refused, reset)  # behind the exception: what a signal's handler raises in there has nothing to do with it


def _ask(word: int, ended: int) -> "tuple[int, int, int]":
    context = local.context
    assert context is not None
    for _ in range(_TRIES):
        write(context)  # each time: a signal's handler may have forked meanwhile, and this be the child
        line = _here.line
        if line is None:
            line = _here.line = _Line()
        answer = line.ask(QUESTION.pack(context.id, word, clock(), ended))
        if answer is not None:
            mode, follow, step = ANSWER.unpack(answer)
            return mode, follow, step
        _here.line = None
    raise OSError


class _Line:
    """The calling thread's connection to the supervisor. Raises OSError where there is none to be had."""

    __slots__ = ("__weakref__", "identity", "socket")

    def __init__(self) -> None:
        with lifting:  # no child is forked before it is known which descriptor that has to close
            made = Socket(AF_UNIX, SOCK_SEQPACKET)
            self.socket = Socket(AF_UNIX, SOCK_SEQPACKET, 0, lift(made.detach()))
            self.identity = file_of(self.socket.fileno())
            _lines[self.socket.fileno()] = self.identity
        self.socket.settimeout(None)  # the program may have set another default
        self.socket.connect(process.gate)

    def ask(self, question: bytes) -> bytes | None:
        """The answer, as soon as there is one; None if the program has closed the descriptor, before or meanwhile. Raises OSError."""
        if not self.is_ours():
            return None
        try:
            self.socket.send(question, _MSG_NOSIGNAL)
            if self.is_ours():  # or else what comes there is not for us
                answer = self.socket.recv(ANSWER.size)
                if len(answer) == ANSWER.size:
                    return answer
                raise ConnectionResetError
        except OSError as error:
            if not _has_failed(error) or self.is_ours():
                raise
        return None

    def is_ours(self) -> bool:
        """Whether its descriptor is still what it was: the program may have closed it, and opened something else there."""
        try:
            return file_of(self.socket.fileno()) == self.identity
        except OSError as error:
            if _has_failed(error):
                return False
            raise

    def __del__(self) -> None:
        try:
            _close(self.socket.detach(), self.identity)
        except Exception:  # it has none yet, or the interpreter ends
            return


def _close(descriptor: int, identity: tuple[int, int]) -> None:
    """Close a line's descriptor, if it still is one."""
    if _lines.get(descriptor) == identity:  # or else it is another line's by now
        del _lines[descriptor]
    try:
        if file_of(descriptor) == identity:
            _close_descriptor(descriptor)
    except OSError:
        return


def _leave() -> None:
    """The calling thread no longer waits for its answer; it may have been told one."""
    line = _here.line
    _here.line = None
    try:
        if line is not None and line.is_ours():
            line.socket.send(LEFT, _MSG_NOSIGNAL)
    except OSError as error:
        if not _has_failed(error):
            raise


def _lose(refused: bool, reset: bool) -> None:
    """It could not be asked. Where nobody is left to answer, nobody is to ask any more."""
    _here.line = None
    if reset:
        try:
            _Line()
        except BaseException as error:
            if not _has_failed(error):
                raise
            refused = isinstance(error, ConnectionRefusedError)  # a socket without a listener; not: no such file, as after a chroot
    page = process.page.bytes
    if refused:
        page[ARMED] = 0
    elif page[ARMED]:  # or else it has ended as it should
        page[UNASKED] = (page[UNASKED] + 1) % 256


def _has_failed(error: BaseException) -> bool:
    """Whether our own asking has failed, by itself or because an audit hook forbade it; if not, the exception is the program's."""
    frame = beyond(error)
    return issubclass(type(error), _FAILURES) if frame is None else forbids(frame)


# ---- children and threads that are born while their parent steps


def _before_fork() -> None:
    if lifting.acquire(timeout=_LONGEST_LIFT):
        _here.forks += 1


def _after_fork() -> None:
    if _here.forks:
        _here.forks -= 1
        lifting.release()
    if _here.mode != RUN and _here.follow == CHILD:
        _here.mode = RUN


def _after_fork_in_child() -> None:
    """The child has no line: its parent's would otherwise stay open when the parent is gone."""
    if _here.forks:
        _here.forks -= 1
        lifting.release()
    else:
        lifting._at_fork_reinit()  # type: ignore[attr-defined]
    for descriptor, identity in list(_lines.items()):
        _close(descriptor, identity)
    line = _here.line
    if line is not None:
        line.socket.detach()
        _here.line = None
    _here.asking = False
    if _here.mode != RUN and _here.follow == PARENT:
        _here.mode = RUN
    elif process.forks_to_serve:
        _here.depth -= 1  # it never comes back from the call of fork: that is its parent's


def bequeath(thread: "Any") -> None:
    """The calling thread is about to start `thread`, which steps on as it does, or in its place."""
    if _here.mode == RUN or _here.follow == PARENT:
        return
    thread._tracer += (_here.mode, _here.follow, _here.step, _here.depth - 1)
    if _here.follow == CHILD:
        _here.mode = RUN


def inherit(mode: int, follow: int, step: int, depth: int) -> None:
    """The calling thread steps on from where its starter stood."""
    _here.mode, _here.follow, _here.step, _here.depth = mode, follow, step, depth
