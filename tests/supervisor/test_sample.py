"""Samples: of servers that come and go."""

import os
import socket
import time
from contextlib import closing

import pytest

from tracer.kernel.queues import CLOSED
from tracer.supervisor import sample
from tracer.supervisor.sample import Sampler


@pytest.fixture
def sampler():
    with closing(Sampler()) as found:
        yield found


def told(sampler):
    """What the next sample says of each server's queue; of servers that it does not mention, nothing."""
    found = sampler.sample()
    return {queue["server"]: queue["why"].get("depth", queue["depth"]) for queue in found["queues"]} if found else {}


def server(sampler, identity, listening=True):
    """A server that the sampler has learnt of."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    if listening:
        found.listen(5)
    host, port = found.getsockname()
    inode = os.fstat(found.fileno()).st_ino
    sampler.learn(
        {
            "type": "server", "id": identity, "pid": os.getpid(), "family": "inet", "kind": "stream", "inode": inode,
            "address": f"{host}:{port}",
        }
    )  # fmt: skip
    return found


def test_a_closed_server_is_told_of_once(sampler):
    with server(sampler, 7), server(sampler, 8) as short:
        assert told(sampler) == {7: 0, 8: 0}
        short.close()
        assert told(sampler) == {7: 0, 8: CLOSED.why}
        assert [told(sampler) for _ in range(2)] == [{7: 0}, {}], "and then there is nothing new"


def test_one_that_does_not_listen_yet(sampler, monkeypatch):
    """It is told of once, and again when it listens."""
    monkeypatch.setattr(sample, "PATIENCE", 3600)
    with server(sampler, 7, listening=False) as late:
        assert [told(sampler) for _ in range(2)] == [{7: CLOSED.why}, {}]
        late.listen(5)
        assert told(sampler) == {7: 0}


def test_servers_that_no_sample_has_seen_are_not_asked_for_ever(sampler, monkeypatch):
    """A program may build thousands, one after another, each for a moment."""
    monkeypatch.setattr(sample, "PATIENCE", 0)
    for identity in range(3):
        server(sampler, identity).close()
    assert told(sampler) == dict.fromkeys(range(3), CLOSED.why)
    assert sampler._listeners == {}
    assert told(sampler) == {}


def test_a_look_alone_is_told_without_what_is_known(sampler, monkeypatch):
    """What a busy server's threads sleep in changes at every look; its queues and threads need not be told again for that."""
    monkeypatch.setattr(sample, "LOOK", 0)
    looks = iter([[], [{"pid": 1, "tid": 1, "call": "poll"}], []])
    monkeypatch.setattr(sampler._asleep, "look", lambda *_: next(looks))
    monkeypatch.setattr(sample, "UNCHANGED", 3600)
    monkeypatch.setattr(sampler, "_process", lambda pid: ([], []))
    with server(sampler, 7):
        first, second, third = (sampler.sample() for _ in range(3))
    assert (len(first["queues"]), len(first["processes"]), "calls" in first) == (1, 1, False)
    assert (second["queues"], second["processes"]) == ([], [])
    assert second["calls"] == [{"pid": 1, "tid": 1, "call": "poll"}]
    assert third is None


def test_looks_are_rarer_than_samples(sampler, monkeypatch):
    looks = []
    monkeypatch.setattr(sample, "LOOK", 3600)
    monkeypatch.setattr(sampler._asleep, "look", lambda begin, *_: looks.append(begin) or setattr(sampler._asleep, "last", begin) or [])
    monkeypatch.setattr(sampler._asleep, "last", time.monotonic_ns() - 3600 * 10**9)
    with server(sampler, 7):
        told = [sampler.sample() for _ in range(3)]
    assert len(looks) == 1
    assert told[0]["looked"] == looks[0]
