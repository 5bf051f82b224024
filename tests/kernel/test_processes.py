"""Children and threads of real processes, as seen through /proc."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tracer.kernel import processes
from tracer.kernel.answer import GONE, NOT_LINUX, NotAvailable
from tracer.kernel.processes import Child, born, children, image, is_alive, name, started_with, threads, user

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

NO_PID = 2**22 + 1  # above the largest pid that Linux hands out


@contextmanager
def forked(work: Callable[[], int]) -> Iterator[int]:
    """A child that runs `work` and exits with what it returns; waited for at the end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = work()
        finally:
            os._exit(status)
    try:
        yield pid
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def ended(pid: int) -> None:
    """Return when the child is a zombie, which WNOWAIT leaves it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def child(pid: int) -> Child | None:
    found = children(os.getpid())
    assert isinstance(found, list)
    return next((each for each in found if each.pid == pid), None)


def forever() -> int:
    while True:
        signal.pause()


def test_a_running_child() -> None:
    with forked(forever) as pid:
        seen = child(pid)
        assert seen is not None
        assert (seen.state, seen.status, seen.born) == ("running", processes.STILL_RUNNING, born(pid))
        assert is_alive(pid, seen.born) is True


@pytest.mark.parametrize("status", [0, 3])
def test_a_zombie_keeps_its_exit_status(status: int) -> None:
    with forked(lambda: status) as pid:
        ended(pid)
        seen = child(pid)
        assert seen is not None
        assert (seen.state, seen.status) == ("zombie", status)
        assert is_alive(pid, seen.born) is False


def test_a_zombie_keeps_the_signal_that_killed_it() -> None:
    with forked(forever) as pid:
        os.kill(pid, signal.SIGKILL)
        ended(pid)
        seen = child(pid)
        assert seen is not None
        assert (seen.state, seen.status) == ("zombie", -signal.SIGKILL)


def test_a_child_that_was_waited_for_is_gone() -> None:
    with forked(forever) as pid:
        start = born(pid)
        assert isinstance(start, int)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert child(pid) is None
        assert born(pid) is GONE
        assert is_alive(pid, start) is False


def test_children_are_in_order_of_birth_and_those_of_every_thread() -> None:
    pids = []

    def fork_one() -> None:
        pid = os.fork()
        if pid == 0:
            forever()
        pids.append(pid)

    before = children(os.getpid())
    assert isinstance(before, list)
    fork_one()
    thread_ready, thread_may_end = threading.Event(), threading.Event()

    def fork_and_stay() -> None:
        fork_one()
        thread_ready.set()
        thread_may_end.wait(30)

    thread = threading.Thread(target=fork_and_stay)
    thread.start()
    try:
        assert thread_ready.wait(30)
        now = children(os.getpid())
        assert isinstance(now, list)
        assert {each.pid for each in now} - {each.pid for each in before} == set(pids)
        assert now == sorted(now, key=lambda each: each.born)
    finally:
        thread_may_end.set()
        thread.join()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.mark.parametrize("name", ["plain", "two words", "a) R 1 (b", ")", "(("])
def test_a_name_may_hold_anything(name: str) -> None:
    ready, told = os.pipe()

    def renamed() -> int:
        with open("/proc/self/comm", "w") as comm:
            comm.write(name)
        os.write(told, b".")
        return forever()

    with forked(renamed) as pid:
        os.read(ready, 1)
        seen = child(pid)
        assert seen is not None
        assert (seen.name, seen.state) == (name, "running")
    os.close(ready)
    os.close(told)


def test_the_same_pid_born_at_another_time_is_another_process() -> None:
    start = born(os.getpid())
    assert isinstance(start, int)
    assert is_alive(os.getpid(), start) is True
    assert is_alive(os.getpid(), start - 1) is False


def test_the_grandchildren_belong_to_the_child() -> None:
    ready, told = os.pipe()

    def with_child() -> int:
        pid = os.fork()
        if pid:
            os.write(told, str(pid).encode())
        return forever()

    with forked(with_child) as pid:
        grandchild = int(os.read(ready, 20))
        found = children(pid)
        assert isinstance(found, list)
        assert [each.pid for each in found] == [grandchild]
        assert child(grandchild) is None
        os.kill(grandchild, signal.SIGKILL)
    os.close(ready)
    os.close(told)


def test_threads() -> None:
    ready, may_end = threading.Event(), threading.Event()
    tids = []

    def stay() -> None:
        tids.append(threading.get_native_id())
        ready.set()
        may_end.wait(30)

    thread = threading.Thread(target=stay)
    thread.start()
    try:
        assert ready.wait(30)
        found = threads(os.getpid())
        assert isinstance(found, list)
        assert {os.getpid(), *tids} <= {each.tid for each in found}
        assert {each.state for each in found} <= set(processes.THREAD_STATES.values())
        assert [each.tid for each in found] == sorted(each.tid for each in found)
    finally:
        may_end.set()
        thread.join()


def test_a_stopped_child_is_running_and_its_thread_stopped() -> None:
    with forked(forever) as pid:
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        seen = child(pid)
        assert seen is not None
        assert seen.state == "running"
        found = threads(pid)
        assert isinstance(found, list)
        assert [each.state for each in found] == ["stopped"]


def test_nobody_has_a_pid_that_is_not_there() -> None:
    assert children(NO_PID) is GONE
    assert threads(NO_PID) is GONE
    assert born(NO_PID) is GONE
    assert is_alive(NO_PID, 1) is False


@contextmanager
def executing(*words: str) -> Iterator[int]:
    """A process that runs a program which waits for its input to end."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"x\n"  # it runs: an exec that is not over has no image yet
        yield process.pid


