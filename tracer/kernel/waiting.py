"""What a thread of any process sleeps in, asked of the kernel from outside, by /proc.

/proc/PID/task/TID/syscall holds the number of the system call that the thread is in and its six arguments as they were given, or
the word "running". The numbers are of the architecture, so the tables below are; where there is none, wchan names the kernel's own
function. Of what an argument points to, only what says how long a call waits, and poll's one descriptor, are read, in /proc/PID/mem.

Both need the right to trace the process (ptrace(2)): the same user's, and under Yama's ptrace_scope=1 only a descendant's. Nothing is
attached, and nothing is stopped. Costs: about 10 µs a thread, 10 more for what an argument points to.

A thread that was not scheduled since it was asked is in the same call still: `turns` tells. Costs: about 8 µs.
"""

import os
import platform
import struct
import sys
from pathlib import Path
from typing import NamedTuple

from tracer.kernel.answer import GONE, NOT_LINUX, Answer, NotAvailable
from tracer.kernel.proc import absence, read

RUNNING = "running"

NOT_ALLOWED = NotAvailable("not allowed: it needs the right to trace that process (ptrace)")
NOT_TOLD = NotAvailable("this kernel does not tell what threads wait in")
NO_CALL = NotAvailable("it waits, but in no system call")

_X86_64 = {
    0: "read", 1: "write", 3: "close", 7: "poll", 17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev", 23: "select",
    34: "pause", 35: "nanosleep", 40: "sendfile", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg",
    47: "recvmsg", 61: "wait4", 72: "fcntl", 73: "flock", 74: "fsync", 75: "fdatasync", 128: "rt_sigtimedwait",
    130: "rt_sigsuspend", 202: "futex", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid", 257: "openat", 270: "pselect6",
    271: "ppoll", 275: "splice", 281: "epoll_pwait", 288: "accept4", 299: "recvmmsg", 307: "sendmmsg", 318: "getrandom",
    441: "epoll_pwait2",
}  # fmt: skip
_AARCH64 = {
    22: "epoll_pwait", 25: "fcntl", 32: "flock", 56: "openat", 57: "close", 63: "read", 64: "write", 65: "readv", 66: "writev",
    67: "pread64", 68: "pwrite64", 71: "sendfile", 72: "pselect6", 73: "ppoll", 76: "splice", 82: "fsync", 83: "fdatasync",
    95: "waitid", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep", 133: "rt_sigsuspend", 137: "rt_sigtimedwait", 202: "accept",
    203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg", 242: "accept4", 243: "recvmmsg", 260: "wait4",
    269: "sendmmsg", 278: "getrandom", 441: "epoll_pwait2",
}  # fmt: skip
CALLS = {"x86_64": _X86_64, "aarch64": _AARCH64}
"""Machine, as platform.machine() has it -> number -> name."""

_ON_A_DESCRIPTOR = {
    "read", "write", "close", "pread64", "pwrite64", "readv", "writev", "connect", "accept", "accept4", "sendto", "recvfrom", "sendmsg",
    "recvmsg", "sendmmsg", "recvmmsg", "fcntl", "flock", "fsync", "fdatasync", "epoll_wait", "epoll_pwait", "epoll_pwait2",
}  # fmt: skip
_MILLISECONDS = {"poll": 2, "epoll_wait": 3, "epoll_pwait": 3}  # which argument says how long it waits; -1: for ever
_TIMESPEC = {"ppoll": 2, "pselect6": 4}  # the same, where it points to seconds and nanoseconds; 0: for ever
_P_PID, _ABSOLUTE, _MONOTONIC = 1, 1, 1
_POLL = struct.Struct("=ihh")  # a struct pollfd: its descriptor, what is waited for, what there is
_POLLIN, _POLLOUT = 1, 4
_TIME = struct.Struct("=qq")


class Call(NamedTuple):
    """The system call that a thread is in."""

    name: str
    """The kernel's name for it; RUNNING: in none."""
    arguments: tuple[int, ...] = ()
    descriptor: int | None = None
    """The one descriptor that it is about; None if it takes none, or several."""
    child: int | None = None
    """The one process that it waits for the end of; -1: any child."""
    timeout: int | None = None
    """Milliseconds that it waits at most, counted from its own beginning; -1: for ever. None: not known, or no such call."""
    until: int | None = None
    """When it ends by itself, in nanoseconds of CLOCK_MONOTONIC; None as above."""
    writes: bool = False
    """It is a poll that waits until something can be written to its descriptor, and for nothing else."""


class Descriptor(NamedTuple):
    """What a descriptor of some process is."""

    what: str
    """`socket`, `pipe`, the path of a file, or what else the kernel calls it."""
    inode: int | None
    """Of a socket or pipe."""


