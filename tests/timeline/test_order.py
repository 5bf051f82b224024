"""What happens before what, and which hooks may be entered next: by hand, for programs made up at random, and for real servers."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gatekit import asking
from tests.probe.kit import PROGRAMS, ask, rest
from tests.timeline.play import MOST_ACTORS, Play
from tests.timeline.test_any_order import SCENARIOS, interleave, times
from tracer.timeline.order import Event, before, next_hooks

COMMANDED = PROGRAMS / "commanded.py"
FOREVER = 1 << 62

bounded = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

few = settings(bounded, max_examples=10)


def legal(timeline: Any, t: int, context: int | None = None) -> list[str]:
    """The hooks that may be entered next: `T1 handle`."""
    found = next_hooks(timeline, t, context).legal
    return [called(timeline, place.context, place.span) for place in found]


def called(timeline: Any, context: int, span: int) -> str:
    one = timeline.contexts[context]
    return f"{timeline.label(one)} {timeline.carried.hook(one, span)}"


def undecided(timeline: Any, t: int, context: int | None = None) -> list[str]:
    return [timeline.label(timeline.contexts[one]) for one in next_hooks(timeline, t, context).undecided]


def event(timeline: Any, name: str, nth: int = 1) -> Event:
    """The event that a name means: `begin T1 handle`, `end main fork`."""
    when, wanted = name.split(" ", 1)
    for context in timeline.ordered.items:
        spans = [span for span in range(context.spans) if called(timeline, context.id, span) == wanted]
        if spans:
            one = timeline.spans.span(context, spans[nth - 1])
            return Event(one.begin if when == "begin" else one.end, context.id, one.number, when == "end")
    raise AssertionError(f"there is no {wanted}")


def started(recording: Any, by: Any, tid: int) -> Any:
    """A thread that the framework starts. It has entered Thread.run; its starter has not come back from Thread.start."""
    by.enter("Thread.start", "threading", context=recording.next_id())
    thread = recording.thread(by, tid)
    thread.enter("Thread.run", "threading")
    return thread


# ---- made by hand


def two_threads(recording: Any) -> tuple[Any, Any, Any]:
    """A loop that has started two threads, and waits for more."""
    main = recording.process(100)
    threads = []
    for tid in (101, 102):
        threads.append(started(recording, main, tid))
        main.leave("Thread.start", "threading")
    main.enter("select", "select")
    return main, *threads


def test_the_next_entry_of_every_context_is_legal_whoever_was_first(new: Any) -> None:
    recording = new()
    main, first, second = two_threads(recording)
    t = recording.tick()
    second.do("handle", "Handler")
    second.do("finish", "Handler")
    main.leave("select", "select", ready=0)
    main.do("service_actions")
    first.do("handle", "Handler")
    timeline = recording.timeline
    assert legal(timeline, t) == ["T2 handle", "main service_actions", "T1 handle"]
    assert undecided(timeline, t) == []
    assert legal(timeline, t, second.id) == ["T2 handle"]
    found = next_hooks(timeline, t, main.id).legal
    assert [(place.t, place.context, place.span) for place in found] == [(event(timeline, "begin main service_actions").t, main.id, 3)]


def test_a_thread_begins_when_it_is_started_and_no_sooner(new: Any) -> None:
    """Started, it is not ordered with what its starter does then."""
    recording = new()
    main = recording.process(100)
    main.do("verify_request")
    sooner = recording.tick()
    main.enter("Thread.start", "threading", context=recording.next_id())
    starting = recording.tick()
    main.leave("Thread.start", "threading")
    main.do("service_actions")
    thread = recording.thread(main, 101)
    thread.do("Thread.run", "threading")
    timeline = recording.timeline
    assert legal(timeline, sooner) == ["main Thread.start"]
    assert legal(timeline, sooner, thread.id) == ["T1 Thread.run"]
    assert legal(timeline, starting) == ["main service_actions", "T1 Thread.run"]


def test_a_child_begins_when_it_is_forked_and_no_sooner(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("process_request")
    sooner = recording.tick()
    main.enter("fork", "os")
    child = main.fork(4122)
    child.enter("finish_request")
    forking = recording.tick()
    child.enter("handle", "Handler")
    main.leave("fork", "os", pid=4122)
    main.do("close_request")
    timeline = recording.timeline
    assert legal(timeline, sooner) == ["main fork"]
    assert legal(timeline, forking) == ["P4122 handle", "main close_request"]
    assert before(timeline, event(timeline, "begin main fork"), event(timeline, "begin P4122 finish_request"))
    assert not before(timeline, event(timeline, "end main fork"), event(timeline, "begin P4122 handle"))


def test_a_child_whose_fork_has_not_returned_comes_after_its_begin(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    sooner = recording.tick()
    main.enter("fork", "os")
    main.fork(4122).enter("finish_request")
    timeline = recording.timeline
    assert legal(timeline, sooner) == ["main fork"]


def test_who_joins_a_thread_goes_on_after_all_that_it_does(new: Any) -> None:
    recording = new()
    main, first, second = two_threads(recording)
    main.leave("select", "select", ready=0)
    main.enter("server_close", server=7)
    main.enter("Thread.join", "threading", context=first.id)
    t = recording.tick()
    first.do("handle", "Handler")
    later = recording.tick()
    first.leave("Thread.run", "threading")
    main.leave("Thread.join", "threading")
    main.enter("Thread.join", "threading", context=second.id)
    second.do("handle", "Handler")
    timeline = recording.timeline
    assert legal(timeline, t) == ["T1 handle", "T2 handle"]
    assert legal(timeline, t, main.id) == ["main Thread.join"]
    assert legal(timeline, later) == ["main Thread.join", "T2 handle"]
    assert before(timeline, event(timeline, "end T1 handle"), event(timeline, "end main Thread.join"))
    assert before(timeline, event(timeline, "begin T1 handle"), event(timeline, "begin main Thread.join", 2))
    assert not before(timeline, event(timeline, "begin T1 handle"), event(timeline, "begin main Thread.join"))
    assert not before(timeline, event(timeline, "begin T2 handle"), event(timeline, "end main Thread.join"))


@pytest.mark.parametrize("how", ["timeout", "raised"])
def test_a_join_that_the_thread_outlives_orders_nothing(how: str, new: Any) -> None:
    recording = new()
    main, first, _ = two_threads(recording)
    main.leave("select", "select", ready=0)
    main.enter("Thread.join", "threading", context=first.id)
    t = recording.tick()
    first.do("handle", "Handler")
    if how == "timeout":
        main.leave("Thread.join", "threading")
        first.leave("Thread.run", "threading")
    else:
        first.leave("Thread.run", "threading")
        main.fail("Thread.join", "KeyboardInterrupt", "threading")
    main.do("shutdown")
    assert legal(recording.timeline, t) == ["T1 handle", "main shutdown"]


def test_order_is_handed_on_through_those_who_do_nothing_more(new: Any) -> None:
    """Main joins a thread that joins another: only what the other does comes first."""
    recording = new()
    main, first, second = two_threads(recording)
    main.leave("select", "select", ready=0)
    first.enter("Thread.join", "threading", context=second.id)
    main.enter("Thread.join", "threading", context=first.id)
    t = recording.tick()
    second.do("handle", "Handler")
    later = recording.tick()
    for one, ended in ((first, second), (main, first)):
        ended.leave("Thread.run", "threading")
        one.leave("Thread.join", "threading")
    main.do("server_close")
    timeline = recording.timeline
    assert legal(timeline, t) == ["T2 handle"]
    assert legal(timeline, later) == ["main server_close"]
    assert before(timeline, event(timeline, "begin T2 handle"), event(timeline, "begin main server_close"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [({"pid": 4122, "status": 0}, ["P4122 finish"]), ({"pid": 0, "status": 0}, ["P4122 finish", "main service_actions"])],
)
def test_who_finds_a_child_goes_on_after_all_that_it_does(found: dict[str, int], expected: list[str], new: Any) -> None:
    """A waitpid that finds nobody has waited for nobody."""
    recording = new()
    main = recording.process(100)
    main.enter("fork", "os")
    child = main.fork(4122)
    child.enter("handle", "Handler")
    main.leave("fork", "os", pid=4122)
    main.enter("waitpid", "os", pid=4122, options=0)
    t = recording.tick()
    child.do("finish", "Handler")
    child.enter("_exit", "os", status=0)
    main.leave("waitpid", "os", **found)
    main.do("service_actions")
    assert legal(recording.timeline, t) == expected


def test_what_a_childs_threads_do_comes_before_it_is_found(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("fork", "os")
    child = main.fork(4122)
    child.enter("handle", "Handler")
    beside = recording.thread(child, 4123)
    beside.enter("setup", "Handler")
    main.leave("fork", "os", pid=4122)
    main.enter("waitpid", "os", pid=-1, options=0)
    t = recording.tick()
    beside.do("finish", "Handler")
    recording.exit(child, 9)
    main.leave("waitpid", "os", pid=4122, status=9)
    main.do("service_actions")
    assert legal(recording.timeline, t) == ["T1 finish"]


def test_of_a_thread_that_nobody_is_known_to_have_started_nobody_can_say_whether_it_was_there(new: Any) -> None:
    """A start that was going on when it appeared was another's. Once it has appeared, it is there."""
    recording = new()
    main = recording.process(100)
    t = recording.tick()
    main.enter("Thread.start", "threading", context=12345)
    own = recording.thread(main, 101)
    later = recording.tick()
    own.do("serve_forever", server=7)
    timeline = recording.timeline
    assert (legal(timeline, t), undecided(timeline, t)) == (["main Thread.start"], ["T1"])
    assert legal(timeline, t, own.id) == legal(timeline, later) == ["T1 serve_forever"]
    assert set(undecided(timeline, later)) == {"main"}, "and who was started is on his way"
    context = timeline.contexts[own.id]
    assert (context.upper.id, context.host) == (main.id, 0), "where it is shown"


