"""From a file to views: live, ended, frozen; with a clock of our own."""

import pytest

from tests.timeline.conftest import Recording
from tests.tui.kit import Clock, press, shoot
from tests.tui.made import saved
from tests.tui.scenes import NOW, changed, forking
from tracer.kernel.queues import CLOSED
from tracer.probe.frames import ENTER, EVENTS, RETURN, column, fact, frame, identity, payload, text, word
from tracer.recording.follow import NotARecording
from tracer.tui.controls import Controls
from tracer.tui.feed import CALM, Feed

S = 1_000_000_000
MAIN = 77


def code(hook, owner):
    return identity("test", hook, owner)


def definition(hook, owner, module="tracer.socketserver.base", framework=True):
    fields = {"hook": hook, "owner": owner, "module": module, "file": "/x.py", "line": 1, "framework": framework}
    return fact(MAIN, type="code", id=code(hook, owner), **fields)


def start():
    """A server in its first select, after one refused connection."""
    server = 55
    serve, select = code("serve_forever", "BaseServer"), code("select", "PollSelector")
    turn, get, verify = code("_handle_request_noblock", "BaseServer"), code("get_request", "TCPServer"), code("verify_request", "No")
    mro = ["x.No", "tracer.socketserver.stream.TCPServer", "tracer.socketserver.base.BaseServer"]
    facts = [
        fact(0, type="header", version=1, python="3.12", platform="linux", program=["x.py"], monotonic_ns=0),
        definition("serve_forever", "BaseServer"),
        definition("process_request", "BaseServer"),
        definition("select", "PollSelector", "selectors"),
        definition("_handle_request_noblock", "BaseServer"),
        definition("get_request", "TCPServer"),
        definition("verify_request", "No", "x", False),
        fact(
            MAIN, type="context", id=MAIN, process=MAIN, pid=4100, tid=4100, ppid=1, born=5, kind="process", cause="start",
            name="MainThread", parent=0, t=S // 10,
        ),
        fact(
            MAIN, type="server", id=server, process=MAIN, pid=4100, t=S // 5, descriptor=3, inode=1, address="127.0.0.1:80",
            family="inet", kind="stream", module="x", handler="x.H", settings={}, mro=mro, **{"class": "No"},
        ),
    ]  # fmt: skip
    events = [
        0,
        word(serve, ENTER), S, payload("server"), server,
        word(select, ENTER), S + 1000, word(select, RETURN), 2 * S, payload("ready"), 1,
        word(turn, ENTER), 2 * S + 1000,
        word(get, ENTER), 2 * S + 2000, word(get, RETURN), 2 * S + 9000, payload("descriptor"), 6, *text("peer", "10.0.0.9:4242"),
        word(verify, ENTER), 2 * S + 10_000, word(verify, RETURN), 2 * S + 12_000, payload("truth"), 0,
        word(turn, RETURN), 2 * S + 40_000,
        word(select, ENTER), 2 * S + 50_000,
    ]  # fmt: skip
    return b"".join(facts) + frame(EVENTS, MAIN, column(events)), (len(events) - 1) // 2


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "x.tracer"
    path.write_bytes(start()[0])
    return path


def grow(path, *facts):
    with path.open("ab") as file:
        file.write(b"".join(facts))


def test_a_live_picture(recording, open_feed):
    """A server in its first select, after one refused connection."""
    found = shoot(feed=open_feed(recording, "demo refusing", follow=True, clock=Clock(5 * S)))
    assert found[0].startswith(" tracer  demo refusing · No 127.0.0.1:80 ")
    assert "● LIVE   10 events · 1 connection · 0 records lost" in found[0]
    assert found[1].startswith(" loop main  ▶select ▸ get_request ▸ ⊘verify_request ▸ –process_request ")
    lines = [" ".join(line[1:74].split()) for line in found[3:10]]
    assert lines == [
        "the recording begins here",
        "main serve_forever 127.0.0.1:80 ▸ 4.0 s BaseServer",
        "select 1 ready 1.00 s PollSelector",
        "_handle_request_noblock #1 39.0 µs BaseServer",
        "get_request 10.0.0.9:4242 #1 7.00 µs TCPServer",
        "verify_request ⊘ False: refused #1 2.00 µs No",
        "main select ▶ 2.9 s PollSelector",
    ]


def test_a_followed_recording_that_has_ended_already(recording, open_feed):
    grow(recording, fact(0, type="end", t=9 * S))
    feed = open_feed(recording, follow=True, clock=Clock(99 * S))
    view = feed.tick()
    assert (view.mode, view.now) == ("ended", 9 * S)
    assert feed.tick() is None


