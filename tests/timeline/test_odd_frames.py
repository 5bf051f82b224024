"""Frames that are whole and make no sense: from a newer writer, or from a broken one. They are shown as far as they can be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.probe.frames import ENTER, EVENTS, FACTS, RAISE, RETURN, column, fact, frame, identity, payload, text, word
from tracer.timeline import Timeline

bounded = settings(max_examples=300, deadline=None)

small = st.integers(0, 4)
odd = st.one_of(
    *(st.none(), st.booleans(), small, st.integers(-(1 << 70), 1 << 70), st.floats()),
    *(st.text(max_size=3), st.lists(small, max_size=2)),
)
fields = [
    *("id", "process", "pid", "tid", "ppid", "born", "parent", "t", "kind", "cause", "name", "hook", "owner", "begin", "end"),
    *("status", "records", "queues", "processes", "server", "mro", "settings", "file", "text"),
    *("context", "hold", "step", "when", "filter", "once", "interval", "stops", "mode", "by", "path"),
]
lists = st.lists(st.dictionaries(st.sampled_from(fields), odd, max_size=3), max_size=2)
facts = st.builds(
    lambda kind, rest: (0, {"type": kind, **rest}),
    st.sampled_from([*FACTS, "new", None]),
    st.dictionaries(st.sampled_from(fields), st.one_of(odd, lists)),
)
numbers = ("id", "process", "parent", "ppid", "pid", "tid", "born", "t")
words = {"cause": st.sampled_from(["start", "fork", "thread", "new"]), "kind": st.sampled_from(["process", "thread"])}
contexts = st.fixed_dictionaries({"type": st.just("context"), **dict.fromkeys(numbers, small), **words}).map(
    lambda one: (one["id"], one)
)
gates = st.fixed_dictionaries({
    "type": st.sampled_from(["held", "held", "released", "hold", "unhold", "pace"]),
    "when": st.sampled_from(["before", "after"]),
    "hook": st.sampled_from(["select", "finish_request", "verify_request", "new"]),
    "step": st.sampled_from(["", "in", "pace", "new"]),
    **dict.fromkeys(("id", "context", "hold", "interval"), small),
    "t": st.integers(0, 60),
}).map(lambda one: (0, one))  # fmt: skip
hooks = [
    *("select", "get_request", "verify_request", "_handle_request_noblock", "process_request", "fork", "waitpid", "_exit"),
    *("Thread.start", "Thread.run", "finish_request", "close_request", "service_actions", "serve_forever", "handle", "shutdown"),
    *("Thread.join", "collect_children"),
]
codes = [
    (0, {"type": "code", "id": identity(hook), "hook": hook, "owner": "O", "module": "m", "file": "f", "line": 1}) for hook in hooks
]
payloads = ["descriptor", "request", "truth", "pid", "status", "ready", "server", "context", "children", "options"]
kinds = st.sampled_from([ENTER, RETURN, RAISE])
records = st.one_of(
    st.builds(lambda hook, kind, t: [word(identity(hook), kind), t], st.sampled_from(hooks), kinds, st.integers(0, 60)),
    st.builds(lambda name, value: [payload(name), value], st.sampled_from(payloads), st.integers(-2, 5)),
    st.builds(text, st.sampled_from(["peer", "error"]), st.text(max_size=20)),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=2, max_size=2),
)
columns = st.builds(
    lambda context, first, some: (context, column([first, *(number for one in some for number in one)])),
    small, st.integers(0, 6), st.lists(records, max_size=12),
)  # fmt: skip
frames = st.lists(st.one_of(facts, contexts, columns, columns, gates, st.sampled_from(codes)), max_size=25)


@bounded
@given(some=frames, times=st.lists(st.integers(-5, 70), max_size=3), step=st.booleans())
def test_nothing_makes_it_raise(some: list[Any], times: list[int], step: bool, tools: Any) -> None:
    timeline = Timeline()
    timeline.feed(codes)
    for one in some:
        timeline.feed([one])
        if step:
            timeline.settle()
    tools.picture(timeline, times)
    everything = list(tools.rows(timeline))
    for newest in (1, 3, 10):
        assert list(tools.rows(timeline, newest=newest)) == everything[-newest:]


def test_payloads_and_records_of_a_newer_writer_are_passed_over(tools: Any) -> None:
    handle, peer = identity("handle"), text("peer", "a:1")
    newer = [(77 << 3) | 4, 20, *column_words(b"as long as two record"), (78 << 3) | 3, 5, (1 << 3) | 7, 9]
    numbers = [0, word(handle, ENTER), 5, *newer, *peer, word(handle, RETURN), 9]
    data = fact(1, type="code", id=handle, hook="handle", owner="H", module="m", file="f", line=1) + frame(EVENTS, 1, column(numbers))
    assert tools.tree(tools.load(data)) == "T1    handle"


def column_words(data: bytes) -> list[int]:
    """Text as the records that carry it."""
    padded = data.ljust(32, b"\0")
    return [int.from_bytes(padded[place : place + 8], "little", signed=True) for place in range(0, 32, 8)]


def test_long_texts_of_any_kind_come_back(new: Any, tools: Any) -> None:
    for error in ("", "x", "x" * 15, "x" * 16, "d\0\0\0\0\0\0\0" * 9, "é" * 100, "\ud800"):
        recording = new()
        main = recording.process(100)
        main.enter("handle", "Handler")
        main.fail("handle", error, "Handler")
        main.do("get_request", peer=error, descriptor=4)
        shown = [row.payload for row in tools.rows(recording.timeline)]
        expected = error.encode("utf-8", "backslashreplace").decode()
        assert shown == [expected, expected]
