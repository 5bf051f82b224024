"""What lies around during a run is its owner's alone, and so is the only socket of ours that anybody can connect to."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.probe.kit import PROGRAMS, ask, read, until
from tracer.supervisor.journal import CannotRecord, Journal, new_path
from tracer.supervisor.remote import reach
from tracer.supervisor.start import PrivateFolder, remove_abandoned
from tracer.timeline.stats import stats

COMMANDED = PROGRAMS / "commanded.py"
NOBODY = 65534


def is_control(fact):
    return fact["type"] == "control"


def mode(path):
    return oct(stat.S_IMODE(path.lstat().st_mode))


@contextmanager
def umask(number):
    before = os.umask(number)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short name: the address of a socket in it has room for a hundred letters."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("number", [0, 0o777])
def test_only_the_owner_can_read(number, launch, temporary, tmp_path):
    """Whatever the umask: the recording and the user's folder of recordings, the private folder, the page and the sockets in it."""
    path = tmp_path / "tracer" / "recordings" / "run.tracer"
    with umask(number):
        server = launch(COMMANDED, "socketserver", "TCPServer", path=path, TMPDIR=str(temporary), XDG_STATE_HOME=str(tmp_path))
    with server:
        assert ask(server.address()).endswith("hello")
        (folder,) = temporary.iterdir()
        assert until(path, is_control)["path"] == str(folder / "control")
        with reach(path) as supervisor:
            supervisor.do("hold", filter="after handle & raised", once=True)
            until(path, lambda fact: fact["type"] == "hold")
        inside = {one.name: mode(one) for one in folder.iterdir()}
        assert inside == {"page": "0o600", "control": "0o600", "gate": "0o600"}
        assert [mode(one) for one in (path.parent, path, folder)] == ["0o700", "0o600", "0o700"]
        server.signal(14)
        assert server.end() == (0, "")
    assert stats(read(path))["connections"] == 1
    assert list(temporary.iterdir()) == []


def test_an_older_recording_that_others_could_read_is_closed_to_them(tmp_path):
    """It is replaced in its place, with whatever right it had."""
    path = tmp_path / "run.tracer"
    Journal(path, ["first"]).close()
    path.chmod(0o644)
    Journal(path, ["second"]).close()
    assert mode(path) == "0o600"
    assert read(path).header["program"] == ["second"]


def test_recordings_that_nobody_named_lie_in_a_private_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with umask(0):
        Journal(new_path("server"), ["server.py"]).close()
    assert mode(tmp_path / "tracer" / "recordings") == "0o700"


def test_a_file_of_another_user_is_not_written_to(tmp_path):
    """Who owns it may read it whatever its mode is, so it is no place for a recording, though everybody may write there."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    folder = Path(tempfile.mkdtemp())  # that of this test is closed to others
    path = folder / "run.tracer"
    try:
        folder.chmod(0o777)
        path.touch()
        path.chmod(0o666)
        child = os.fork()
        if not child:
            os.setuid(NOBODY)
            try:
                Journal(path, ["server.py"])
            except CannotRecord as error:
                os._exit(7 if str(error) == f"{path} belongs to another user: choose another name for -o" else 8)
            finally:
                os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert path.stat().st_size == 0
    finally:
        path.unlink()
        folder.rmdir()


def test_a_link_is_followed_once(launch, tmp_path):
    """`-o` may name a link, also to what is yet to be made. Where that leads is settled then: it may be changed while we record."""
    link, real, other = (tmp_path / name for name in ("link", "real.tracer", "other"))
    link.symlink_to(real)
    with launch(COMMANDED, "socketserver", "ForkingTCPServer", path=link) as server:
        link.unlink()
        other.touch()
        link.symlink_to(other)
        assert ask(server.address()).endswith("hello")
        server.signal(14)
        assert server.end() == (0, "")
    assert mode(real) == "0o600"
    assert stats(read(real))["connections"] == 1
    assert (other.stat().st_size, link.readlink()) == (0, other)


def test_a_page_that_cannot_be_made_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("tracer.supervisor.start.create", lambda path: Path(path, "no folder").touch())
    with pytest.raises(OSError, match="no folder"):
        PrivateFolder()
    assert list(tmp_path.iterdir()) == []


def bound(pid):
    """Lines of the kernel's tables of sockets, one for each that the process has and that anybody could reach."""
    opened = [entry.readlink().name for entry in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {name[len("socket:[") : -1] for name in opened if name.startswith("socket:")}
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6", "unix", "raw", "packet"):
        lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        found += [line.split() for line in lines if inodes & set(line.split())]
    return found


def test_nothing_of_ours_listens_but_in_the_private_folder(launch):
    """While a program is recorded, followers can come there and nowhere else; the program has its one socket, on the loopback."""
    with launch(COMMANDED, "socketserver", "TCPServer") as server:
        host, port = server.address()
        assert ask((host, port)).endswith("hello")
        control = until(server.path, is_control)["path"]
        assert [line[-1] for line in bound(server.process.pid)] == [control]
        (listener,) = bound(server.pid)
        assert listener[1] == f"0100007F:{port:04X}"
        server.signal(14)
        assert server.end() == (0, "")


def left_over(temporary, *names):
    """A folder such as a supervisor that is no more has left."""
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    folder = Path(tempfile.mkdtemp(prefix=f"tracer-{ended.pid}-", dir=temporary))
    for name in names:
        if name == "page":
            (folder / name).write_bytes(bytes(4096))
        elif name.endswith("socket"):
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(folder / name.removesuffix(" socket")))
        else:
            (folder / name).touch()
    return folder


def test_what_killed_supervisors_have_left_is_taken_away(launch, temporary, monkeypatch):
    """And nothing that may be anybody else's."""
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with launch(COMMANDED, "socketserver", "TCPServer", TMPDIR=str(temporary)) as server:
        folder = Path(until(server.path, is_control)["path"]).parent
        remove_abandoned()
        assert folder.exists()
        server.process.kill()
        server.process.wait(60)
        taken = [folder, left_over(temporary, "page"), left_over(temporary, "page", "control socket", "gate socket")]
        kept = [
            left_over(temporary),
            left_over(temporary, "control socket"),
            left_over(temporary, "page", "control"),
            left_over(temporary, "page", "other socket"),
            left_over(temporary, "page", "notes.txt"),
        ]
        remove_abandoned()
        assert [one.exists() for one in taken] == [False] * 3
        assert [one.exists() for one in kept] == [True] * 5
        host, port = server.address()
        assert ask((host, port)).endswith("hello")
