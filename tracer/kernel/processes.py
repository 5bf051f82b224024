"""The children and threads of any process, asked of the kernel from outside, by /proc.

Identity is (pid, born), never the pid alone: pids are used again. `born` is the start time in clock ticks since the
boot (1/100 s on every Linux of today), as /proc/PID/stat has it in field 22.

The image of a process is what it executes. Fields 26 to 28 of /proc/PID/stat (where its code begins and ends and its stack begins,
proc_pid_stat(5)) tell one from another: fork keeps them, and every exec, also of the same program, sets them anew, at random places
(randomize_va_space; without that, two images of one program with words and an environment of one size look alike). They read 0, or
1, to who may not trace the process, of a zombie, and for the microseconds that an exec takes.

Linux: a child that ended and was not waited for is a zombie; its wait status is field 52 of its stat, shown to the same
user and to root, while others read 0. Where /proc hides other users' processes (hidepid), they look gone.
Costs: about 10 µs a process.
"""

import os
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from tracer.kernel.answer import GONE, NOT_LINUX, Answer, NotAvailable
from tracer.kernel.proc import absence, read

THREAD_STATES = {
    "R": "runnable",  # on a processor, or waiting for one
    "S": "sleeping",
    "D": "uninterruptible",
    "I": "idle",
    "T": "stopped",
    "t": "traced",
    "Z": "zombie",
    "X": "dead",
}

STILL_RUNNING = NotAvailable("it is still running")
NOT_SHOWN = NotAvailable("not shown to this user, or not yet set")
OTHER_USER = NotAvailable("it belongs to another user")

_LOOKS = 5  # at a list of processes that changes all the time


class Child(NamedTuple):
    """A process that the asked one forked or spawned and has not waited for."""

    pid: int
    born: int
    """Start time in clock ticks since the boot."""
    name: str
    """The kernel's name of the process (15 bytes: the program's file, unless it renamed itself)."""
    state: Literal["running", "zombie"]
    """`running` is all that has not ended, asleep or stopped alike."""
    status: Answer[int]
    """Of a zombie: its exit status, or minus the number of the signal that killed it, as `subprocess` writes it."""


class Thread(NamedTuple):
    """A thread of the asked process; the one whose tid is the pid is the main thread."""

    tid: int
    """What `threading.get_native_id()` returns in that thread."""
    name: str
    """The kernel's name; CPython before 3.14 does not pass on the name of a threading.Thread."""
    state: str
    """One word of THREAD_STATES, or the kernel's letter for a state that is not listed there."""


def children(pid: int) -> list[Child] | NotAvailable:
    """The children of all threads of `pid`, zombies included, oldest first.

    Linux: the list is exact while no child comes or goes; one that does so while it is read may be missed.
    """
    tasks = _tasks(pid)
    if isinstance(tasks, NotAvailable):
        return tasks
    found: dict[tuple[int, int], Child] = {}
    for tid in tasks:
        listed = read(f"/proc/{pid}/task/{tid}/children")
        if isinstance(listed, NotAvailable):
            if listed is GONE and read(f"/proc/{pid}/task/{tid}/stat") is not GONE:
                return NotAvailable("this kernel does not list children (CONFIG_PROC_CHILDREN)")
            continue  # a thread that ended just now: its children are another thread's
        for child_pid in map(int, listed.split()):
            stat = _stat(f"/proc/{child_pid}")
            if isinstance(stat, NotAvailable) or stat.parent != pid:
                continue  # waited for since the list was read
            child = _child(child_pid, stat)
            found[child.born, child.pid] = child
    if not found and born(pid) is GONE:
        return GONE
    return [child for _, child in sorted(found.items())]


def threads(pid: int) -> list[Thread] | NotAvailable:
    """The threads of `pid`, by tid."""
    tasks = _tasks(pid)
    if isinstance(tasks, NotAvailable):
        return tasks
    found = []
    for tid in tasks:
        text = read(f"/proc/{pid}/task/{tid}/stat")
        if not isinstance(text, NotAvailable):
            name, rest = _named(text)
            state = chr(rest[0])
            found.append(Thread(tid, name, THREAD_STATES.get(state, state)))
    return found or GONE


def born(pid: int) -> Answer[int]:
    """When `pid` started, in clock ticks since the boot; zombies have an answer too."""
    stat = _stat(f"/proc/{pid}")
    return stat if isinstance(stat, NotAvailable) else stat.born


def is_alive(pid: int, born: int) -> Answer[bool]:
    """Whether the process of this identity runs; False for a zombie, and when its pid is another process's by now."""
    stat = _stat(f"/proc/{pid}")
    if isinstance(stat, NotAvailable):
        return False if stat is GONE else stat
    return stat.born == born and stat.state not in "ZX"


