"""Programs that nobody wrote to be watched, and some that make it as hard as they can: they run as untraced."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.probe.kit import PROGRAMS, ROOT, Raw, ask, contexts, read, rest, tree, until
from tracer.kernel.processes import started_with
from tracer.timeline.stats import stats

HOSTILE = PROGRAMS / "hostile.py"
BUILT = """__init__ TCPServer
  __init__ BaseServer
  server_bind TCPServer
  server_activate TCPServer
"""
SERVED = """handle_request BaseServer
  _handle_request_noblock BaseServer #{n}
    get_request TCPServer #{n}
    verify_request BaseServer #{n}
    process_request BaseServer #{n}
      finish_request BaseServer #{n}
        setup StreamRequestHandler #{n}
        handle Handler #{n}
        finish StreamRequestHandler #{n}
      shutdown_request TCPServer #{n}
        close_request TCPServer #{n}
"""
WHOLE = BUILT + "".join(SERVED.format(n=n) for n in (1, 2, 3)) + "server_close TCPServer"


@pytest.fixture
def run(launch, tmp_path, monkeypatch):
    """run(words…, traced=…): the program, and all that it shows: replies, output, errors, files, exit status.

    `meanwhile(server, address)` is done when it has served.
    """

    def run(*words, traced=True, meanwhile=lambda server, address: None, program=HOSTILE, **more):
        folder = tmp_path / ("traced" if traced else "plain")
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        with launch(program, *words, traced=traced, **more) as server:
            address = server.address()
            replies = [ask(address) for _ in range(3)]
            meanwhile(server, address)
            status, output = server.end()
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".tracer"}
        return server, (replies, output, re.sub(r"^tracer: .*\n", "", server.errors, flags=re.MULTILINE), files, status)

    return run


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("close_everything", ""),
        ("append", "0 bytes\n"),
        ("take_terminal", "nothing came\n"),
        ("reopen_stdio", ""),
        ("leave_stdio", ""),
        ("time_out", "20.0 20.0\n"),
        ("clear_environment", "None\n0\nNone\n0\n"),
        ("few_descriptors", "13\n"),
        ("hide_files", "0o100000\n"),
        ("watch_itself", None),
        ("wake_up", "{14} True\n"),
    ],
)
def test_it_runs_as_untraced_and_is_recorded_whole(way, shown, run):
    """The same replies, output, files and exit status; each call of the framework's is in the recording, and nothing is lost."""
    _, plain = run(way, traced=False)
    assert plain[0] == ["HELLO\n"] * 3
    assert shown in (None, plain[1])
    server, traced = run(way)
    assert traced == plain
    timeline = server.timeline()
    assert [(one["end"], one["status"]) for one in contexts(timeline)] == [("exited", 0)]
    assert tree(timeline) == WHOLE


def family(timeline):
    """The contexts of a recording: how each came to be, from which, and how it ended."""
    known = contexts(timeline)
    places = {one["id"]: place for place, one in enumerate(known)}
    return [(one["cause"], places.get(one["parent"]), one["end"], one["status"]) for one in known]


def requests(timeline):
    """How many connections stand complete in a recording, from get_request to close_request."""
    lines = tree(timeline).splitlines()
    counts = {hook: sum(line.split()[0] == hook and line.endswith(f"#{n}") for line in lines for n in (1, 2, 3)) for hook in EACH}
    assert set(counts.values()) == {counts["handle"]}
    return counts["handle"]


EACH = ("get_request", "verify_request", "process_request", "finish_request", "setup", "handle", "finish", "shutdown_request")
ENDED = ("exited", 0)
CHILDREN = [("fork", 0, *ENDED)] * 3
DROPPED = "(65534, 65534, 65534) (65534, 65534, 65534)\n"
THREADS = [("thread", 0, "returned", None)] * 3
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")


@pytest.mark.parametrize(
    ("words", "shown", "others"),
    [
        (["replace_fork", "ForkingTCPServer"], "os socketserver.os socketserver.os\n", CHILDREN),
        (["replace_thread", "ThreadingTCPServer"], "3\n", THREADS),
        (["spawn"], "None\n0\n", [("spawn", 0, "gone", None)]),
        (["interrupt"], "rung handle_request\n", []),
        pytest.param(["drop_privileges", "ForkingTCPServer"], DROPPED, CHILDREN, marks=root_only),
        pytest.param(["drop_privileges", "ThreadingTCPServer"], DROPPED, THREADS, marks=root_only),
    ],
)
def test_every_process_and_thread_is_recorded(words, shown, others, run):
    """Children and threads that come into being in odd ways, or as another user: the same to see, and all in the recording."""
    _, plain = run(*words, traced=False)
    assert plain[0] == ["HELLO\n"] * 3
    assert plain[1] == shown
    server, traced = run(*words)
    assert traced == plain
    timeline = server.timeline()
    assert family(timeline) == [("start", None, *ENDED), *others]
    assert requests(timeline) == 3


def test_a_limit_of_its_own_does_not_kill_it(run):
    """No write of ours brings it the signal of a file that grows too large; what could not be written is told."""
    _, plain = run("limit_files", traced=False)
    server, traced = run("limit_files")
    assert traced == plain
    found = Raw(server.path, gaps=True)
    assert (found.damaged, found.pids[next(iter(found.pids))]) == (0, server.pid)
    lost = stats(server.timeline())["lost"]
    assert lost > 50
    assert f"{lost} records could not be written" in server.errors


