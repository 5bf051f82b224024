"""What cannot be written is counted and told, and the server knows nothing of it."""

import subprocess

import pytest

from tests.probe.kit import PROGRAMS, Raw, ask, contexts, read, tree
from tracer.timeline.stats import stats

LOSING = PROGRAMS / "losing.py"
REPLIES = ["HELLO\n"] * 9


def serve(launch, way):
    """Serve the nine requests: the program, its replies, and what it printed then."""
    with launch(LOSING, way) as server:
        address = server.address()
        replies = [ask(address) for _ in range(9)]
        status, output = server.end()
    assert (status, replies) == (0, REPLIES)
    return server, output


def records(path):
    """How many records all contexts of a recording have written."""
    return sum(Raw(path, gaps=True).counts.values())


def facts(path, kind):
    return [fact for fact in Raw(path, gaps=True).facts if fact["type"] == kind]


@pytest.fixture
def whole(launch):
    """Records of the same program when nothing is lost."""
    server, _ = serve(launch, "")
    assert stats(server.timeline())["lost"] == 0
    return records(server.path)


def test_what_does_not_fit_is_counted_at_the_end(launch, whole):
    """From the fourth request on no write succeeds: what is recorded and what is said to be lost is the whole, to the record."""
    server, _ = serve(launch, "full")
    found = Raw(server.path, gaps=True)
    lost = stats(read(server.path, found.damaged))["lost"]
    assert lost > 100
    assert found.damaged <= 1
    assert records(server.path) + lost == whole
    assert facts(server.path, "loss")[-1]["records"] == lost
    assert f"{lost} records could not be written" in server.errors


def test_a_gap_is_counted_once(launch, whole):
    """The disk takes frames again: the gap that they show, and no other count, is what was lost; the calls behind it are whole."""
    server, _ = serve(launch, "full for a while")
    found = Raw(server.path, gaps=True)
    timeline = read(server.path, found.damaged)
    lost = stats(timeline)["lost"]
    assert lost > 50
    assert records(server.path) + lost == whole
    assert [fact["records"] for fact in facts(server.path, "loss")][-1:] in ([], [0])
    assert "could not be written" not in server.errors
    assert tree(timeline, []).count("handle Handler") >= 6


def test_a_recording_that_is_gone_is_said_to_be(launch):
    """The recording's folder is removed before the first hook: the program is untraced, which is told, and goes on."""
    server, _ = serve(launch, "folder")
    assert "in 1 process(es) the tracer failed" in server.errors


def test_a_full_disk(launch, tmp_path, whole):
    """A file system of 64 kB that is full: everything is served, and the loss is told."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        (disk / "filler").write_bytes(bytes(56 << 10))
        path = disk / "recording.tracer"
        with launch(LOSING, "", path=path) as server:
            address = server.address()
            assert [ask(address) for _ in range(9)] == REPLIES
            assert server.end() == (0, "")
        lost = whole - records(path)
        assert lost > 0
        assert f"{lost} records could not be written" in server.errors
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_limit_is_kept_and_told(launch):
    """At 50 kB recording ends and serving goes on; the end of the recording says so."""
    with launch("--limit", "0.05", PROGRAMS / "commanded.py", "socketserver", "TCPServer") as server:
        address = server.address()
        size, before = 0, -1
        while size < 50_000 or size > before:  # `handle` is the program's: each request that is recorded makes the file grow
            before = size
            assert ask(address).endswith("hello")
            size = server.path.stat().st_size
        for _ in range(10):
            assert ask(address).endswith("hello")
        server.signal(14)
        assert server.end() == (0, "")
    assert facts(server.path, "end")[-1]["limited"] is True
    assert server.path.stat().st_size < size + 2000
    lost = stats(server.timeline())["lost"]
    assert "the recording reached its limit" in server.errors
    assert f"{lost} records could not be written" in server.errors
    assert lost > 10 * 30


def test_a_program_that_closes_everything(launch, whole):
    """`closerange`, as a daemon does, and our number given to a socket or file of its own: nothing comes there, nothing is lost."""
    server, output = serve(launch, "closed")
    assert output == "nothing came: True\n"
    assert contexts(server.timeline())[0]["status"] == 0
    assert records(server.path) == whole
