"""`tracer record`: what it does to its program (nothing), to the recording, and to what lies around."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe.kit import PROGRAMS, ask, contexts, environment, read, tree, until
from tracer.cli import main
from tracer.recording.reader import Reader
from tracer.supervisor.journal import new_path
from tracer.timeline.stats import stats

COMMANDED = PROGRAMS / "commanded.py"
SIGNALLED = Path(__file__).parent / "programs" / "signalled.py"


def frames(path):
    """All frames of a recording that has no damage."""
    reader = Reader()
    found = reader.feed(path.read_bytes())
    reader.finish()
    assert reader.damaged == 0
    return found


def wait_for_end(pidfd):
    """Wait until the process ends, whosever child it is."""
    with os.fdopen(pidfd):
        assert select.select([pidfd], [], [], 60)[0]


def test_signals_are_passed_on(launch):
    """What is sent to us and meant for the program reaches it."""
    with launch(SIGNALLED) as program:
        for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT"):
            program.process.send_signal(signal.Signals[name])
            assert program.line() == name
        program.process.send_signal(signal.SIGTERM)
        assert program.end() == (9, "SIGTERM\n")
    assert contexts(program.timeline())[0]["status"] == 9


def test_a_recording_is_complete_and_nothing_else_stays(launch, tmp_path):
    """Header first, end last; the private folder and all processes are gone; sources are in it; an older recording was replaced."""
    temporary, path = tmp_path / "temporary", tmp_path / "run.tracer"
    temporary.mkdir()
    for _ in range(2):
        with launch(COMMANDED, "socketserver", "ForkingTCPServer", path=path, TMPDIR=str(temporary)) as server:
            pidfd = os.pidfd_open(server.pid)
            assert len(list(temporary.iterdir())) == 1
            ask(server.address())
            server.signal(signal.SIGALRM)
            assert server.end() == (0, "")
            wait_for_end(pidfd)
    assert list(temporary.iterdir()) == []
    assert server.errors.count("\n") == 1
    assert str(path) in server.errors
    found = frames(path)
    kinds = [content["type"] for _, content in found if isinstance(content, dict)]
    assert (found[0][1]["type"], kinds.count("header"), kinds.count("started"), kinds.count("exit")) == ("header", 1, 1, 1)
    assert (found[-1][1]["type"], found[-1][1]["alive"], found[-1][1]["limited"]) == ("end", [], False)
    assert stats(server.timeline())["connections"] == 1
    sources = {content["file"]: content["text"] for _, content in found if isinstance(content, dict) and content["type"] == "source"}
    assert sources[str(COMMANDED)] == COMMANDED.read_text()
    assert {Path(file).name for file in sources} == {"commanded.py", "socketserver.py", "selectors.py", "threading.py"}


def test_a_program_without_the_framework_is_said_to_be(record, tmp_path):
    """Its output and status are its own, and there is nothing to show."""
    program = tmp_path / "program.py"
    program.write_text("import sys; print('hello'); sys.exit(4)")
    recorded = record(program)
    assert (recorded.status, recorded.output) == (4, "hello\n")
    assert recorded.errors.count("\n") == 1
    assert "this program never imported socketserver" in recorded.errors


def test_a_full_queue_is_sampled(launch):
    """One client is served, two wait in a queue of 1 (the kernel takes one more): a sample has depth, limit and the process."""
    with launch(COMMANDED, "socketserver", "TCPServer", "1") as server:
        address = server.address()
        clients = [socket.create_connection(address, timeout=30)]
        clients[0].sendall(b"hold\n")
        server.line()
        clients += [socket.create_connection(address, timeout=30) for _ in range(2)]
        sample = until(server.path, lambda fact: fact["type"] == "sample" and fact["queues"] and fact["queues"][0]["depth"] == 2)
        (queue,) = sample["queues"]
        assert (queue["depth"], queue["limit"], queue["why"].get("depth")) == (2, 1, None)
        assert sample["begin"] <= sample["end"]
        assert [(one["pid"], one["children"], len(one["threads"])) for one in sample["processes"]] == [(server.pid, [], 1)]
        (built,) = stats(read(server.path))["servers"]
        assert (built["id"], built["settings"]["request_queue_size"]) == (queue["server"], 1)
        for client in clients:
            client.close()
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")


def test_a_killed_supervisor_is_not_missed(launch):
    """The program goes on, is recorded further, and the recording can be read at any time."""
    with launch(COMMANDED, "socketserver", "ThreadingTCPServer") as server:
        address = server.address()
        assert ask(address).endswith("hello")
        server.process.kill()
        server.process.wait(60)
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(b"hold\n")
            server.line()
            timeline = read(server.path)
            assert tree(timeline).count("handle Commanded") == 2
            assert {one["end"] for one in contexts(timeline)} == {"open", "returned"}
        assert ask(address).endswith("hello")
        pidfd = os.pidfd_open(server.pid)
        server.signal(signal.SIGALRM)
        wait_for_end(pidfd)
    assert stats(read(server.path))["connections"] == 3


def test_children_that_outlive_the_program_are_named(launch):
    """The program has ended, its child has not: it is named, and recorded no further, for nobody is left to keep the file's limit."""
    with launch(COMMANDED, "socketserver", "ForkingTCPServer") as server:
        with socket.create_connection(server.address(), timeout=30) as client:
            client.sendall(b"hold\n")
            child = int(server.line().split()[1])
            pidfd = os.pidfd_open(child)
            server.signal(signal.SIGKILL)
            assert server.process.wait(60) == 128 + signal.SIGKILL
            end = frames(server.path)[-1][1]
            assert (end["type"], end["alive"]) == ("end", [child])
        wait_for_end(pidfd)
    assert re.search(rf"still running.* {child}$", server.errors, re.MULTILINE)
    assert frames(server.path)[-1][1] == end
    assert [one["end"] for one in contexts(read(server.path))] == ["killed", "open"]


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_run_ends_with_its_viewer(when, tmp_path):
    """A supervisor that a viewer started: when nobody has the other end of its line, the program is asked to end, also if at once."""
    viewer, line = socket.socketpair()
    path = tmp_path / "run.tracer"
    words = [sys.executable, "-m", "tracer.supervisor", "--commands", str(line.fileno()), str(path), str(SIGNALLED)]
    if when == "before":
        viewer.close()
    pipe = subprocess.PIPE
    given = [line.fileno()]
    with subprocess.Popen(
        words, env=environment(), text=True, stdout=pipe, stderr=pipe, start_new_session=True, pass_fds=given
    ) as supervisor:
        try:
            line.close()
            if when == "during":
                assert supervisor.stdout.readline().strip().isdigit()
                viewer.close()
            output, errors = supervisor.communicate(timeout=60)
        finally:
            viewer.close()
            if supervisor.poll() is None:
                os.killpg(supervisor.pid, signal.SIGKILL)
    assert errors == ""
    if when != "before":
        assert (supervisor.returncode, output) == (9, "SIGTERM\n")
    else:
        assert supervisor.returncode in (9, 128 + signal.SIGTERM)
    assert frames(path)[-1][1]["type"] == "end"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("notes.txt", "notes.txt exists and is not a recording: choose another name for -o"),
        ("folder", "Is a directory"),
        ("notes.txt/run.tracer", "Not a directory|File exists"),
        ("nowhere/run.tracer", "No such file or directory"),
        ("/proc/nothing/run.tracer", "No such file or directory"),
    ],
)
def test_a_place_that_takes_no_recording_is_refused(output, said, tmp_path, capsys):
    """One line, status 2, and no file is harmed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("years of work")
    assert main(["record", "-o", str(tmp_path / output), str(SIGNALLED)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tracer: ")
    assert captured.err.count("\n") == 1
    assert re.search(said, captured.err)
    assert (tmp_path / "notes.txt").read_text() == "years of work"


def test_the_newest_recordings_are_kept(tmp_path, monkeypatch):
    """Of those that nobody named, 20 with the new one; what still runs does not count, nor do demos and lessons, nor other files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = new_path("x").parent
    folder.mkdir(parents=True)
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    for number in range(25):
        path = folder / f"old-{number:02}-{ended.pid}.tracer"
        path.touch()
        os.utime(path, (number, number))
    running = folder / f"running-00-{os.getpid()}.tracer"
    running.touch()
    os.utime(running, (0, 0))
    (folder / "notes.txt").touch()
    apart = {f"demo-x-{ended.pid}.tracer", f"learn-01-x-{ended.pid}.tracer"}
    for name in apart:
        (folder / name).touch()
    path = new_path("server")
    assert path.parent == folder
    assert re.fullmatch(rf"server-\d{{8}}-\d{{6}}-{os.getpid()}\.tracer", path.name)
    kept = {f"old-{number:02}-{ended.pid}.tracer" for number in range(6, 25)}
    assert {one.name for one in folder.iterdir()} == kept | apart | {running.name, "notes.txt"}