def test_what_took_the_recordings_place_is_not_written_to(run):
    """The file at its path is not the one that was opened: a descriptor that was closed is not replaced, and the loss is told."""
    _, plain = run("swap_recording", traced=False)
    assert plain[1] == "0 bytes\n"
    server, traced = run("swap_recording")
    assert traced == plain
    lost = stats(read(server.path.with_suffix(".tracer.moved")))["lost"]
    assert lost > 50
    assert f"{lost} records could not be written" in server.errors


@root_only
def test_a_user_who_may_not_write_the_recording(record, tmp_path):
    """The program becomes one before it imports the framework: it is not said that it never did."""
    program = tmp_path / "program.py"
    program.write_text("import os\nos.setuid(65534)\nprint('done')")
    recorded = record(program)
    assert (recorded.status, recorded.output) == (0, "done\n")
    assert recorded.errors == (
        "tracer: nothing recorded: this program became another user, who may not write the recording; "
        "whether it imported socketserver is not known\n"
    )


def test_it_may_go_where_nothing_is_found_any_more(run, tmp_path):
    """Script, recording and PYTHONPATH are named from the folder it starts in; it leaves that, and starts a child elsewhere."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "beside.py").touch()
    (tmp_path / "hostile.py").write_bytes(HOSTILE.read_bytes())
    words = {"program": Path("../hostile.py"), "PYTHONPATH": f"../lib:{ROOT}"}
    _, plain = run("change_directory", traced=False, **words)
    server, traced = run("change_directory", path=Path("run.tracer"), **words)
    assert (traced[0], traced[2:]) == (plain[0], plain[2:])
    assert traced[1] == plain[1].replace("/plain/", "/traced/")
    assert "None\n0\n" in plain[1]
    assert family(server.timeline()) == [("start", None, *ENDED), ("spawn", 0, "gone", None)]
    assert requests(server.timeline()) == 3


def elsewhere():
    """An interpreter that any user may run."""
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([path, "-c", "import socketserver"], user=65534, check=True, capture_output=True)
            return path
    return pytest.skip("no interpreter that another user may run")


@pytest.mark.parametrize(
    ("words", "program", "output"),
    [
        (["execute"], "cat", "typed\n"),
        (["execute_in_thread", "ThreadingTCPServer"], "cat", "typed\n"),
        (["execute_unseen"], "python", "None\n"),
        pytest.param(["execute_as_nobody", "TCPServer"], "python", f"{DROPPED}None\n", marks=root_only),
    ],
)
def test_a_process_that_goes_on_as_a_program_that_cannot_be_watched(words, program, output, run):
    """It is said to be replaced as soon as that is seen, with all its threads, and the person is told."""
    if words[0] == "execute_as_nobody":
        words = [*words, elsewhere()]

    def meanwhile(server, address):
        if words[0] == "execute_in_thread":
            with socket.create_connection(address, timeout=30) as client:
                client.sendall(b"execute\n")
                assert rest(client) == ""
        if server.path.exists():
            assert until(server.path, lambda fact: fact["type"] == "replaced")["program"].startswith(program)
            assert {one["end"] for one in contexts(server.timeline())} <= {"replaced", "returned"}
        server.process.stdin.write(b"typed\n")
        server.process.stdin.flush()

    _, plain = run(*words, traced=False, meanwhile=meanwhile)
    assert plain[0] == ["HELLO\n"] * 3
    assert plain[1] == output
    server, traced = run(*words, meanwhile=meanwhile)
    assert traced == plain
    assert f"\ntracer: process {server.pid} went on as another program, which is not recorded: {program}" in server.errors
    timeline = server.timeline()
    assert requests(timeline) == 3
    assert stats(timeline)["open_spans"] == 0
    assert "still running" not in server.errors


@pytest.fixture
def mark(tmp_path):
    """A variable for the environment: what has it and is left by a test that fails is killed."""
    yield {"MARK": str(tmp_path)}
    for pid in started_with(f"MARK={tmp_path}", 0):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("when", ["at once", "ready"])
def test_a_daemon_serves_on(when, launch, tmp_path, monkeypatch, mark):
    """The program ends, and so does the recording: the daemon is named. It was alive then, and serves on with nobody watching."""
    monkeypatch.chdir(tmp_path)
    for traced in (False, True):
        with launch(HOSTILE, "become_daemon", "TCPServer", when, traced=traced, **mark) as server:
            address = server.address()
            assert server.end() == (0, "")
        size = server.path.stat().st_size if traced else 0
        assert [ask(address) for _ in range(2)] == ["HELLO\n"] * 2
        daemon = (tmp_path / "pid").read_text()
        with os.fdopen(os.pidfd_open(int(daemon))) as ended:
            assert ask(address) == "HELLO\n"
            assert select.select([ended], [], [], 60)[0]
    named = re.search(r"\ntracer: still running, and recorded no further: process (.*)\n\Z", server.errors)[1]
    assert daemon in named.split(", ")
    assert server.path.stat().st_size == size
    if when == "ready":
        assert family(server.timeline()) == [("start", None, *ENDED), ("fork", 0, "gone", None), ("fork", 1, "open", None)]


def test_what_a_signals_handler_raises_within_our_own_calls(record):
    """It comes wherever control is, in our writing of events, too: it goes on to the program, which is traced as before."""
    recorded = record(PROGRAMS / "alarmed.py")
    assert (recorded.status, recorded.output) == (0, "400 400\n")
    timeline, damaged = recorded.timeline()
    found = stats(timeline)
    assert (found["lost"], damaged, [one["end"] for one in found["contexts"]]) == (0, 0, ["exited"])
    assert recorded.errors.count("\n") == 1