def call(pid: int, tid: int) -> Answer[Call]:
    """The call that a thread of `pid` is in."""
    text = read(f"/proc/{pid}/task/{tid}/syscall")
    if isinstance(text, NotAvailable):
        return _refused(pid, tid, text)
    found = parsed(text.decode("ascii", "replace"), platform.machine())
    if isinstance(found, NotAvailable):
        place = read(f"/proc/{pid}/task/{tid}/wchan")
        known = place.decode("ascii", "replace") if isinstance(place, bytes) else ""
        return NotAvailable(f"{found.why}; the kernel is in {known}") if known.strip("0") else found
    return _with_memory(pid, found)


def parsed(text: str, machine: str) -> Answer[Call]:
    """What the text of a `syscall` file says on such a machine."""
    number, *rest = text.split() or [""]
    if number == RUNNING:
        return Call(RUNNING)
    if number == "-1":
        return NO_CALL
    table = CALLS.get(machine)
    if table is None:
        return NotAvailable(f"the calls of {machine} are in no table here")
    name = table.get(int(number)) if number.isdecimal() else None
    if name is None or len(rest) < 6:
        return NotAvailable(f"system call {number} of {machine} is in no table here")
    given = tuple(int(word, 16) for word in rest[:6])
    return Call(name, given, _descriptor(name, given), _child(name, given), _milliseconds(name, given))


def turns(pid: int, tid: int) -> Answer[str]:
    """Words that are others as soon as the thread has run again: for a comparison only."""
    text = read(f"/proc/{pid}/task/{tid}/schedstat")
    if isinstance(text, NotAvailable) or text.split() == [b"0"] * 3:  # without CONFIG_SCHED_INFO
        text = read(f"/proc/{pid}/task/{tid}/status")
        if isinstance(text, NotAvailable):
            return text
        return b" ".join(line for line in text.splitlines() if b"ctxt_switches" in line).decode()
    return text.decode()


def descriptor(pid: int, number: int) -> Answer[Descriptor]:
    """What a descriptor of `pid` is."""
    if sys.platform != "linux":
        return NOT_LINUX
    try:
        target = str(Path(f"/proc/{pid}/fd/{number}").readlink())
    except PermissionError:
        return NOT_ALLOWED
    except OSError as error:
        return absence(error)
    kind, _, inode = target.partition(":[")
    if kind in ("socket", "pipe") and inode.endswith("]") and inode[:-1].isdecimal():
        return Descriptor(kind, int(inode[:-1]))
    return Descriptor(target, None)


def _refused(pid: int, tid: int, why: NotAvailable) -> NotAvailable:
    if why is not GONE:
        return why if why is NOT_LINUX or "mounted" in why.why else NOT_ALLOWED
    return GONE if read(f"/proc/{pid}/task/{tid}/stat") is GONE else NOT_TOLD


def _descriptor(name: str, given: tuple[int, ...]) -> int | None:
    return _signed(given[0]) if name in _ON_A_DESCRIPTOR else None


def _child(name: str, given: tuple[int, ...]) -> int | None:
    if name == "wait4":
        return _signed(given[0])
    return _signed(given[1]) if name == "waitid" and given[0] == _P_PID else None


def _milliseconds(name: str, given: tuple[int, ...]) -> int | None:
    if name in _MILLISECONDS:
        return max(-1, _signed(given[_MILLISECONDS[name]]))
    return -1 if name in _TIMESPEC and not given[_TIMESPEC[name]] else None


def _with_memory(pid: int, found: Call) -> Call:
    """The call, and what its arguments point to, as far as that can be read."""
    name, given = found.name, found.arguments
    if name in ("poll", "ppoll") and given[1] == 1 and (one := _memory(pid, given[0], _POLL)):
        found = found._replace(descriptor=one[0], writes=one[1] & (_POLLIN | _POLLOUT) == _POLLOUT)
    if name in _TIMESPEC and found.timeout is None and (time := _memory(pid, given[_TIMESPEC[name]], _TIME)):
        found = found._replace(timeout=time[0] * 1000 + time[1] // 1_000_000)
    absolute = name == "clock_nanosleep" and given[0] == _MONOTONIC and given[1] == _ABSOLUTE
    if absolute and (time := _memory(pid, given[2], _TIME)):
        found = found._replace(until=time[0] * 1_000_000_000 + time[1])
    return found


def _memory(pid: int, address: int, shape: struct.Struct) -> tuple[int, ...]:
    """Numbers in the memory of `pid`; none if they cannot be read."""
    try:
        opened = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return shape.unpack(os.pread(opened, shape.size, address))
        finally:
            os.close(opened)
    except (OSError, OverflowError, struct.error):
        return ()


def _signed(word: int) -> int:
    """An argument that is an int of C."""
    word &= 0xFFFF_FFFF
    return word - (1 << 32) if word >> 31 else word