def image(pid: int, born: int) -> Answer[str]:
    """What the process of this identity executes, in words that are good for a comparison only; GONE where `is_alive` says False."""
    stat = _stat(f"/proc/{pid}")
    if isinstance(stat, NotAvailable):
        return stat
    if stat.born != born or stat.state in "ZX":
        return GONE
    return NOT_SHOWN if stat.image.endswith(" 0") else stat.image


def name(pid: int) -> Answer[str]:
    """The kernel's name of the process, as `Child` has it."""
    stat = _stat(f"/proc/{pid}")
    return stat if isinstance(stat, NotAvailable) else stat.name


def user(pid: int) -> Answer[int]:
    """The effective user of the process; a zombie has the one that it died as."""
    status = read(f"/proc/{pid}/status")
    if isinstance(status, NotAvailable):
        return status
    (uids,) = (line.split()[1:] for line in status.splitlines() if line.startswith(b"Uid:"))
    return int(uids[1])  # real, effective, saved, of the file system


def started_with(variable: str, since: int) -> list[int]:
    """The pids of all processes born at or after `since` whose program began with `variable`, NAME=value, in its environment.

    A child that only forked has its parent's. Zombies have none; other users' are shown to root alone. Those that are older are not
    even asked: to read an environment waits for a lock that a process may hold while it hangs. The kernel's list is an old one by
    the time it is read, and who forks and ends hands on to somebody who is not in it: it is read until nothing has changed.
    """
    older: set[str] = set()
    before: set[str] | None = None
    found: dict[str, bool] = {}
    for _ in range(_LOOKS):
        found = {pid: _has(pid, variable) for pid in _pids() - older if not _is_older(pid, since, older)}
        if found.keys() == before:
            break
        before = set(found)
    return sorted(int(pid) for pid, has in found.items() if has)


def in_group(group: int) -> Answer[list[int]]:
    """The pids of the process group's members that run; zombies do not."""
    if sys.platform != "linux":
        return NOT_LINUX
    stats = [(int(pid), _stat(f"/proc/{pid}")) for pid in _pids()]
    return sorted(pid for pid, stat in stats if isinstance(stat, _Stat) and stat.group == group and stat.state not in "ZX")


def _pids() -> set[str]:
    try:
        with os.scandir("/proc") as entries:
            return {entry.name for entry in entries if entry.name.isdigit()}
    except OSError:
        return set()


def _is_older(pid: str, since: int, older: set[str]) -> bool:
    stat = _stat(f"/proc/{pid}")
    if isinstance(stat, NotAvailable) or stat.born >= since:
        return False
    older.add(pid)
    return True


def _has(pid: str, variable: str) -> bool:
    listed = read(f"/proc/{pid}/environ")
    return isinstance(listed, bytes) and os.fsencode(variable) in listed.split(b"\0")


class _Stat(NamedTuple):
    name: str
    state: str
    parent: int
    group: int
    born: int
    image: str
    ended: int  # the raw wait status


def _stat(folder: str) -> _Stat | NotAvailable:
    """What /proc/PID/stat or /proc/PID/task/TID/stat says, from proc_pid_stat(5)."""
    text = read(f"{folder}/stat")
    if isinstance(text, NotAvailable):
        return text
    name, rest = _named(text)
    fields = rest.split()  # from field 3 on
    parent, group, born, ended = (int(fields[place]) for place in (1, 2, 19, 49))
    return _Stat(name, fields[0].decode(), parent, group, born, b" ".join(fields[23:26]).decode(), ended)


def _named(text: bytes) -> tuple[str, bytes]:
    """The name in the text of a `stat` file, and what stands behind it, from field 3, the state, on."""
    # The name stands in parentheses and may hold spaces and parentheses of its own: the last one ends it.
    end = text.rindex(b")")
    return text[text.index(b"(") + 1 : end].decode(errors="replace"), text[end + 2 :]


def _child(pid: int, stat: _Stat) -> Child:
    if stat.state not in "ZX":
        return Child(pid, stat.born, stat.name, "running", STILL_RUNNING)
    status: Answer[int] = os.waitstatus_to_exitcode(stat.ended)
    if stat.ended == 0 and not _shown_to_us(pid):
        status = OTHER_USER
    return Child(pid, stat.born, stat.name, "zombie", status)


def _shown_to_us(pid: int) -> bool:
    """Whether a wait status of 0 is the truth rather than the 0 that is shown to other users."""
    try:
        owner = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return False
    return os.geteuid() in (0, owner)


def _tasks(pid: int) -> list[int] | NotAvailable:
    if sys.platform != "linux":
        return NOT_LINUX
    try:
        with os.scandir(f"/proc/{pid}/task") as entries:
            return sorted(int(entry.name) for entry in entries)
    except OSError as error:
        return absence(error)
