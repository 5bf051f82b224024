"""What a moment says of children: who reaped them, and where the server's belief and the kernel's word differ."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask, until
from tracer.timeline.at import at


def zombies_of(fact, number):
    """Whether a fact is a sample that lists so many zombies, and nothing else, as children."""
    children = [child for process in fact.get("processes", ()) for child in process["children"]]
    return fact["type"] == "sample" and [child["state"] for child in children] == ["zombie"] * number


def parent(timeline, t):
    """What a moment says of the server's process."""
    return next(one for one in at(timeline, t).processes if one.label == "main")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_loop_of_handle_request_leaves_its_zombies_and_the_moment_says_so(framework, launch):
    with launch(PROGRAMS / "one_by_one.py", framework) as server:
        address = server.address()
        for _ in range(6):
            ask(address)
        all_six = until(server.path, lambda fact: zombies_of(fact, 6))
        last = until(server.path, lambda fact: zombies_of(fact, 6) and fact["end"] - all_six["end"] >= 250_000_000)
        first = until(server.path, lambda fact: fact["type"] == "sample" and '"zombie"' in json.dumps(fact))
        timeline = server.timeline()
    main = parent(timeline, last["end"])
    assert main.believed_children == 6
    assert [(child.state, child.believed, child.exit, child.connection) for child in main.children] == [
        ("zombie", True, 0, number) for number in range(1, 7)
    ]
    assert main.differs == (
        "the server believes 6 active; of these 6 are zombies: a loop of handle_request calls no service_actions, so only "
        "handle_timeout and server_close reap",
    )
    assert parent(timeline, first["end"]).differs == (), "a zombie that is new may yet be reaped"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_healthy_forking_server_under_load_never_differs(framework, launch):
    with launch(PROGRAMS / "commanded.py", framework, "ForkingTCPServer") as server:
        address = server.address()
        with ThreadPoolExecutor(8) as clients:
            assert len(list(clients.map(lambda _: ask(address), range(200)))) == 200
        until(server.path, lambda fact: fact["type"] == "sample" and fact["processes"] and not fact["processes"][0]["children"])
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    seen = 0
    over = timeline.ordered.items[0].ended
    for main in (parent(timeline, end) for end, _ in timeline.samples.times if end < over):
        seen += len(main.children)
        assert main.differs == ()
        assert all(child.believed for child in main.children if child.state is not None)
    assert seen, "there was load"


# -- what is certain and what is not, in recordings made by hand ---------------------------------------------------------------


def forking(new):
    """A server that forks, in its loop, and the loop's hand."""
    recording = new()
    main = recording.process(100)
    recording.server(main, mro=["socketserver.ForkingTCPServer", "socketserver.ForkingMixIn", "socketserver.BaseServer"])
    main.enter("serve_forever", server=7)
    return recording, main


def fork(main, pid, children):
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    main.fork(pid)
    main.leave("fork", "os", pid=pid)
    main.leave("process_request", "ForkingMixIn", children=children)
    main.flush()


def collect(main, *waited, children):
    main.enter("service_actions", "Server")
    main.enter("service_actions", "ForkingMixIn")
    main.enter("collect_children", "ForkingMixIn")
    for pid, found in waited:
        main.enter("waitpid", "os", pid=pid, options=1)
        main.leave("waitpid", "os", pid=found, status=0)
    main.leave("collect_children", "ForkingMixIn", children=children)
    main.leave("service_actions", "ForkingMixIn")
    main.leave("service_actions", "Server")


def turn(main):
    """The loop waits once more."""
    main.do("select", "select", ready=0)


def sample(recording, **states):
    """A sample of these children, as p4122='zombie'."""
    listed = [
        {"pid": int(pid[1:]), "born": 9, "state": state, "exit": 0 if state == "zombie" else None, "signal": None}
        for pid, state in states.items()
    ]
    recording.sample({"pid": 100, "children": listed, "threads": []})


def last(recording):
    timeline = recording.timeline
    return parent(timeline, timeline.newest)


