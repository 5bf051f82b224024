"""The queues of real sockets, filled by hand, as seen through sock_diag."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracer.kernel import queues as module
from tracer.kernel.answer import NotAvailable
from tracer.kernel.queues import Listener, Queues

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sock_diag is Linux's")


@pytest.fixture
def queues() -> Iterator[Queues]:
    with Queues() as opened:
        yield opened


def listening(family: int, address: object, backlog: int) -> socket.socket:
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen(backlog)
    return listener


def connected(family: int, address: object) -> socket.socket:
    client = socket.socket(family)
    client.connect(address)
    return client


ADDRESSES = {socket.AF_INET: ("127.0.0.1", 0), socket.AF_INET6: ("::1", 0)}


@pytest.mark.parametrize("family", ADDRESSES)
@pytest.mark.parametrize("backlog", [0, 1, 5])
def test_a_tcp_listener_holds_backlog_plus_one(queues: Queues, family: int, backlog: int) -> None:
    with listening(family, ADDRESSES[family], backlog) as server:
        listener = Listener.of(server)
        empty = queues.sample(listener)
        assert (empty.depth, empty.limit, empty.capacity, empty.drops) == (0, backlog, backlog + 1, 0)

        clients = [connected(family, server.getsockname()) for _ in range(backlog + 1)]
        full = queues.sample(listener)
        assert (full.depth, full.limit, full.drops) == (backlog + 1, backlog, 0)

        server.accept()[0].close()
        assert queues.sample(listener).depth == backlog
        for client in clients:
            client.close()
        assert queues.sample(listener).depth == backlog, "a client that left stays in the queue"


def test_an_overflow_of_a_tcp_listener_is_counted(queues: Queues) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0), 0) as server, socket.socket() as late:
        address = server.getsockname()
        with connected(socket.AF_INET, address):
            late.setblocking(False)
            assert late.connect_ex(address) != 0  # on loopback its SYN has been dropped when this returns
            drops = queues.sample(Listener.of(server)).drops
        assert isinstance(drops, int)
        assert drops >= 1


def test_the_drops_are_this_listeners_alone(queues: Queues) -> None:
    full, calm = (listening(socket.AF_INET, ("127.0.0.1", 0), 0) for _ in range(2))
    with full, calm, connected(socket.AF_INET, full.getsockname()), socket.socket() as late:
        late.setblocking(False)
        late.connect_ex(full.getsockname())
        assert queues.sample(Listener.of(full)).drops != 0
        assert queues.sample(Listener.of(calm)).drops == 0


def test_a_second_listen_changes_the_limit(queues: Queues) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0), 1) as server:
        server.listen(7)
        assert queues.sample(Listener.of(server)).limit == 7


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "", "no address"])
@pytest.mark.parametrize("port_known", [True, False])
def test_a_tcp_listener_is_found_by_whatever_is_known(queues: Queues, address: str, port_known: bool) -> None:
    with listening(socket.AF_INET, ("0.0.0.0", 0), 3) as server:
        exact = Listener.of(server)
        described = Listener(exact.family, exact.kind, exact.inode, address, exact.port if port_known else 0)
        assert queues.sample(described).limit == 3


def test_of_two_listeners_on_one_port_each_is_found(queues: Queues) -> None:
    first, second = socket.socket(), socket.socket()
    with first, second:
        for sock in (first, second):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.bind(("127.0.0.1", 0))
        second.bind(first.getsockname())
        first.listen(2)
        second.listen(4)
        assert queues.sample(Listener.of(first)).limit == 2
        assert queues.sample(Listener.of(second)).limit == 4


def test_another_socket_at_the_same_address_is_not_taken_for_the_listener(queues: Queues) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0), 1) as server:
        real = Listener.of(server)
        stranger = Listener(real.family, real.kind, real.inode + 1_000_000, real.address, real.port)
        assert queues.sample(stranger).depth == module.CLOSED


@pytest.mark.parametrize("backlog", [0, 1, 5])
def test_a_unix_listener_holds_backlog_plus_one(queues: Queues, tmp_path: Path, backlog: int) -> None:
    path = str(tmp_path / "socket")
    with listening(socket.AF_UNIX, path, backlog) as server:
        clients = [connected(socket.AF_UNIX, path) for _ in range(backlog + 1)]
        full = queues.sample(Listener.of(server))
        assert (full.depth, full.limit, full.capacity) == (backlog + 1, backlog, backlog + 1)
        assert full.drops == module.UNIX_KEEPS_ALL
        server.accept()[0].close()
        assert queues.sample(Listener.of(server)).depth == backlog
        for client in clients:
            client.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_the_bytes_of_udp_rise_and_fall(queues: Queues, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((address, 0))
        listener = Listener.of(server)
        assert queues.sample(listener).bytes == 0
        target = ("127.0.0.1" if family == socket.AF_INET else "::1", listener.port)
        for _ in range(3):
            client.sendto(b"hello", target)
        three = queues.sample(listener)
        assert isinstance(three.bytes, int)
        assert isinstance(three.bytes_limit, int)
        assert 3 * len(b"hello") < three.bytes < three.bytes_limit
        assert three.drops == 0
        assert isinstance(three.depth, NotAvailable)

        server.recv(100)
        assert queues.sample(listener).bytes == three.bytes // 3 * 2, "exact while it is drained"
        server.recv(100)
        server.recv(100)
        assert queues.sample(listener).bytes == 0


def test_a_datagram_too_many_is_counted_as_dropped(queues: Queues) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # the kernel makes that its smallest
        server.bind(("127.0.0.1", 0))
        for _ in range(100):
            client.sendto(bytes(100), server.getsockname())
        drops = queues.sample(Listener.of(server)).drops
        assert isinstance(drops, int)
        assert 0 < drops < 100


def test_of_two_udp_sockets_on_one_port_each_is_found(queues: Queues) -> None:
    first, second = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    with first, second, socket.socket(type=socket.SOCK_DGRAM) as client:
        for sock in (first, second):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.bind(("127.0.0.1", 0))
        second.bind(first.getsockname())
        client.sendto(b"hello", first.getsockname())
        waiting = {queues.sample(Listener.of(sock)).bytes for sock in (first, second)}
        assert 0 in waiting
        assert len(waiting) == 2


def test_a_unix_datagram_socket_shows_only_the_next_datagram(queues: Queues, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server, client = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    with server, client:
        server.bind(path)
        listener = Listener.of(server)
        assert queues.sample(listener).next_bytes == 0
        client.sendto(bytes(7), path)
        client.sendto(bytes(9), path)
        sample = queues.sample(listener)
        assert sample.next_bytes == 7
        assert {sample.depth, sample.limit, sample.capacity, sample.bytes} == {module.ONLY_NEXT}
        server.recv(100)
        assert queues.sample(listener).next_bytes == 9


def test_a_closed_socket_is_not_available(queues: Queues, tmp_path: Path) -> None:
    tcp = listening(socket.AF_INET, ("127.0.0.1", 0), 1)
    unix = listening(socket.AF_UNIX, str(tmp_path / "socket"), 1)
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    listeners = [Listener.of(sock) for sock in (tcp, unix, udp)]
    for sock in (tcp, unix, udp):
        sock.close()
    for listener in listeners:
        sample = queues.sample(listener)
        assert {sample.depth, sample.limit, sample.drops, sample.bytes, sample.next_bytes} == {module.CLOSED}


def test_the_listener_of_another_process_is_seen(queues: Queues) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0), 5) as server:
        listener, address = Listener.of(server), server.getsockname()
        ready, told = os.pipe()
        stay, leave = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(told, b".")
            os.close(leave)
            os.read(stay, 1)
            os._exit(0)
        os.close(stay)
        os.read(ready, 1)
    with connected(socket.AF_INET, address):
        assert queues.sample(listener).depth == 1, "closed here, still open in the child"
    for descriptor in (ready, told, leave):
        os.close(descriptor)
    os.waitpid(pid, 0)
    assert queues.sample(listener).depth == module.CLOSED


def test_what_no_question_is_known_for_is_not_available(queues: Queues) -> None:
    sample = queues.sample(Listener(socket.AF_INET, socket.SOCK_RAW, 1))
    assert isinstance(sample.depth, NotAvailable)


def test_without_netlink_every_field_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    with Queues() as queues:
        sample = queues.sample(Listener(socket.AF_INET, socket.SOCK_STREAM, 1, "127.0.0.1", 80))
    assert sample.depth == sample.capacity == NotAvailable("no sock_diag: no netlink on this system")


def test_closed_queues_answer_nothing_and_leave_no_descriptor() -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    queues = Queues()
    queues.close()
    queues.close()
    assert isinstance(queues.sample(Listener(socket.AF_UNIX, socket.SOCK_STREAM, 1)).depth, NotAvailable)
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_not_available_is_no_truth_value() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(NotAvailable("gone"))