@pytest.mark.parametrize("returned", [True, False])
def test_nor_was_it_born_in_a_fork_that_was_going_on(returned: bool, new: Any) -> None:
    recording = new()
    main = recording.process(100)
    t = recording.tick()
    main.enter("fork", "os")
    own = recording.thread(main, 101)
    own.do("serve_forever", server=7)
    if returned:
        main.leave("fork", "os", pid=4122)
    assert (legal(recording.timeline, t), undecided(recording.timeline, t)) == (["main fork"], ["T1"])


@pytest.mark.parametrize("around", ["handle", "fork"])
def test_a_child_that_the_program_forks_itself_has_no_order(around: str, new: Any) -> None:
    """Even if it does so, in a thread of its own, while the framework forks another."""
    recording = new()
    main = recording.process(100)
    t = recording.tick()
    main.enter(around)
    main.fork(4122).do("serve_forever", server=7)
    main.leave(around, pid=4123)
    assert (legal(recording.timeline, t), undecided(recording.timeline, t)) == ([f"main {around}"], ["P4122"])


def test_a_pid_may_be_anothers_later(new: Any) -> None:
    """The child that was found is over, not the one that has its number then."""
    recording = new()
    main = recording.process(100)
    main.fork(4122)
    main.enter("waitpid", "os", pid=4122, options=0)
    t = recording.tick()
    main.leave("waitpid", "os", pid=4122, status=0)
    main.fork(4122).do("handle", "Handler")
    main.do("service_actions")
    assert (legal(recording.timeline, t), undecided(recording.timeline, t)) == (["main service_actions"], ["P4122"])


