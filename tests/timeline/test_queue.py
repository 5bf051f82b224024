"""What a moment says of a real server's queue while its only thread is in a handler."""

import signal
import socket
from contextlib import ExitStack

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, until
from tracer.timeline.at import at, recent
from tracer.timeline.course import course
from tracer.timeline.moment import Queue

STUCK = PROGRAMS / "stuck.py"


def connected(family, address):
    """A client that is connected when this returns."""
    client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect(address)
    return client


@pytest.mark.parametrize("kind", ["TCPServer", "UnixStreamServer"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_full_queue_behind_a_server_that_is_stuck(framework, kind, launch, tmp_path):
    """Two may wait, and one more: the gauge reads (3, 2), and says so while the loop is in handle."""
    unix = kind == "UnixStreamServer"
    path = str(tmp_path / "socket")
    with launch(STUCK, framework, kind, *([path] if unix else [])) as server, ExitStack() as clients:
        address = server.line().split()
        where = (socket.AF_UNIX, path) if unix else (socket.AF_INET, (address[0], int(address[1])))
        clients.enter_context(connected(*where))
        assert server.line() == "stuck"
        for _ in range(3):
            clients.enter_context(connected(*where))
        full = until(server.path, lambda fact: fact["type"] == "sample" and [one["depth"] for one in fact["queues"]] == [3])
        timeline = server.timeline()
        server.signal(signal.SIGKILL)
    moment = at(timeline, full["end"])
    (watched,) = moment.servers
    assert isinstance(watched.queue, Queue)
    assert (watched.queue.depth, watched.queue.limit) == (3, 2)
    assert watched.queue.drops == (None if unix else 0)
    assert watched.history[-1] is watched.queue
    (one,) = recent(timeline, moment, watched.server, 64)
    assert (one.number, one.state, one.stage, one.stage_label) == (1, "open", "handle", "main"), "of those that wait nobody knows yet"
    found = course(timeline, 1, moment.t)
    assert found is not None
    assert [(call.hook, call.result) for call in found.calls[-2:]] == [("setup", "returned"), ("handle", "inside")]
    assert found.over == (False, False)
