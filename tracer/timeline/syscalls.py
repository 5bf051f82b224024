"""A system call that a thread sleeps in, in words: what it is about, what waits there, and who can end it."""

from collections.abc import Iterator

from .moment import ConnectionMoment
from .relations import ANY_CHILD
from .samples import SampledCall
from .units import clock_time, count

RUNNING = "running"  # what a sample has for a thread that is in no call

_VERBS = {
    "recvfrom": "recv", "recvmsg": "recv", "recvmmsg": "recv", "sendto": "send", "sendmsg": "send", "sendmmsg": "send",
    "accept4": "accept", "ppoll": "poll", "pselect6": "select", "epoll_pwait": "epoll_wait", "epoll_pwait2": "epoll_wait",
    "wait4": "waitpid", "nanosleep": "sleep", "clock_nanosleep": "sleep", "openat": "open", "rt_sigtimedwait": "sigwait",
    "rt_sigsuspend": "sigsuspend",
}  # fmt: skip
TAKES = ("accept", "recv", "poll", "select", "epoll_wait")
"""What waits for a client, where it is at a listener."""
_READS = ("recv", "read", "readv", "poll")
_WRITES = ("send", "write", "writev", "sendfile", "splice")
_BY_A_SIGNAL = "only a signal can end it"
_BY_ITS_OWNER = "whoever has that lock can end it"
_ENDS = {
    "futex": "who can end it: n/a (the kernel does not say whose lock it is)",
    "flock": _BY_ITS_OWNER,
    "fcntl": _BY_ITS_OWNER,
    "connect": "the answer of that server ends it",
    "open": "whoever opens its other end can end it",
    "pause": _BY_A_SIGNAL,
    "sigwait": _BY_A_SIGNAL,
    "sigsuspend": _BY_A_SIGNAL,
}


def verb_of(call: SampledCall) -> str:
    """The call's name, as a program has it: `recv`, `waitpid`."""
    name = call.call or "?"
    return _VERBS.get(name, name)


def named(connection: ConnectionMoment) -> str:
    """`connection #3 (127.0.0.1:53122)`."""
    return f"connection #{connection.number}" + (f" ({connection.peer})" if connection.peer else "")


def seconds(milliseconds: int) -> str:
    """`0.5 s`."""
    return f"{milliseconds / 1000:g} s"


def object_words(call: SampledCall, connection: ConnectionMoment | None, listener: str) -> str:
    """What the call is about, with a space in front: ` on connection #3 (127.0.0.1:53122)`; "" if that is not known."""
    if connection is not None:
        return f" on {named(connection)}"
    if listener:
        return f" on {listener}"
    if call.child is not None:
        return f" for {'any child' if call.child == ANY_CHILD else f'P{call.child}'} to end"
    if call.descriptor is None:
        return ""
    what = {"": "", "socket": "a socket", "pipe": "a pipe"}.get(call.what, call.what)
    peer = f" to {call.peer}" if call.peer else ""
    return f" on {what}{peer} (descriptor {call.descriptor})" if what else f" on descriptor {call.descriptor}"


def bytes_words(verb: str, call: SampledCall, connection: ConnectionMoment | None) -> Iterator[str]:
    """How many bytes wait in the socket that the call is about."""
    if call.what != "socket":
        return
    if call.received is None:
        if connection is not None:
            yield f"bytes waiting: n/a ({call.why or 'the kernel did not show it'})"
    elif verb in _WRITES or call.writes:
        if call.peer:
            yield f"{count(call.sent or 0, 'byte')} not yet taken by the other end"
    elif verb in _READS:
        yield f"{count(call.received, 'byte')} waiting"


def end_words(verb: str, call: SampledCall, connection: ConnectionMoment | None, start: int) -> Iterator[str]:
    """Who can end it; `start` is the recording's."""
    limit = f", or its timeout of {seconds(call.timeout)}" if call.timeout is not None and call.timeout >= 0 else ""
    if connection is not None and verb in (*_READS, *_WRITES):
        yield f"only that client can end it{limit}"
    elif verb == "sleep":
        yield "it ends by itself" + (f" at {clock_time(call.until - start)[:-2]}" if call.until is not None else "")
    elif verb == "waitpid" and call.child not in (None, ANY_CHILD):
        yield f"only the end of P{call.child} can end it"
    elif verb in _ENDS:
        yield _ENDS[verb]
    elif call.what == "socket" and call.received is None and not call.why and verb in TAKES:
        yield f"whoever connects or sends to it can end it{limit}"
    elif call.what in ("socket", "pipe"):
        yield f"whoever has its other end can end it{limit}"
    elif call.timeout is not None and call.timeout >= 0:
        yield f"it ends by itself after {seconds(call.timeout)}"
