"""What threads sleep in: of texts as the kernel writes them, and of processes that sleep."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.probe.kit import until_asleep
from tracer.kernel import waiting
from tracer.kernel.answer import GONE, NotAvailable
from tracer.kernel.queues import NOT_YET, OTHER_SOCKET, Queues, Waiting
from tracer.kernel.waiting import NO_CALL, NOT_ALLOWED, NOT_TOLD, RUNNING, Call, Descriptor, call, descriptor, parsed, turns

known_machine = pytest.mark.skipif(platform.machine() not in waiting.CALLS, reason="there is no table of this machine's calls")


def text(number: int, *given: int) -> str:
    words = [*given, *[0] * (6 - len(given))]
    return f"{number} {' '.join(hex(word) for word in words)} 0x7ffc0e1f6d10 0x7f1c5d0b4d04\n"


# ---- texts


@pytest.mark.parametrize(
    ("machine", "content", "found"),
    [
        ("x86_64", text(45, 4, 0x7F0, 8192), ("recvfrom", {"descriptor": 4})),
        ("aarch64", text(207, 4, 0x7F0, 8192), ("recvfrom", {"descriptor": 4})),
        ("x86_64", text(7, 0x7F0, 2, 500), ("poll", {"timeout": 500})),
        ("x86_64", text(7, 0x7F0, 2, 0xFFFFFFFF), ("poll", {"timeout": -1})),
        ("aarch64", text(73, 0x7F0, 2, 0), ("ppoll", {"timeout": -1})),
        ("x86_64", text(232, 5, 0x7F0, 8, 1000), ("epoll_wait", {"descriptor": 5, "timeout": 1000})),
        ("x86_64", text(61, 0xFFFFFFFF), ("wait4", {"child": -1})),
        ("aarch64", text(260, 4122), ("wait4", {"child": 4122})),
        ("x86_64", text(247, 1, 4122), ("waitid", {"child": 4122})),
        ("x86_64", text(247, 0, 7), ("waitid", {})),
        ("x86_64", text(202, 0x7F0, 0x189), ("futex", {})),
        ("x86_64", text(257, 0xFFFFFF9C, 0x7F0), ("openat", {})),
    ],
)
def test_calls(machine: str, content: str, found: tuple[str, dict[str, int]]) -> None:
    name, fields = found
    said = parsed(content, machine)
    assert isinstance(said, Call)
    assert said._replace(arguments=()) == Call(name, **fields)  # type: ignore[arg-type]


def test_whoever_is_in_no_call() -> None:
    assert parsed("running\n", "riscv64") == Call(RUNNING)
    assert parsed("-1 0x7ffc0e1f6d10 0x7f1c5d0b4d04\n", "x86_64") == NO_CALL


@pytest.mark.parametrize(
    ("machine", "content", "why"),
    [
        ("riscv64", text(207, 4), "the calls of riscv64 are in no table here"),
        ("x86_64", text(9999), "system call 9999 of x86_64 is in no table here"),
        ("x86_64", "", "system call  of x86_64 is in no table here"),
    ],
)
def test_unknown_calls(machine: str, content: str, why: str) -> None:
    assert parsed(content, machine) == NotAvailable(why)


def served(monkeypatch: pytest.MonkeyPatch, **files: bytes | NotAvailable) -> None:
    """The kernel says this of a thread; of what is not named, that there is nothing."""
    monkeypatch.setattr(waiting, "read", lambda path: files.get(path.rpartition("/")[2], GONE))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"syscall": NotAvailable("/proc: Operation not permitted")}, NOT_ALLOWED),
        ({"syscall": NotAvailable("/proc is not mounted")}, NotAvailable("/proc is not mounted")),
        ({"stat": b"7 (x) S"}, NOT_TOLD),
        ({}, GONE),
    ],
)
def test_a_kernel_that_does_not_say(
    files: dict[str, bytes | NotAvailable], why: NotAvailable, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    served(monkeypatch, **files)
    assert call(7, 7) == why


def test_another_architecture_has_the_kernels_own_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.platform, "machine", lambda: "riscv64")
    served(monkeypatch, syscall=text(260).encode(), wchan=b"do_wait")
    assert call(7, 7) == NotAvailable("the calls of riscv64 are in no table here; the kernel is in do_wait")
    served(monkeypatch, syscall=text(260).encode(), wchan=b"0")
    assert call(7, 7) == NotAvailable("the calls of riscv64 are in no table here")


def test_without_scheduler_statistics_the_switches_count(monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, schedstat=b"0 0 0\n", status=b"Name:\tx\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t1\n")
    assert turns(7, 7) == "voluntary_ctxt_switches:\t5 nonvoluntary_ctxt_switches:\t1"
    served(monkeypatch, schedstat=b"65619 0 3\n")
    assert turns(7, 7) == "65619 0 3\n"


# ---- processes


@contextmanager
def asleep(code: str, **options: object) -> Iterator[int]:
    """The pid of a program that sleeps in the call that is its last."""
    program = f"import os, select, signal, socket, time; print(flush=True); {code}"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline()
            until_asleep(process.pid)
            yield process.pid
        finally:
            process.kill()


@known_machine
@pytest.mark.parametrize(
    ("code", "names", "fields"),
    [
        ("os.read(0, 1)", {"read"}, {"descriptor": 0}),
        ("signal.sigwait([signal.SIGUSR1])", {"rt_sigtimedwait"}, {}),
        ("a, b = socket.socketpair(); a.settimeout(30); a.recv(1)", {"poll", "ppoll"}, {"timeout": 30000, "descriptor": 3}),
        (
            "a, b = socket.socketpair(); a.settimeout(30); a.sendall(bytes(10_000_000))",
            {"poll", "ppoll"},
            {"timeout": 30000, "descriptor": 3, "writes": True},
        ),
        ("select.select([0], [], [], 30.5)", {"pselect6", "select"}, {"timeout": 30500}),
        ("select.select([0], [], [])", {"pselect6", "select"}, {"timeout": -1}),
    ],
)
def test_a_process(code: str, names: set[str], fields: dict[str, int]) -> None:
    with asleep(code) as pid:
        before, found = turns(pid, pid), call(pid, pid)
        assert isinstance(found, Call)
        assert found.name in names
        known = {name: getattr(found, name) for name in ("descriptor", "timeout", "child", "until", "writes")}
        assert {name: value for name, value in known.items() if value is not None and value is not False} == fields
        assert turns(pid, pid) == before


@known_machine
def test_when_a_sleep_ends() -> None:
    begin = time.monotonic_ns()
    with asleep("time.sleep(600)") as pid:
        found = call(pid, pid)
        assert isinstance(found, Call)
        assert found.name == "clock_nanosleep"
        assert found.until is not None
        assert 600 <= (found.until - begin) / 1e9 < 660


def test_who_has_ended() -> None:
    with asleep("os.read(0, 1)") as pid:
        pass
    assert (call(pid, pid), turns(pid, pid), descriptor(pid, 0)) == (GONE, GONE, GONE)


def test_descriptors(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with one, other, (tmp_path / "lock").open("w") as lock:
        assert descriptor(os.getpid(), one.fileno()) == Descriptor("socket", os.fstat(one.fileno()).st_ino)
        assert descriptor(os.getpid(), lock.fileno()) == Descriptor(str(tmp_path / "lock"), None)
    assert descriptor(os.getpid(), 9999) == GONE


# ---- what waits in a connected socket


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_bytes_of_a_connection(family: int, host: str) -> None:
    with ExitStack() as stack, Queues() as queues:
        listener = stack.enter_context(socket.create_server((host, 0), family=family))
        client = stack.enter_context(socket.create_connection(listener.getsockname()[:2]))
        server = stack.enter_context(listener.accept()[0])
        client.sendall(b"hello")
        inodes = [os.fstat(one.fileno()).st_ino for one in (client, server, listener)]
        found = queues.connected(inodes)
        ends = [f"{one.getsockname()[0]}:{one.getsockname()[1]}" for one in (server, client)]
        if family == socket.AF_INET6:
            ends = [f"[{end.rpartition(':')[0]}]:{end.rpartition(':')[2]}" for end in ends]
        assert found[inodes[1]] == Waiting(5, 0, ends[1])
        assert isinstance(found[inodes[0]], Waiting)
        assert found[inodes[0]].peer == ends[0]  # type: ignore[union-attr]
        assert found[inodes[2]] == OTHER_SOCKET


def test_bytes_of_a_unix_socket() -> None:
    one, other = socket.socketpair()
    with one, other, Queues() as queues:
        other.sendall(b"hello")
        inode = os.fstat(one.fileno()).st_ino
        assert queues.connected([inode]) == {inode: Waiting(5, 0, "")}


def test_a_system_with_very_many_connections_is_gone_through_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracer.kernel.queues.LONG", 0)
    monkeypatch.setattr("tracer.kernel.queues.RESTS", 1 << 30)
    with Queues() as queues:
        assert [queues.connected([1]) for _ in range(2)] == [{1: OTHER_SOCKET}, {1: NOT_YET}]
