"""The gate reads ahead, so that whoever asks need not wait until it has read a long recording."""

import pytest

from tests.probe.kit import Raw
from tracer.supervisor.gate import Gate
from tracer.supervisor.journal import Journal
from tracer.supervisor.start import PrivateFolder

LONG = 400_000  # bytes: more than an arrival is to wait for


@pytest.fixture
def late(tmp_path):
    """A gate that has read nothing of a long recording but what defines a hook."""
    journal, folder = Journal(tmp_path / "run.tracer", ["x"]), PrivateFolder()
    gate = Gate(folder, journal)
    gate.learn({"type": "code", "id": 1, "hook": "handle", "owner": "EchoHandler"})
    journal.tell(type="source", file="x", text="x" * LONG)
    yield gate
    gate.close()
    folder.remove()
    journal.close()


def hold(gate, text, viewer="person"):
    """Ask for a hold."""
    assert gate.obey(viewer, {"do": "hold", "filter": text})


def read_on(gate):
    """Serve the gate until it has nothing more to read."""
    for _ in range(100):
        gate.serve()


def told(tmp_path):
    """The holds that are set, in order."""
    return [fact["filter"] for fact in Raw(tmp_path / "run.tracer").facts if fact["type"] == "hold"]


def test_a_hold_is_set_when_the_recording_that_decides_it_has_been_read(late, tmp_path):
    """What the hook and its class decide is set at once."""
    for text in ("before handle & peer:1", "before handle & owner:EchoHandler", "before handle & owner:EchoHandler & peer:1"):
        hold(late, text)
    assert told(tmp_path) == ["before handle & owner:EchoHandler"]
    assert late.due() is not None
    read_on(late)
    assert told(tmp_path) == [
        "before handle & owner:EchoHandler",
        "before handle & peer:1",
        "before handle & owner:EchoHandler & peer:1",
    ]


def test_nothing_is_read_ahead_for_a_hold_that_does_not_need_it(late):
    hold(late, "before handle & owner:EchoHandler")
    assert late.due() is None


def test_a_hold_that_waits_goes_with_its_viewer(late, tmp_path):
    hold(late, "before handle & peer:1", "one")
    hold(late, "before handle & peer:2", "another")
    late.forget("one")
    read_on(late)
    assert told(tmp_path) == ["before handle & peer:2"]


def test_a_hold_that_waits_goes_with_all_others(late, tmp_path):
    hold(late, "before handle & peer:1")
    assert late.obey("person", {"do": "release_all"})
    read_on(late)
    assert told(tmp_path) == []
