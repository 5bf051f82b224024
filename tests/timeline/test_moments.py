"""What a moment says of contexts, children, queues and connections."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.timeline.at import at, connection
from tracer.timeline.stats import stats


def when(tools: Any, timeline: Any, hook: str, label: str) -> int:
    """When a hook began in the context with that label, for the first time."""
    return next(row.begin for row in tools.rows(timeline) if row.hook == hook and row.label == label)


def test_a_child_that_nobody_has_reaped(scenarios: Any) -> None:
    recording = scenarios["forked"]()
    timeline = recording.timeline
    zombie = timeline.samples.times[1][0]
    (process,) = [one for one in at(timeline, zombie).processes if one.label == "main"]
    (child,) = process.children
    assert (child.pid, child.label, child.connection, child.believed, child.state, child.exit) == (4122, "P4122", 1, True, "zombie", 0)
    assert process.believed_children == 1
    reaped = timeline.samples.times[2][0]
    (process,) = [one for one in at(timeline, reaped).processes if one.label == "main"]
    assert process.children == ()
    assert process.believed_children == 0


def test_beliefs_are_those_of_the_samples_time(scenarios: Any, tools: Any) -> None:
    recording = scenarios["forked"]()
    timeline = recording.timeline
    # The child is reaped, but the newest sample still says zombie: belief and kernel are compared when the kernel was asked.
    t = timeline.samples.times[2][1] - 1
    (process,) = [one for one in at(timeline, t).processes if one.label == "main"]
    assert process.taken == timeline.samples.times[1][0]
    assert [(child.believed, child.state) for child in process.children] == [(True, "zombie")]
    assert process.believed_children == 1


@pytest.mark.parametrize(("name", "end", "status", "signal"), [("forked", "exited", 0, None), ("killed", "killed", None, 9)])
def test_how_a_child_ended(name: str, end: str, status: int | None, signal: int | None, scenarios: Any) -> None:
    child = stats(scenarios[name]().timeline)["contexts"][1]
    assert (child["kind"], child["cause"], child["end"], child["status"], child["signal"]) == ("process", "fork", end, status, signal)


def test_a_connection_is_open_until_its_last_holder_lets_go(scenarios: Any, tools: Any) -> None:
    timeline = scenarios["forked"]().timeline
    handling = when(tools, timeline, "handle", "P4122")
    (one,) = at(timeline, handling + 5_000).connections  # the parent has closed its copy
    assert (one.number, one.state, one.label, one.peer, one.ended) == (1, "open", "P4122", "127.0.0.1:50001", None)
    last = connection(timeline, 1)
    assert last is not None
    assert last.state == "closed"
    moment = at(timeline, timeline.newest)
    assert (moment.connections, moment.accepted, moment.ended) == ((), 1, 1)


def test_a_connection_whose_holder_was_killed(scenarios: Any) -> None:
    one = connection(scenarios["killed"]().timeline, 1)
    assert one is not None
    assert one.state == "killed"


def test_a_refused_connection(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="a:1")
    main.do("verify_request", truth=0)
    with main.call("shutdown_request", descriptor=5), main.call("close_request", descriptor=5):
        pass
    main.leave("_handle_request_noblock")
    one = connection(recording.timeline, 1)
    assert one is not None
    assert one.state == "refused"


def test_a_failed_connection_says_why(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="a:1")
    main.enter("finish_request", descriptor=5)
    main.fail("finish_request", "ValueError: no")
    with main.call("shutdown_request", descriptor=5), main.call("close_request", descriptor=5):
        pass
    main.leave("_handle_request_noblock")
    one = connection(recording.timeline, 1)
    assert one is not None
    assert (one.state, one.error) == ("failed", "ValueError: no")


def test_a_descriptor_used_again_means_the_newer_connection(scenarios: Any, tools: Any) -> None:
    timeline = scenarios["threaded"]
    recording = timeline(5)
    served = {row.label: row.connection for row in tools.rows(recording.timeline) if row.hook == "finish_request"}
    assert served == {"T1": 1, "T2": 2, "T3": 3, "T4": 4, "T5": 5}


def test_a_peer_may_be_one_number(new: Any, tools: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.do("get_request", descriptor=5, peer4=(127 << 24 | 1) << 16 | 50001)
    one = connection(recording.timeline, 1)
    assert one is not None
    assert one.peer == "127.0.0.1:50001"
    assert [row.payload for row in tools.rows(recording.timeline)] == ["127.0.0.1:50001"]


def test_a_process_that_executes_another_program_replaces_itself(new: Any) -> None:
    recording = new()
    first = recording.process(100, born=5)
    first.enter("serve_forever", server=7)
    first.flush()
    recording.process(100, born=5)
    old, young = stats(recording.timeline)["contexts"]
    assert (old["end"], old["ended"]) == ("replaced", young["started"])
    assert (young["cause"], young["parent"], young["end"]) == ("exec", old["id"], "open")


def test_a_process_that_goes_on_as_another_program_ends_there(scenarios: Any, tools: Any) -> None:
    """At the earliest time that is known, with all its threads; what the other program starts still comes from it."""
    recording = scenarios["executed"]()
    timeline = recording.timeline
    main, worker, spawned, second = stats(timeline)["contexts"]
    assert [(one["end"], one["status"]) for one in (main, worker, second)] == [("replaced", None), ("replaced", None), ("exited", 3)]
    assert main["ended"] == worker["ended"] < spawned["started"] < second["started"]
    assert (spawned["cause"], spawned["parent"], second["cause"], second["parent"]) == ("spawn", main["id"], "exec", main["id"])
    ended = [line for line in tools.tree(timeline).splitlines() if line.endswith("replaced")]
    assert ended == [
        "main  serve_forever replaced",
        "main   _handle_request_noblock #1 replaced",
        "T1       handle #1 replaced",
        "main    select #1 replaced",
    ]


def test_a_started_child_is_a_spawn(new: Any) -> None:
    recording = new()
    recording.process(100)
    recording.process(200, ppid=100)
    parent, child = stats(recording.timeline)["contexts"]
    assert (parent["cause"], child["cause"], child["parent"]) == ("start", "spawn", parent["id"])


def test_the_end_of_the_recording_says_who_is_gone(new: Any) -> None:
    recording = new()
    first = recording.process(100)
    recording.process(200, ppid=100)
    recording.process(300, ppid=100)
    recording.sample({"pid": 200, "children": [], "threads": []})  # alive then, but not at the end
    recording.exit(first, 3 << 8)
    recording.end(alive=(300,))
    found = {one["pid"]: (one["end"], one["status"]) for one in stats(recording.timeline)["contexts"]}
    assert found == {100: ("exited", 3), 200: ("gone", None), 300: ("open", None)}


def test_a_pid_used_again_is_another_process(new: Any, tools: Any) -> None:
    recording = new()
    main = recording.process(100)
    for number in range(2):
        main.do("get_request", descriptor=5, peer=f"a:{number}")
        main.enter("fork", "os")
        child = main.fork(4122)
        main.leave("fork", "os", pid=4122)
        child.do("finish_request")
        child.enter("_exit", "os", status=number)
        child.flush()
        main.enter("waitpid", "os", pid=4122, options=0)
        main.leave("waitpid", "os", pid=4122, status=number << 8)
        main.flush()
    timeline = recording.timeline
    children = [one for one in stats(timeline)["contexts"] if one["cause"] == "fork"]
    assert [one["status"] for one in children] == [0, 1]
    rows = [(row.label, row.hook, row.connection) for row in tools.rows(timeline) if row.label != "main"]
    assert rows == [("P4122", "finish_request", 1), ("P4122", "_exit", 1), ("P4122", "finish_request", 2), ("P4122", "_exit", 2)]


def test_queues_carry_their_age_and_their_reasons(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main)
    recording.sample(queues=[{"server": 7, "depth": 3, "limit": 5, "drops": None, "bytes": None, "why": {"drops": "not Linux"}}])
    recording.sample(queues=[{"server": 7, "depth": 0, "limit": 5}])
    timeline = recording.timeline
    first, second = timeline.samples.times
    (server,) = at(timeline, first[0]).servers
    assert server.queue is not None
    assert (server.queue.depth, server.queue.why, server.queue.begin, server.queue.end) == (
        3,
        {"drops": "not Linux"},
        first[1],
        first[0],
    )
    (server,) = at(timeline, second[0]).servers
    assert [queue.depth for queue in server.history] == [3, 0]


def test_stats_have_the_promised_shape(scenarios: Any) -> None:
    counts = stats(scenarios["threaded"]().timeline, damaged=2)
    assert counts["hooks"]["handle"] == {"calls": 2, "returns": 1, "raises": 0}
    assert counts["hooks"]["serve_forever"] == {"calls": 1, "returns": 0, "raises": 0}
    assert (counts["version"], counts["python"], counts["connections"], counts["damaged"], counts["lost"]) == (1, "3.11", 2, 2, 0)
    assert counts["spans"] == sum(hook["calls"] for hook in counts["hooks"].values())
    assert counts["open_spans"] == 6
    assert counts["events"] == 2 * counts["spans"] - counts["open_spans"]
    assert counts["servers"][0] == {
        "id": 7, "class": "Server", "address": "127.0.0.1:8000", "mro": ["Server", "BaseServer"], "settings": {},
    }  # fmt: skip


def test_a_descriptor_that_is_given_again_before_the_call_that_closed_it_returns(new):
    recording = new()
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="127.0.0.1:50001")
    main.enter("process_request", "ThreadingMixIn")
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    worker = recording.thread(main, 101)
    worker.enter("Thread.run", "threading")
    worker.enter("process_request_thread", "ThreadingMixIn", descriptor=5)
    worker.enter("shutdown_request", descriptor=5)
    worker.enter("close_request", descriptor=5)
    main.leave("Thread.start", "threading")
    main.leave("process_request", "ThreadingMixIn", threads=1)
    main.leave("_handle_request_noblock")
    main.do("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="127.0.0.1:50002")
    main.flush()
    worker.leave("close_request")
    worker.leave("shutdown_request")
    worker.flush()
    timeline = recording.timeline
    first, second = connection(timeline, 1), connection(timeline, 2)
    assert (first.state, first.ended is None) == ("closed", False)
    assert (second.state, second.ended) == ("open", None)
