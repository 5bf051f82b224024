"""Holds in plain text: in the call tree, as they happen, as events and as counts."""

import json

import pytest

from tracer.cli import main
from tracer.probe.frames import ENTER, EVENTS, RETURN, column, fact, frame, word
from tracer.text.live import follow_lines

S = 1_000_000_000
MAIN, SERVE, HANDLE = 77, 5, 6
CODES = {SERVE: ("serve_forever", "BaseServer"), HANDLE: ("handle", "Handler")}


class Recording:
    """Of a server whose main context is held in handle, at given seconds."""

    def __init__(self):
        self.first = 0
        self.pieces = [fact(0, type="header", version=1, monotonic_ns=0)]
        for code, (hook, owner) in CODES.items():
            self.pieces.append(fact(MAIN, type="code", id=code, hook=hook, owner=owner, module="x", file="", line=1))
        self.told(0.5, "context", id=MAIN, process=MAIN, pid=41, tid=41, ppid=1, born=5, kind="process", parent=0)

    def event(self, at, code, kind):
        self.pieces.append(frame(EVENTS, MAIN, column([self.first, word(code, kind), round(at * S)])))
        self.first += 1

    def told(self, at, what, **fields):
        self.pieces.append(fact(0, type=what, t=round(at * S), **fields))

    def held(self, at, when="before", hold=1, step=""):
        self.told(at, "held", context=MAIN, hook="handle", when=when, hold=hold, step=step)

    def released(self, at, mode="run", follow="both", by="person"):
        self.told(at, "released", context=MAIN, mode=mode, follow=follow, by=by)

    def write(self, path):
        path.write_bytes(b"".join(self.pieces))
        return str(path)


@pytest.fixture
def stepped(tmp_path):
    """Held before handle by a hold, stepped over it, released; then the program ended."""
    recording = Recording()
    recording.told(0.6, "hold", id=1, filter="before handle & peer:53122", once=True)
    recording.event(1, SERVE, ENTER)
    recording.event(2, HANDLE, ENTER)
    recording.held(2.1)
    recording.told(2.2, "unhold", id=1, by="used")
    recording.released(5.3, "over", "child")
    recording.event(5.31, HANDLE, RETURN)
    recording.held(5.4, "after", 0, "over")
    recording.released(7.4, by="all")
    recording.event(8, SERVE, RETURN)
    recording.told(8.5, "unasked", stops=2)
    recording.told(9, "exit", pid=41, status=0)
    recording.told(9, "end", alive=[])
    return recording.write(tmp_path / "stepped.tracer")


def test_the_tree_tells_how_long_of_its_time_a_call_was_held(stepped, capsys):
    assert main(["show", stepped]) == 0
    assert capsys.readouterr().out == (
        "00:01.000  main    serve_forever                                  held 5.20 s          7.00 s  BaseServer\n"
        "00:02.000  main      handle                      held 3.20 s, after it 2.00 s          3.31 s  Handler\n"
    )