def test_a_run_that_ends_while_it_is_followed(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    assert (feed.tick().mode, feed.tick()) == ("live", None)
    grow(recording, fact(0, type="end", t=9 * S))
    view = feed.tick()
    assert (view.mode, view.now, view.finished, view.abandoned) == ("ended", 9 * S, True, False)


@pytest.fixture
def supervised(tmp_path):
    path = tmp_path / "supervised.tracer"
    header = fact(
        0, type="header", version=1, python="3.12", platform="linux", program=["x.py"], monotonic_ns=0,
        supervisor={"pid": 12, "born": 34},
    )  # fmt: skip
    path.write_bytes(header + start()[0])
    return path


def test_a_supervisor_that_is_gone_ends_the_run(supervised, open_feed):
    clock, asked, answers = Clock(5 * S), [], [True, False]

    def alive(pid, born):
        asked.append((clock.t, pid, born))
        return answers.pop(0)

    feed = open_feed(supervised, follow=True, clock=clock, alive=alive)
    view = feed.tick()
    assert view.mode == "live"
    for _ in range(70):
        clock.t += S // 10
        view = feed.tick() or view
    assert asked == [(8 * S, 12, 34), (11 * S, 12, 34)], "asked only in silence, and no more once it is known"
    assert (view.mode, view.abandoned, view.finished) == ("ended", True, True)
    assert view.now == view.newest == 2 * S + 50_000
    grow(supervised, fact(0, type="sample", begin=12 * S, end=12 * S, queues=[], processes=[]))
    assert feed.tick().now == 12 * S, "what outlives the supervisor is still shown"


def test_while_something_is_said_nobody_asks(supervised, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(supervised, follow=True, clock=clock, alive=lambda pid, born: False)
    for second in range(6, 20):
        clock.t = second * S
        grow(supervised, fact(0, type="sample", begin=clock.t, end=clock.t, queues=[], processes=[]))
        assert feed.tick().mode == "live"


def test_a_recording_that_names_no_supervisor_stays_live(recording, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock, alive=lambda pid, born: False)
    feed.tick()
    clock.t += 60 * S
    assert feed.tick().mode == "live"


def test_without_follow_nothing_ticks(recording, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(recording, clock=clock)
    assert feed.tick().mode == "replay"
    clock.t += S
    assert feed.tick() is None


def test_live_ticks_ten_times_a_second_and_reads_what_is_new(recording, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock)
    first = feed.tick()
    assert feed.tick() is None
    clock.t += S // 10
    second = feed.tick()
    assert second.now == first.now + S // 10
    assert second.moment is first.moment
    grow(recording, fact(0, type="sample", begin=5 * S, end=5 * S, queues=[{"server": 55, "depth": 4, "limit": 5}], processes=[]))
    third = feed.tick()
    assert third.server.queue.depth == 4
    assert third.peak == (4, 5 * S)


def test_where_nobody_comes_a_picture_now_and_then_is_enough(tmp_path, open_feed):
    """What is more than an idle turn is seen at once, and so is all that a replay has."""
    made = Recording()
    main = made.process(100)
    made.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    path = saved(made, tmp_path)
    clock = Clock(5 * S)
    live, replay = open_feed(path, follow=True, clock=clock), open_feed(path, clock=clock)
    assert (live.tick().now, replay.tick().now) == (5 * S, made.now)
    asked = fact(0, type="sample", begin=6 * S, end=6 * S, queues=[], processes=[])
    clock.t = 5 * S + CALM - 1
    grow(path, asked)
    assert (live.tick(), replay.tick().now) == (None, 6 * S)
    clock.t += 1
    assert live.tick().now == 5 * S + CALM
    grow(path, fact(0, type="pace", interval=S, t=6 * S))
    assert live.tick().moment.pace == S


def test_freeze_stops_the_picture_and_not_the_reading(recording, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock)
    first = feed.tick()
    assert feed.freeze()
    assert feed.tick().mode == "frozen"
    assert feed.tick() is None
    clock.t += 3 * S
    grow(recording, fact(0, type="sample", begin=7 * S, end=7 * S, queues=[{"server": 55, "depth": 4, "limit": 5}], processes=[]))
    frozen = feed.tick()
    assert (frozen.mode, frozen.behind, frozen.now) == ("frozen", 3 * S, first.now)
    assert frozen.moment == first.moment
    assert not feed.freeze()
    after = feed.tick()
    assert (after.mode, after.now) == ("live", 8 * S)
    assert after.server.queue.depth == 4


def test_space_freezes_and_the_header_says_so(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    assert "■ FROZEN 0.0 s behind" in shoot(feed=feed, steps=(press("space"),))[0]


# ---- output


def output(t, text):
    return fact(0, type="output", t=t, text=text)


def written(view):
    return [view.output[number].text for number in range(view.output.first, view.output.end)]


def test_without_output_there_is_none(recording, open_feed):
    assert open_feed(recording, clock=Clock(5 * S)).tick().output is None


def test_output_comes_in_pieces(recording, open_feed):
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock)
    feed.tick()
    grow(recording, output(5 * S, "first\r\n\x1b[3"), output(5 * S, "1msec"))
    assert written(feed.tick()) == ["first", "sec"]
    grow(recording, output(6 * S, "ond\r\n"))
    assert written(feed.tick()) == ["first", "second"]


def test_frozen_output_is_that_of_the_frozen_moment(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    grow(recording, output(3 * S, "before\r\n"))
    feed.tick()
    feed.freeze()
    grow(recording, output(6 * S, "\rbe" + "after\r\n" * 3000))
    assert written(feed.tick()) == ["before"]
    feed.freeze()
    assert len(feed.tick().output) == 3001


def test_output_of_a_replay_is_all_there(recording, open_feed):
    grow(recording, output(3 * S, "one\r\n"), output(4 * S, "two"), fact(0, type="end", t=9 * S))
    view = open_feed(recording).tick()
    assert (view.mode, written(view)) == ("replay", ["one", "two"])


def test_output_beyond_its_share_of_the_recording(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    grow(recording, output(3 * S, "one\r\n\x1b[3"), fact(0, type="output_limit", t=4 * S, kept=128_000_000, dropped=0))
    words = "… the program's output beyond 128 MB is not recorded"
    assert written(feed.tick()) == ["one", words]
    grow(recording, fact(0, type="output_limit", t=8 * S, kept=128_000_000, dropped=12_345))
    assert written(feed.tick()) == ["one", f"{words}: 12,345 characters"]


# ---- the limit


def test_nothing_is_shown_as_of_later_than_the_limit(recording, open_feed):
    """The program runs on, and can be typed to; the picture stands where the recording was full."""
    clock = Clock(5 * S)
    feed = open_feed(recording, "demo refusing", follow=True, clock=clock)
    assert feed.tick().mode == "live"
    grow(recording, fact(0, type="limit", t=7 * S))
    clock.t = 40 * S
    view = feed.tick()
    assert {view.now, view.moment.t, view.limited} == {7 * S}
    assert (view.mode, view.finished, view.over) == ("ended", True, False)
    header = shoot(view)[0]
    assert "■ limit reached at 00:07: recorded no further" in header
    assert "LIVE" not in header
    clock.t = 50 * S
    assert feed.tick() is None
    feed.freeze()
    assert feed.tick().behind == 0
    feed.freeze()
    grow(recording, fact(0, type="exit", pid=4100, status=0, t=60 * S), fact(0, type="end", t=60 * S, alive=[]))
    view = feed.tick()
    assert (view.mode, view.now, view.over) == ("ended", 7 * S, True)
    assert [row.outcome for row in view.rows if row.hook == "serve_forever"] == ["open"], "as it was then"


def test_a_replay_of_a_full_recording(recording, open_feed):
    grow(recording, fact(0, type="limit", t=7 * S), fact(0, type="end", t=60 * S))
    view = open_feed(recording).tick()
    assert (view.mode, view.now) == ("replay", 7 * S)
    assert "REPLAY, limit reached at 00:07: recorded no further" in shoot(view)[0]


def test_a_program_that_is_recorded_no_further_can_be_typed_to():
    typed = []
    full = changed(forking(), mode="ended", finished=True, limited=NOW)
    shoot(full, steps=(press("i", "x", "enter"),), controls=Controls(type=typed.append))
    assert typed == ["x\n"]


# ---- several servers


def two_servers():
    """One in the main thread, which has no loop, and one in a thread of the same process, whose loop runs there."""
    thread = 78
    serve, select = code("serve_forever", "BaseServer"), code("select", "PollSelector")
    second = fact(
        thread, type="server", id=56, process=MAIN, pid=4100, t=S // 4, descriptor=4, inode=2, address="127.0.0.1:81",
        family="inet", kind="stream", module="x", handler="x.H", settings={"timeout": 3}, mro=["x.Yes"], **{"class": "Yes"},
    )  # fmt: skip
    born = fact(
        thread, type="context", id=thread, process=MAIN, pid=4100, tid=4101, ppid=1, born=0, kind="thread", cause="thread",
        name="web", parent=MAIN, t=S // 3,
    )  # fmt: skip
    events = [0, word(serve, ENTER), 3 * S, payload("server"), 56, word(select, ENTER), 3 * S + 1000]
    return second + born + frame(EVENTS, thread, column(events))


def sample(t, **depths):
    gone = {"depth": CLOSED.why}
    queues = [
        {"server": int(name[1:]), "depth": depth, "limit": 5, "why": gone if depth is None else {}} for name, depth in depths.items()
    ]
    return fact(0, type="sample", begin=t, end=t, queues=queues, processes=[])


def test_each_server_has_its_own_loop(recording, open_feed):
    grow(recording, two_servers())
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    view = feed.tick()
    assert [one.server for one in view.moment.servers] == [55, 56]
    assert view.loops == {55: MAIN, 56: 78}
    assert (view.server.server, view.loop.label) == (55, "main")
    feed.next_server()
    view = feed.tick()
    assert (view.place, view.server.server, view.loop.label) == (2, 56, "T1")
    feed.next_server()
    assert feed.tick().server.server == 55


def test_the_choice_stays_when_the_server_is_closed(recording, open_feed):
    grow(recording, two_servers(), sample(4 * S, s55=0, s56=0))
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock)
    feed.tick()
    feed.next_server()
    assert feed.tick().closed == frozenset()
    grow(recording, sample(6 * S, s55=0, s56=None))
    view = feed.tick()
    assert (view.server.server, view.closed) == (56, frozenset({56}))
    grow(recording, sample(7 * S, s55=0))  # told once: later samples do not mention it
    view = feed.tick()
    assert (view.server.server, view.closed) == (56, frozenset({56}))
    assert "server 2 of 2: Yes 127.0.0.1:81, closed" in shoot(view, size=(160, 36))[0]


def test_a_socket_that_was_never_seen_is_not_called_closed(recording, open_feed):
    grow(recording, sample(4 * S, s55=None))
    view = open_feed(recording, follow=True, clock=Clock(5 * S)).tick()
    assert view.closed == frozenset()
    assert "No 127.0.0.1:80, not seen listening" in shoot(view, size=(160, 36))[0]


def test_the_server_can_be_changed_while_the_picture_is_frozen(recording, open_feed):
    grow(recording, two_servers(), sample(4 * S, s55=1, s56=3))
    clock = Clock(5 * S)
    feed = open_feed(recording, follow=True, clock=clock)
    before = feed.tick()
    feed.freeze()
    feed.tick()
    clock.t += S
    grow(recording, sample(6 * S, s55=5, s56=5))
    feed.next_server()
    frozen = feed.tick()
    assert (frozen.mode, frozen.server.server, frozen.peak) == ("frozen", 56, (3, 4 * S))
    assert frozen.moment == before.moment
    feed.freeze()
    assert feed.tick().peak == (5, 6 * S)


def test_where_there_is_one_server_there_is_no_next(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    feed.next_server()
    feed.tick()
    feed.next_server()
    assert feed.tick() is None


def test_a_run_that_ends_while_the_picture_is_frozen(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    feed.tick()
    feed.freeze()
    assert not feed.tick().over
    grow(recording, fact(0, type="end", t=5 * S))
    view = feed.tick()
    assert (view.mode, view.over, view.finished) == ("frozen", True, False)


# ---- held


def test_who_is_held_stands_in_the_view(recording, open_feed):
    """At its row, in the mode and in Held; and it ticks on while nothing new is read."""
    clock = Clock(5 * S)
    feed = open_feed(recording, "demo refusing", follow=True, clock=clock)
    begin = 2 * S + 50_000
    grow(
        recording,
        fact(0, type="hold", id=1, filter="before select", once=False, t=2 * S),
        fact(0, type="held", context=MAIN, hook="select", when="before", hold=1, step="", t=begin),
        fact(0, type="unasked", stops=3, t=begin),
    )
    view = feed.tick()
    assert (view.look, view.rows[0].held, view.unasked) == ("held", 3 * S - 50_000, 3)
    assert feed.tick() is None
    clock.t += S
    found = shoot(feed=feed)
    assert "‖ 3.9 s ▸ 5.0 s" in " ".join("".join(found).split())
    assert " ‖ HELD 1 " in found[0]
    assert any("select  ‖ held before it" in line and "‖ 3.9 s" in line for line in found)
    assert any("‖ main         before select          3.9 s" in line for line in found)
    assert any("hold 1  before select" in line for line in found)


def test_what_was_held_in_a_replay(recording, open_feed):
    grow(
        recording,
        fact(0, type="held", context=MAIN, hook="select", when="before", hold=0, step="over", t=2 * S + 50_000),
        fact(0, type="pace", interval=S // 2, t=3 * S),
    )
    view = open_feed(recording).tick()
    assert (view.mode, view.look, view.moment.pace, [one.why for one in view.stopped]) == ("replay", "replay", S // 2, ["step"])


def test_the_programs_own_hooks(recording, open_feed):
    feed = open_feed(recording, follow=True, clock=Clock(5 * S))
    assert feed.tick().own == frozenset()
    grow(recording, definition("Router.dispatch", "Router", "x", False), definition("Thread.start", "Thread", "threading"))
    assert feed.tick().own == {"Router.dispatch"}


def test_no_recording(tmp_path):
    with pytest.raises(NotARecording):
        Feed(tmp_path / "none.tracer")
