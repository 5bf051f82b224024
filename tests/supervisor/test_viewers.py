"""Where commands come from: the viewer that started the run, and followers at a socket that is its owner's alone."""

import os
import resource
import select
import socket
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tracer.supervisor.commands import LARGEST, Viewer, line
from tracer.supervisor.viewers import MOST, Viewers

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"


@contextmanager
def viewers_of(path, starter=None):
    viewers = Viewers(starter, path)
    try:
        yield viewers
    finally:
        viewers.close()


def follower(path):
    """Somebody who comes by that path."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(path))
    return connection


def heard(viewers, count=1):
    """What viewers want, as soon as there is so much of it."""
    found = []
    while len(found) < count:
        assert select.select([viewers], [], [], 30)[0]
        found += viewers.read()
    return found


def is_quiet(viewers):
    return select.select([viewers], [], [], 0)[0] == []


def test_each_command_comes_with_whose_it_is(path):
    """The viewer that started the run by its pair of sockets, followers by the path; each in the order in which it spoke."""
    ours, its_own = socket.socketpair()
    starter = Viewer(ours)
    with its_own, viewers_of(path, starter) as viewers, follower(path) as first, follower(path) as second:
        assert viewers.present
        its_own.sendall(line(do="end"))
        first.sendall(line(do="release_all") + line(do="unhold", id=1))
        second.sendall(line(do="unhold", id=2))
        wanted = {}
        for viewer, command in heard(viewers, 4):
            wanted.setdefault(viewer, []).append(command)
        assert wanted.pop(starter) == [{"do": "end"}]
        assert sorted(wanted.values(), key=len) == [[{"do": "unhold", "id": 2}], [{"do": "release_all"}, {"do": "unhold", "id": 1}]]
        assert is_quiet(viewers)
    starter.close()


def test_whoever_leaves_is_said_to_be_gone(path):
    """Once, behind the last that it wanted; the one that started the run can still be told its end."""
    ours, its_own = socket.socketpair()
    starter = Viewer(ours)
    with its_own, viewers_of(path, starter) as viewers:
        with follower(path) as gone:
            gone.sendall(line(do="release_all"))
        (viewer, command), (same, end) = heard(viewers, 2)
        assert (viewer is same, command, end) == (True, {"do": "release_all"}, None)
        its_own.shutdown(socket.SHUT_WR)
        assert heard(viewers) == [(starter, None)]
        assert is_quiet(viewers)
        assert not viewers.present
        starter.say("ended")
        assert its_own.recv(100) == b'{"said": "ended"}\n'
    starter.close()


def test_what_is_no_command_is_left_out(path):
    """Half a line waits for its rest and keeps nobody waiting; a line that is too long is nobody's."""
    with viewers_of(path) as viewers, follower(path) as slow, follower(path) as quick:
        slow.sendall(b'{"do": "unh')
        quick.sendall(b'[1]\nno JSON\n{"do": "' + b"x" * 100 + b'"}\n')
        assert [command for _, command in heard(viewers)] == [{"do": "x" * 100}]
        slow.sendall(b'old", "id": 7}\n')
        assert [command for _, command in heard(viewers)] == [{"do": "unhold", "id": 7}]
        slow.setblocking(False)
        rest = b"x" * (LARGEST + 1) + b'\n{"do": "release_all"}\n'
        found = []
        while rest or not found:
            if rest and select.select([], [slow], [], 0)[1]:
                rest = rest[slow.send(rest) :]
            found += viewers.read()
        assert [command for _, command in found] == [{"do": "release_all"}]


def test_there_are_at_most_so_many_followers(path):
    """One more is left at once; when one goes, another can come."""
    with viewers_of(path) as viewers:
        followers = [follower(path) for _ in range(MOST)]
        for one in followers:
            one.sendall(line(do="release_all"))
        assert len(heard(viewers, MOST)) == MOST
        with follower(path) as surplus:
            assert viewers.read() == []
            assert surplus.recv(1) == b""
        followers.pop().close()
        assert [command for _, command in heard(viewers)] == [None]
        followers.append(follower(path))
        followers[-1].sendall(line(do="release_all"))
        assert [command for _, command in heard(viewers)] == [{"do": "release_all"}]
        for one in followers:
            one.close()


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_socket_is_its_owners_alone(umask, path):
    """Whatever the umask; and it is there as long as followers can come."""
    before = os.umask(umask)
    try:
        viewers = Viewers(None, path)
    finally:
        os.umask(before)
    assert oct(stat.S_IMODE(path.lstat().st_mode)) == "0o600"
    with follower(path) as left:
        left.sendall(line(do="release_all"))
        heard(viewers)
        viewers.close()
        assert left.recv(1) == b""
    assert not path.exists()


def test_a_follower_of_another_user_is_refused():
    """Even if no mode keeps it out: what it says is not heard."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    folder = Path(tempfile.mkdtemp())  # that of this test is closed to others
    path = folder / "control"
    try:
        folder.chmod(0o777)
        with viewers_of(path) as viewers:
            path.chmod(0o666)
            child = os.fork()
            if not child:
                try:
                    os.setuid(NOBODY)
                    with follower(path) as stranger:
                        with suppress(BrokenPipeError):  # it may be left by then
                            stranger.sendall(line(do="release_all"))
                        os._exit(7 if _is_left(stranger) else 8)
                finally:
                    os._exit(9)
            assert select.select([viewers], [], [], 30)[0]
            assert viewers.read() == []
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            assert is_quiet(viewers)
            assert not viewers.present
    finally:
        folder.rmdir()


def _is_left(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:  # what was sent is thrown away
        return True


def test_a_path_that_is_too_long_for_a_socket(tmp_path):
    """Nobody can come; the viewer that started the run is heard all the same."""
    path = tmp_path / ("x" * 107)
    ours, its_own = socket.socketpair()
    with its_own, viewers_of(path, Viewer(ours)) as viewers:
        assert not viewers.listening
        assert not path.exists()
        its_own.sendall(line(do="end"))
        assert [command for _, command in heard(viewers)] == [{"do": "end"}]
        viewers.starter.close()


def test_when_there_is_no_descriptor_left_nobody_can_come(path):
    """It must not be tried again and again, for ever."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with viewers_of(path) as viewers, follower(path) as late:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            assert viewers.read() == []
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert not viewers.listening
        assert is_quiet(viewers)
        assert _is_left(late)