def test_the_tree_tells_what_was_slow_motion(tmp_path, capsys):
    """Where all of the time that a call was held was; and what was held after it alone."""
    recording = Recording()
    recording.event(1, SERVE, ENTER)
    recording.event(2, HANDLE, ENTER)
    recording.held(2, hold=0, step="pace")
    recording.released(2.5, by="pace")
    recording.event(3, HANDLE, RETURN)
    recording.event(4, HANDLE, ENTER)
    recording.event(5, HANDLE, RETURN)
    recording.held(6, "after")
    recording.released(7.5)
    recording.event(8, SERVE, RETURN)
    path = recording.write(tmp_path / "slow.tracer")
    assert main(["show", path]) == 0
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "00:01.000 main serve_forever held 2.00 s 7.00 s BaseServer",
        "00:02.000 main handle held 500 ms by slow motion 1.00 s Handler",
        "00:04.000 main handle held 1.50 s after it 1.00 s Handler",
    ]
    assert main(["show", path, "--stats"]) == 0
    words = "0 holds; contexts were held 2 times, 2.00 s in all; of these 1 time, 500 ms, by slow motion"
    assert capsys.readouterr().out.splitlines()[1] == words
    assert main(["show", path, "--stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["slowed"] == {"times": 1, "seconds": 0.5}


@pytest.mark.parametrize(("ended", "words"), [(False, "held before it for 400 ms"), (True, "held after it for 400 ms")])
def test_where_a_context_is_held_when_no_more_is_recorded(ended, words, tmp_path, capsys):
    recording = Recording()
    recording.event(2, HANDLE, ENTER)
    if ended:
        recording.event(3, HANDLE, RETURN)
    recording.held(4, "after" if ended else "before")
    recording.told(4.4, "pace", interval=0)
    assert main(["show", recording.write(tmp_path / "held.tracer")]) == 0
    assert words in capsys.readouterr().out.splitlines()[0]


def test_following(stepped):
    """Holds, and who is held and released, have lines of their own, between the calls."""
    assert [" ".join(line.split()) for line in follow_lines(stepped)] == [
        "00:00.600 hold 1 is set: before handle & peer:53122 (for one stop)",
        "00:01.000 main serve_forever held 5.20 s 7.00 s BaseServer",
        "00:02.000 main handle held 3.20 s 3.31 s Handler",
        "00:02.100 main held before handle (before handle & peer:53122)",
        "00:02.200 hold 1 is removed: it has held",
        "00:05.300 main released after 3.20 s, steps over, into the child",
        "00:05.400 main held after handle (step)",
        "00:07.400 main released after 2.00 s: with all others",
    ]


def test_following_slow_motion(tmp_path):
    """One line when it begins and one when it ends, none for each stop."""
    recording = Recording()
    recording.told(1, "pace", interval=S // 2)
    recording.event(2, HANDLE, ENTER)
    recording.held(2, hold=0, step="pace")
    recording.released(2.5, by="pace")
    recording.event(3, HANDLE, RETURN)
    recording.told(4, "pace", interval=0)
    recording.told(5, "end", alive=[])
    assert [" ".join(line.split()) for line in follow_lines(recording.write(tmp_path / "slow.tracer"))] == [
        "00:01.000 slow motion: each hook waits 500 ms, times are not the program's",
        "00:02.000 main handle held 500 ms by slow motion 1.00 s Handler",
        "00:04.000 slow motion ends",
    ]


def test_events(stepped, capsys):
    assert main(["show", stepped, "--events", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    gate = [{name: value for name, value in one.items() if value is not None} for one in found if one["kind"] in ("held", "released")]
    place = {"context": MAIN, "pid": 41, "hook": "handle", "owner": "Handler", "depth": 1}
    assert gate == [
        {**place, "t": 2.1, "kind": "held", "when": "before", "why": "before handle & peer:53122", "hold": 1, "step": ""},
        {
            **place, "t": 5.3, "kind": "released", "when": "before", "why": "before handle & peer:53122",
            "mode": "over", "follow": "child", "by": "person", "seconds": 3.2,
        },
        {**place, "t": 5.4, "kind": "held", "when": "after", "why": "step", "step": "over"},
        {
            **place, "t": 7.4, "kind": "released", "when": "after", "why": "step",
            "mode": "run", "follow": "both", "by": "all", "seconds": 2.0,
        },
    ]  # fmt: skip
    holds = [(one["t"], one["kind"], one["id"], one.get("filter"), one.get("by")) for one in found if one["kind"].endswith("hold")]
    assert holds == [(0.6, "hold", 1, "before handle & peer:53122", None), (2.2, "unhold", 1, None, "used")]
    assert [one["kind"] for one in found if one["context"] == MAIN] == [
        "begin", "enter", "enter", "held", "released", "return", "held", "released", "return", "end",
    ]  # fmt: skip


def test_events_as_text(stepped, capsys):
    assert main(["show", stepped, "--events"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "    0.600000         supervisor hold      id=1 filter=before handle & peer:53122 once=True" in lines
    assert "    5.400000      41         77 held       handle Handler when=after why=step step=over" in lines


def test_counts(stepped, capsys):
    assert main(["show", stepped, "--stats", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert (counts["holds"], counts["held"], counts["unasked"]) == (1, {"times": 2, "seconds": 5.2}, 2)
    assert main(["show", stepped, "--stats"]) == 0
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "! 2 stops where a process could not ask whether it is held",
        "1 hold; contexts were held 2 times, 5.20 s in all",
    ]