def test_a_zombie_that_service_actions_passes_by(new):
    recording, main = forking(new)
    fork(main, 4122, 1)
    sample(recording, p4122="zombie")
    turn(main)
    sample(recording, p4122="zombie")
    assert last(recording).differs == (), "it may have become one behind service_actions"
    main.do("service_actions", "Server")  # an override that does not call super()
    turn(main)
    sample(recording, p4122="zombie")
    assert last(recording).differs == ("the server believes 1 active; of these 1 is a zombie that service_actions has left",)


def test_a_child_that_somebody_else_has_waited_for(new):
    recording, main = forking(new)
    fork(main, 4122, 1)
    fork(main, 4123, 2)
    sample(recording, p4123="running")
    found = last(recording)
    assert (found.believed_children, found.differs) == (2, ("the server believes 2 active, the kernel has 1",))
    assert [(child.pid, child.state) for child in found.children] == [(4122, None), (4123, "running")]


def test_a_child_of_the_programs_own_is_no_difference(new):
    recording, main = forking(new)
    fork(main, 4122, 1)
    sample(recording, p4122="running", p5000="running")
    found = last(recording)
    assert (found.believed_children, found.differs) == (1, ())
    assert [(child.pid, child.believed) for child in found.children] == [(4122, True), (5000, False)]


def test_a_traced_child_of_the_programs_own_is_none_either(new):
    """Such as a server in a process of multiprocessing's, also at the instant at which the first server forks."""
    recording, main = forking(new)
    main.fork(5000).do("serve_forever", "BaseServer", server=8)
    fork(main, 4122, 1)
    sample(recording, p4122="running", p5000="running")
    found = last(recording)
    assert (found.believed_children, found.differs) == (1, ())
    assert [(child.pid, child.believed) for child in found.children] == [(4122, True), (5000, False)]
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    main.flush()
    for listed in ({}, {"p4123": "running"}):
        sample(recording, p4122="running", p5000="running", **listed)
        found = last(recording)
        assert found.differs == ()
        assert [child.pid for child in found.children if child.believed] == [4122, *(int(pid[1:]) for pid in listed)]


def test_what_changes_while_the_kernel_is_asked_is_no_difference(new):
    """The kernel lists a child whose fork has not returned, and one that is being waited for, or lists it no more."""
    recording, main = forking(new)
    fork(main, 4122, 1)
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    main.flush()
    sample(recording, p4122="running", p4123="running")
    found = last(recording)
    assert (found.believed_children, found.differs, [child.believed for child in found.children]) == (2, (), [True, True])
    main.leave("fork", "os", pid=4123)
    main.leave("process_request", "ForkingMixIn", children=2)
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=1)
    main.flush()
    sample(recording, p4123="running")
    found = last(recording)
    assert (found.believed_children, found.differs) == (1, ())
    main.leave("waitpid", "os", pid=4122, status=0)
    sample(recording, p4123="running")
    found = last(recording)
    assert (found.believed_children, found.differs) == (1, ()), "collect_children has not said so yet"


def test_who_reaped_whom(new):
    recording, main = forking(new)
    for number in range(5):
        fork(main, 4122 + number, number + 1)
    collect(main, *((4122 + number, 4122 + number) for number in range(4)), (4126, 0), children=1)
    sample(recording, p4126="running")
    found = last(recording)
    assert [(child.pid, child.exit, child.reaped_by) for child in found.reaped] == [
        (pid, 0, "collect_children in service_actions") for pid in (4123, 4124, 4125)
    ]
    assert [child.pid for child in found.children] == [4126]
    main.enter("server_close", "ForkingMixIn")
    collect_at_close = main.call("collect_children", "ForkingMixIn")
    with collect_at_close:
        main.enter("waitpid", "os", pid=4126, options=0)
        main.leave("waitpid", "os", pid=4126, status=9)
    found = last(recording)
    (child,) = found.children
    assert (child.signal, child.reaped is not None, child.reaped_by) == (9, True, "collect_children in server_close")


def test_a_child_that_was_born_since_the_sample(new):
    recording, main = forking(new)
    sample(recording)
    fork(main, 4122, 1)
    found = last(recording)
    assert (found.believed_children, found.differs) == (None, ())
    (child,) = found.children
    assert (child.pid, child.state, child.believed) == (4122, None, True)
    assert child.since > found.taken
    collect(main, (4122, 4122), children=0)
    found = last(recording)
    assert (found.children, [child.pid for child in found.reaped]) == ((), [4122])
