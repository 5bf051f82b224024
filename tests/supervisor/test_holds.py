"""What a person may say wrong, and what two of them hold together."""

from pathlib import Path

import pytest

from tests.gatekit import asking
from tests.probe.kit import rest

LEVELS = Path(__file__).parent / "programs" / "levels.py"
LOWER = "before handle Lower"


@pytest.mark.parametrize(
    "command",
    [
        {"mode": "run", "follow": []},
        {"mode": "run", "follow": {}},
        {"mode": "run", "to": 5},
        {"mode": "run", "to": "before handle & raised"},
        {"mode": "run", "to": "("},
        {"mode": "backwards"},
        {"mode": "run", "follow": "nobody"},
    ],
)
def test_a_command_that_makes_no_sense_does_nothing(command, gated):
    with gated(LEVELS, "socketserver", "TCPServer", "1", holds=["before handle & owner:Lower"]) as server:
        with asking(server.address()) as client:
            server.until(main=LOWER)
            (context,) = server.gate.held
            assert not server.obey("release", context=context, **command)
            assert server.held == {"main": LOWER}
            server.obey("release_all")
            assert rest(client) == "HELLO\n"
        assert server.end() == (0, "")


def test_what_two_hold_one_does_not_release_by_leaving(gated):
    with gated(LEVELS, "socketserver", "TCPServer", "1") as server:
        address = server.address()
        for viewer in ("one", "other"):
            assert server.obey("hold", viewer=viewer, filter="before handle & owner:Lower", once=True)
        with asking(address) as client:
            server.until(main=LOWER)
            assert server.told("unhold", "id", "by") == [(1, "used"), (2, "used")]
            server.gate.forget("one")
            assert server.held == {"main": LOWER}
            server.gate.forget("other")
            assert rest(client) == "HELLO\n"
        assert server.end() == (0, "")
        assert server.told("released", "by") == [("viewer gone",)]


def test_a_place_for_one_context_goes_with_it(gated):
    """It may never come there; and it may be counted."""
    with gated(LEVELS, "socketserver", "ThreadingTCPServer", "2", holds=["before handle & owner:Lower"]) as server:
        address = server.address()
        with asking(address) as first, asking(address) as second:
            server.until(thread_1=LOWER, thread_2=LOWER)
            server.release("thread 1", to="before select")
            assert rest(first) == "HELLO\n"
            server.wait(lambda: ("gone",) in server.told("unhold", "by"))
            assert server.step("thread 2", "run", to="finish & nth:2") == "before finish Lower"
            assert [text for (text,) in server.told("hold", "filter")[1:]] == [
                "before select & context:T1",
                "finish & nth:2 & context:T2",
            ]
            server.release("thread 2")
            assert rest(second) == "HELLO\n"
        assert server.end() == (0, "")