def test_a_waitpid_that_finds_nobody_has_not_waited_for_contexts_of_no_pid(new: Any) -> None:
    """A context whose definition was lost has no pid, and 0 is none."""
    recording = new()
    main = recording.process(100)
    lost = recording.process(200)
    del recording.frames[-1]
    main.enter("waitpid", "os", pid=4122, options=1)
    t = recording.tick()
    lost.enter("handle", "Handler")
    main.leave("waitpid", "os", pid=0, status=0)
    main.do("service_actions")
    found = next_hooks(recording.timeline, t)
    assert (len(found.legal), found.undecided) == (1, (lost.id,))


@pytest.mark.parametrize("hook", ["fork", "Thread.start"])
def test_who_is_on_his_way_may_be_next_before_anything_of_him_is_recorded(hook: str, new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("process_request")
    sooner = recording.tick()
    main.enter(hook, **({"context": 12345} if hook == "Thread.start" else {}))
    t = recording.tick()
    main.leave(hook, **({"pid": 4122} if hook == "fork" else {}))
    main.do("close_request")
    timeline = recording.timeline
    assert (legal(timeline, sooner), undecided(timeline, sooner)) == ([f"main {hook}"], [])
    assert (legal(timeline, t), undecided(timeline, t)) == (["main close_request"], ["main"])


def test_who_was_found_dead_and_has_entered_nothing_is_not_next(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("fork", "os")
    main.leave("fork", "os", pid=4122)
    t = recording.tick()
    main.enter("waitpid", "os", pid=4122, options=0)
    assert undecided(recording.timeline, t) == ["main"]
    main.leave("waitpid", "os", pid=4122, status=9)
    assert undecided(recording.timeline, t) == []


def test_who_could_not_be_started_is_nobody(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("fork", "os")
    t = recording.tick()
    main.fail("fork", "BlockingIOError", "os")
    main.do("handle_error")
    assert (legal(recording.timeline, t), undecided(recording.timeline, t)) == (["main handle_error"], [])


def test_clients_are_no_part_of_the_program(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    client = recording.client(300)
    t = recording.tick()
    client.do("connect", "socket", address="127.0.0.1:50001")
    main.do("handle", "Handler")
    timeline = recording.timeline
    assert legal(timeline, t) == ["main handle"]
    assert next_hooks(timeline, t, client.id) == ((), ())
    assert before(timeline, event(timeline, "begin C1 connect"), event(timeline, "end C1 connect"))


def test_undecided_are_those_who_may_still_enter_a_hook(new: Any) -> None:
    """Not who has, who has ended, or who comes after what another has entered."""
    recording = new()
    main, first, second = two_threads(recording)
    t = recording.tick()
    assert legal(recording.timeline, t) == []
    assert undecided(recording.timeline, t) == ["main", "T1", "T2"]
    first.do("handle", "Handler")
    assert undecided(recording.timeline, t) == ["main", "T2"]
    assert undecided(recording.timeline, t, first.id) == []
    assert undecided(recording.timeline, t, second.id) == ["T2"]
    second.leave("Thread.run", "threading")
    assert undecided(recording.timeline, t) == ["main"]
    main.leave("select", "select", ready=0)
    started(recording, main, 103)
    assert undecided(recording.timeline, t) == [], "the third has entered something, and after main"
    recording.exit(main, 9)
    assert undecided(recording.timeline, recording.tick()) == []
    assert next_hooks(recording.timeline, t, 999) == ((), ())


def test_who_is_back_from_a_join_is_not_undecided_what_it_waited_for_came_first(new: Any) -> None:
    recording = new()
    main, first, second = two_threads(recording)
    main.leave("select", "select", ready=0)
    main.enter("Thread.join", "threading", context=first.id)
    t = recording.tick()
    first.do("handle", "Handler")
    second.do("handle", "Handler")
    first.leave("Thread.run", "threading")
    assert undecided(recording.timeline, t) == ["main"], "it may be interrupted"
    main.leave("Thread.join", "threading")
    assert undecided(recording.timeline, t) == []
    assert undecided(recording.timeline, t, main.id) == ["main"]


def test_events_of_one_context_are_in_the_order_of_its_program(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("finish_request")
    main.do("setup", "Handler")
    main.enter("handle", "Handler")
    main.leave("handle", "Handler")
    main.leave("finish_request")
    main.do("close_request")
    timeline = recording.timeline
    calls = [
        "begin finish_request",
        "begin setup",
        "end setup",
        "begin handle",
        "end handle",
        "end finish_request",
        "begin close_request",
    ]
    events = [Event(0, main.id, -1), *(event(timeline, call.replace(" ", " main ")) for call in calls)]
    assert [[before(timeline, a, b) for b in events] for a in events] == [[x < y for y in range(8)] for x in range(8)]
    assert not before(timeline, events[0], Event(events[-1].t, 999, 0))


# ---- made up at random, where every event is told what happened before it

drawn = st.lists(st.tuples(st.integers(0, MOST_ACTORS - 1), st.integers(0, 10)), min_size=35, max_size=50)


def test_what_was_known_when_it_happened_happened_before(new: Any) -> None:
    @bounded
    @given(drawn)
    def check(acts: list[tuple[int, int]]) -> None:
        play = Play(new(), acts)
        timeline = play.recording.timeline
        for b, past in play.past.items():
            assert {a for a in play.past if before(timeline, a, b)} == past

    check()


def test_legal_is_what_no_other_entry_happens_before(new: Any) -> None:
    @bounded
    @given(drawn)
    def check(acts: list[tuple[int, int]]) -> None:
        play = Play(new(), acts)
        timeline = play.recording.timeline
        for t in [0, *sorted(one.t for one in play.past)]:
            for of in (None, *play.actors):
                found = next_hooks(timeline, t, of.hand.id if of is not None else None)
                expected, open_ = play.next(t, of)
                assert ([Event(*place) for place in found.legal], set(found.undecided)) == (expected, open_)

    check()


# ---- whatever a recording is made of


def answers(timeline: Any, when: list[int]) -> object:
    """Everything that can be asked of the order of a recording; of its pairs of events, some."""
    events = []
    for context in timeline.ordered.items:
        for number in range(context.spans):
            span = timeline.spans.span(context, number)
            events.append(Event(span.begin, context.id, number))
            events.append(Event(span.end or FOREVER, context.id, number, end=True))
    return (
        {(t, one): next_hooks(timeline, t, one) for t in when for one in (None, *timeline.contexts)},
        {(a, b) for a in events[::3] for b in events[1::3] if before(timeline, a, b)},
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_any_interleaving_of_the_frames_gives_the_same_order(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)
    expected = answers(recording.timeline, when)

    @few
    @given(st.data())
    def check(data: st.DataObject) -> None:
        assert answers(tools.load(b"".join(interleave(recording.frames, data.draw))), when) == expected

    check()


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_damaged_can_be_asked(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)

    @few
    @given(st.lists(st.tuples(st.integers(0, len(recording.data) - 1), st.integers(1, 255)), min_size=1, max_size=6))
    def check(flips: list[tuple[int, int]]) -> None:
        damaged = bytearray(recording.data)
        for place, bits in flips:
            damaged[place] ^= bits
        answers(tools.load(bytes(damaged)), when)

    check()
    for missing in range(0, len(recording.frames), 3):
        answers(tools.load(b"".join(one for place, (_, one) in enumerate(recording.frames) if place != missing)), when)


# ---- real servers, whose contexts are held until the test has forced who goes on first

SERVERS = {"ThreadingTCPServer": "thread", "ForkingTCPServer": "child"}
ORDERS = [("main", "1", "2"), ("2", "1", "main"), ("1", "2", "main")]


def names(server: Any, kind: str, timeline: Any, t: int) -> set[str]:
    """The hooks that may be entered next, and whose: in the words of the gate."""
    labels = {f"P{server.pids[name]}" if kind == "child" else f"T{name[-1]}": name for name in server.pids if name.startswith(kind)}
    return {" ".join((labels.get(who, who), hook)) for who, hook in map(str.split, legal(timeline, t))}


def two_in_handle(server: Any, kind: str) -> list[Any]:
    """Two clients, whose handlers are held before handle."""
    address = server.address()
    server.hold("before handle")
    clients = []
    for held in (["1"], ["1", "2"]):
        clients.append(asking(address, "hello"))
        server.until(**{f"{kind}_{name}": "before handle Commanded" for name in held})
    return clients


def go_on(server: Any, kind: str, name: str, clients: list[Any]) -> None:
    """One goes on, until its client has its whole reply."""
    server.release(f"{kind} {name}")
    with clients[int(name) - 1] as client:
        assert rest(client).endswith("hello")


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("name", SERVERS)
def test_whoever_goes_on_first_all_that_could_have_were_legal(name: str, order: tuple[str, ...], gated: Any) -> None:
    kind = SERVERS[name]
    with gated(COMMANDED, "tracer.socketserver", name) as server:
        clients = two_in_handle(server, kind)
        server.hold("before select", once=True)
        server.wait(lambda: "main" in server.held)
        stop = max(t for (t,) in server.told("held", "t"))
        still = server.timeline()
        assert (legal(still, stop), len(next_hooks(still, stop).undecided)) == ([], 3)
        for who in order:
            if who != "main":
                go_on(server, kind, who, clients)
                continue
            assert server.step("main").startswith("after select")
            assert server.step("main").startswith("before service_actions")
            server.release("main")
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    assert names(server, kind, timeline, stop) == {"main service_actions", f"{kind} 1 finish", f"{kind} 2 finish"}
    assert undecided(timeline, stop) == []


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")], ids=" ".join)
@pytest.mark.parametrize(
    ("name", "mix_in", "wait"),
    [("ThreadingTCPServer", "ThreadingMixIn", "Thread.join"), ("ForkingTCPServer", "ForkingMixIn", "waitpid")],
)
def test_who_waits_for_another_in_server_close_is_not_next(
    name: str, mix_in: str, wait: str, order: tuple[str, ...], gated: Any
) -> None:
    """It is to wait for both: whichever has gone on first, its second wait comes after all that the first waited for."""
    kind = SERVERS[name]
    with gated(COMMANDED, "tracer.socketserver", name) as server:
        clients = two_in_handle(server, kind)
        server.hold(f"before server_close & owner:{mix_in}", once=True)
        server.signal(signal.SIGALRM)
        server.wait(lambda: "main" in server.held)
        server.hold(f"before {wait}", once=True)
        assert server.step("main", "run").startswith(f"before {wait}")
        stop = max(t for (t,) in server.told("held", "t"))
        server.release("main")
        for who in order:
            go_on(server, kind, who, clients)
        assert server.end() == (0, "")
    timeline = server.timeline()
    assert names(server, kind, timeline, stop) == {f"{kind} 1 finish", f"{kind} 2 finish"}
    assert legal(timeline, stop, timeline.ordered.items[0].id) == [f"main {wait}"]


def test_what_a_pool_does_is_ordered_with_nothing_before_it_appears(launch: Any) -> None:
    """Its workers are threads of the program's own: nobody is known to have started them."""
    with launch(PROGRAMS / "pool.py", "tracer.socketserver", "TCPServer", "process_request_thread") as server:
        address = server.address()
        clients = [threading.Thread(target=ask, args=(address,)) for _ in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    start = event(timeline, "begin main serve_forever")
    workers = {f"T{number} process_request_thread" for number in range(1, 5)}
    assert legal(timeline, start.t) == ["main fileno"]
    assert undecided(timeline, start.t) == ["T1", "T2", "T3", "T4"]
    threads = [one.id for one in timeline.ordered.items if one.kind == "thread"]
    own = [next_hooks(timeline, start.t, one).legal[0] for one in threads]
    assert {called(timeline, place.context, place.span) for place in own} == workers
    assert not any(before(timeline, start, event(timeline, f"begin {worker}")) for worker in workers)
    answers(timeline, list(range(start.t, timeline.newest, (timeline.newest - start.t) // 20)))