def image_of(pid: int) -> str:
    start = born(pid)
    assert isinstance(start, int)
    found = image(pid, start)
    assert isinstance(found, str)
    return found


def test_an_image_stays_through_a_fork_and_not_through_an_exec() -> None:
    """Also not where the same program is executed again, with the same words and environment."""
    with forked(forever) as pid:
        assert image_of(pid) == image_of(os.getpid())
    with executing("cat") as one, executing("cat") as other:
        assert len({image_of(pid) for pid in (one, other, os.getpid())}) == 3
        assert image_of(one) == image_of(one)
        assert name(one) == "cat"
    again = ["/bin/sh", "-c", 'read line; echo once; read line; exec "$0" -c "echo again; read line"', "/bin/sh"]
    with subprocess.Popen(again, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        assert process.stdout.readline() == b"once\n"
        before = image_of(process.pid)
        process.stdin.write(b"\n")
        assert process.stdout.readline() == b"again\n"
        assert image_of(process.pid) != before
        assert name(process.pid) == "sh"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_image_is_not_shown_but_who_that_is() -> None:
    start = born(os.getpid())
    assert isinstance(start, int)

    def look_as_nobody() -> int:
        os.setresuid(65534, 65534, 65534)
        parent = os.getppid()
        return 7 if (image(parent, start), user(parent), user(os.getpid())) == (processes.NOT_SHOWN, 0, 65534) else 1

    with forked(look_as_nobody) as pid:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_a_zombie_has_no_image() -> None:
    with forked(lambda: 0) as pid:
        start = born(pid)
        assert isinstance(start, int)
        ended(pid)
        assert image(pid, start) is GONE
        assert image(os.getpid(), start + 1) is GONE
    assert name(pid) is GONE


def test_who_was_started_with_a_variable(tmp_path: Path) -> None:
    """The children of such a process have it too, whatever becomes of their own environment; older processes do not count."""
    mark = f"MARK={tmp_path}"
    start = born(os.getpid())
    assert isinstance(start, int)
    program = "import os; os.environ.clear(); os.fork(); print(os.getpid(), flush=True); input()"
    environment = {"MARK": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pids = sorted(int(process.stdout.readline()) for _ in range(2))
        assert started_with(mark, start) == pids
        assert started_with(mark[:-1], start) == []
        assert started_with(mark, 1 << 60) == []
        process.stdin.write(b"\n\n")


def test_elsewhere_than_on_linux_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    pid = os.getpid()
    assert {children(pid), threads(pid), born(pid), is_alive(pid, 1)} == {NOT_LINUX}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_status_of_another_users_zombie_is_not_guessed() -> None:
    answer, told = os.pipe()

    def look_as_nobody() -> int:
        with forked(lambda: 0) as pid:
            ended(pid)
            os.setresuid(65534, 65534, 65534)
            found = children(os.getpid())
            assert isinstance(found, list)
            os.write(told, repr(found[0].status).encode())
        return 0

    with forked(look_as_nobody):
        assert os.read(answer, 1000).decode() == repr(processes.OTHER_USER)
    os.close(answer)
    os.close(told)


def test_a_process_that_comes_and_goes_never_raises() -> None:
    deadline = time.monotonic() + 0.3
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            found = children(os.getpid())
            assert not isinstance(found, NotAvailable)
            assert all(each.pid > 0 for each in found)

    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            look()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    while time.monotonic() < deadline:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    stop.set()
    thread.join()
    assert failures == []
