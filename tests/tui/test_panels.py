"""What each small panel says in the cases that matter."""

import pytest
from rich.cells import cell_len

from tests.tui.kit import shoot
from tests.tui.scenes import (
    CHILD,
    FORKING,
    LOOP,
    MAIN,
    MS,
    NOW,
    US,
    WORKER,
    S,
    changed,
    child,
    connection,
    context,
    forking,
    held,
    process,
    queue,
    server,
    span,
    synchronous,
    threading,
    view,
    with_held,
)
from tracer.timeline.course import Course, Passed
from tracer.timeline.moment import HandlerThread, Thread
from tracer.tui.panels.children import ChildrenPanel
from tracer.tui.panels.connections import ConnectionsPanel
from tracer.tui.panels.panel import Panel
from tracer.tui.panels.queue import QueuePanel, _levels
from tracer.tui.panels.rail import Rail
from tracer.tui.panels.threads import ThreadsPanel


def lines_of(found, title):
    """The lines of one panel of the right column of a screen."""
    start = next(number for number, line in enumerate(found) if f" {title}" in line and "╭" in line)
    end = next(number for number in range(start, len(found)) if found[number].rstrip().endswith("╯"))
    return [found[start].rpartition("╭")[2], *(line.rsplit("│", 2)[1].rstrip() for line in found[start + 1 : end])]


def drawn(panel, shown, width=43, height=40):
    """What the panel draws of a view, without a screen: its title, then its lines."""
    panel.set_reactive(Panel.view, shown)
    lines = ["".join(segment.text for segment in line) for line in panel.draw(shown, width, height)]
    assert all(cell_len(line) <= width for line in lines)
    return [panel.title(shown), *(line.rstrip() for line in lines)]


def queue_lines(**fields):
    return drawn(QueuePanel(), view(server(*FORKING, queue=queue(**fields))))


def children_lines(*children, **fields):
    contexts = fields.pop("contexts", (context(MAIN, "main", LOOP, span("select", S)),))
    watched = server(*FORKING, queue=queue(), settings=fields.pop("settings", {}))
    width = fields.pop("width", 43)
    return drawn(ChildrenPanel(), view(watched, contexts, (), (process(*children, **fields),)), width)


# ---- queue


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "▯▯▯▯▯(▯) 0 waiting, limit 5 + 1"),
        ({"depth": 3}, "▮▮▮▯▯(▯) 3 waiting, limit 5 + 1"),
        ({"depth": 6}, "▮▮▮▮▮(▮) 6 waiting, limit 5 + 1: full"),
        ({"depth": 1, "limit": 128}, "▮▯▯▯▯▯▯▯▯▯ 1 waiting, limit 128 + 1"),
        ({"depth": 129, "limit": 128}, "▮▮▮▮▮▮▮▮▮▮ 129 waiting, limit 128 + 1: full"),
        ({"depth": None, "bytes": 4992}, "4,992 bytes held by datagrams that wait"),
        ({"depth": None, "why": {"depth": "no sock_diag"}}, "waiting n/a (no sock_diag)"),
        ({"depth": None}, "waiting n/a (the sample does not say)"),
    ],
)
def test_queue(fields, line):
    assert queue_lines(**fields)[1] == line


def test_queue_drops_and_age():
    lines = queue_lines(drops=4, end=NOW - 3 * S)
    assert lines[0] == "Queue ─ to be accepted"
    assert lines[2:4] == ["4 SYNs dropped (clients try again)", "kernel asked 3.0 s ago"]
    assert queue_lines(drops=None, why={"drops": "not counted"})[2] == "dropped n/a (not counted)"


def test_dropped_datagrams_do_not_come_again():
    shown = view(server("UDPServer", "TCPServer", "BaseServer", kind="datagram", queue=queue(depth=None, bytes=9, drops=1)))
    lines = drawn(QueuePanel(), shown)
    assert "to be received" in lines[0]
    assert lines[2] == "1 datagram dropped"


def test_a_finished_recording_has_times_and_no_ages():
    finished = changed(forking(), mode="ended", finished=True)
    found = [drawn(panel(), finished) for panel in (QueuePanel, ChildrenPanel, ThreadsPanel)]
    assert found[0][3] == "kernel asked at 00:30.6 · peak 3 at 00:18"
    assert found[1][1] == "at 00:30.6: server believes 2 · kernel 2"
    assert not any(" ago" in line for lines in found for line in lines)


UNIX = "a Unix socket drops nothing: whoever sends or connects waits, or gets EAGAIN"


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (100, 30)], ids=str)
def test_what_wraps_is_not_cut(size):
    unix = server("UnixStreamServer", "TCPServer", "BaseServer", family="unix", queue=queue(drops=None, why={"drops": UNIX}))
    shown = view(unix, (context(MAIN, "main", LOOP),), processes=(process(),), peak=(3, 18 * S))
    found = lines_of(shoot(shown, size=size), "Queue") if size[0] > 80 else shoot(shown, size=size)
    text = " ".join(part.strip(" │") for part in found)
    assert UNIX + ")" in text
    assert "kernel asked 0.4 s ago · peak 3 at 00:18" in text


def test_queue_without_a_sample():
    assert drawn(QueuePanel(), view(server(*FORKING)))[1] == "n/a (no sample yet)"


def test_the_queues_history_and_the_time_that_it_covers():
    depths = [0, 0, 3, 6, 6, 1, 0]
    history = tuple(queue(depth=depth, end=NOW - (8 - place) * S) for place, depth in enumerate(depths))
    shown = view(server(*FORKING, queue=history[-1], history=history), peak=(6, NOW - 5 * S))
    lines = drawn(QueuePanel(), shown, 35)
    assert lines[2:] == ["▁▁▅████▃ last 6 s · peak 6 at 00:26", "0 SYNs dropped", "kernel asked 2.0 s ago"]
    assert len(drawn(QueuePanel(), view(server(*FORKING, queue=history[0], history=history[:1])))) == 4, "one sample is no history"


def test_what_a_level_says():
    assert _levels([(0, 0), (10, 6)], 6, 2) == "▁█"
    assert _levels([(0, 1), (10, 1)], 129, 4) == "▂▂▂▂", "one that waits is seen, however many may"
    assert _levels([(0, 0), (4, 5), (5, 0), (10, 0)], 5, 5) == "▁██▁▁"


def test_bytes_of_datagrams_have_a_limit():
    lines = queue_lines(depth=None, limit=None, bytes=106_496, bytes_limit=212_992)
    assert lines[1] == "▮▮▮▮▮▯▯▯▯▯ 106,496 of 212,992 bytes wait"


def test_the_next_unix_datagram():
    only = "of a Unix datagram socket only the next datagram's size is shown"
    lines = queue_lines(depth=None, limit=None, drops=None, next_bytes=42, why={"depth": only, "drops": UNIX})
    assert lines[1:4] == [
        "next datagram: 42 bytes",
        "waiting n/a (of a Unix datagram socket only",
        "the next datagram's size is shown)",
    ]
    assert queue_lines(depth=None, next_bytes=0, why={"depth": only})[1] == "no datagram waits, or an empty one"


# ---- children


def test_how_many_children_there_may_be():
    settings = {"max_children": 40}
    assert children_lines(child(4121), child(4122), settings=settings)[2] == "▮▯▯▯▯▯▯▯▯▯ 2 of 40 (max_children)"
    assert children_lines(child(4121), settings={"max_children": 1})[2] == "▮▮▮▮▮▮▮▮▮▮ 1 of 1 (max_children): full"
    assert children_lines(settings=settings)[2] == "none now"


def test_who_reaped_a_child_and_how_it_had_ended():
    killed = child(4119, 5, None, signal=9, reaped=NOW - 3 * S, reaped_by="collect_children in service_actions")
    done = child(4120, 6, None, exit=0, reaped=NOW - 2 * S, reaped_by="collect_children in service_actions")
    lines = children_lines(child(4121, 7), reaped=(killed, done), contexts=())
    assert lines[2:] == [
        "P4121   #7    ended after the sample",
        "P4119   #5    reaped, ☓ SIGKILL   3.0 s ago",
        "P4120   #6    reaped, exit 0      2.0 s ago",
        "P4120 was reaped by collect_children in",
        "service_actions",
    ]
    wide = children_lines(child(4121, 7), reaped=(done,), contexts=(), width=90)
    assert wide[3].startswith("P4120   #6    reaped by collect_children in service_actions, exit 0  ")
    assert len(wide) == 4


def test_a_child_that_was_born_since_the_sample_is_no_difference():
    born = context(CHILD, "P4130", span("finish_request", MS, 8), process=CHILD, pid=4130)
    lines = children_lines(child(4130, 8, None, since=NOW - 5 * MS), believed_children=0, contexts=(born,))
    assert lines[1] == "0.4 s ago: server believes 0 · kernel 0"
    assert "▶ finish_request" in lines[2]


def test_nobody_reaps_under_handle_request():
    turn = context(MAIN, "main", span("handle_request", S), span("select", S))
    assert "Z: reaped by handle_timeout or server_close" in children_lines(child(4121, 6, "zombie", exit=0), contexts=(turn,))


def test_children_agree_and_a_zombie_is_named():
    lines = drawn(ChildrenPanel(), forking())
    assert lines[1] == "0.4 s ago: server believes 2 · kernel 2"
    assert lines[2].split() == ["P4122", "#7", "▶", "handle", "0.8", "s"]
    assert lines[3].split() == ["P4121", "#6", "Z", "exit", "0", "0.2", "s"]
    assert "reaped next, by service_actions" in lines[4]


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"exit": 0}, "reaped, exit 0"), ({"signal": 9}, "reaped, ☓ SIGKILL"), ({"state": "running"}, "reaped")],
)
def test_a_child_that_was_waited_for_since_the_sample(fields, words):
    lines = children_lines(child(4121, 6, **{"state": "zombie", "reaped": NOW - 300 * MS, **fields}))
    assert lines[1] == "0.4 s ago: server believes 1 · kernel 1"
    assert lines[2].split() == ["P4121", "#6", *words.split(), "0.3", "s", "ago"]
    assert not any("reaped next" in line for line in lines)


def test_a_difference_is_said_in_words():
    lines = children_lines(child(4121, 6, None), child(4122, None, believed=False), believed_children=1)
    assert "believes 1 · kernel 1" in lines[1]
    assert "believed; the kernel has none" in lines[2]
    assert "unknown to the server" in lines[3]
    differing = children_lines(
        child(4121), child(4122), believed_children=1, differs=("the server believes 1 active, the kernel has 2",)
    )
    assert differing[2:4] == ["the server believes 1 active, the kernel", "has 2"]


def test_a_killed_child():
    assert "Z ☓ SIGKILL" in children_lines(child(4121, 6, "zombie", signal=9))[2]


def test_a_zombie_whose_status_is_not_shown():
    assert "Z exit n/a" in children_lines(child(4121, 6, "zombie"))[2]


def test_children_without_a_sample():
    lines = children_lines(child(4121, 6, None), taken=None, asked=None)
    assert lines[1] == "server believes 1 · kernel n/a (no sample)"


def test_a_child_that_ended_since_the_sample():
    assert "ended after the sample" in children_lines(child(4121, 6))[2]


def test_an_untraced_child():
    assert "runs, not traced" in children_lines(child(4121, 6, label=None))[2]


def test_more_children_than_room():
    lines = children_lines(*(child(4100 + number, number) for number in range(40)))
    assert any(line.startswith("… ") and "more lines: z enlarges" in line for line in lines)


def test_no_children_where_none_can_be():
    assert drawn(ChildrenPanel(), synchronous())[1] == "none: TCPServer serves in this process"
    assert drawn(ChildrenPanel(), threading())[1] == "none: EchoServer serves in threads"


# ---- threads


def test_threads_beside_the_kernel():
    lines = drawn(ThreadsPanel(), threading())
    assert lines[1] == "0.4 s ago: server keeps 1 · kernel 3"
    assert lines.pop(1)
    assert lines[1].split() == ["main", "▶", "select", "sleeping", "0.1", "s"]
    assert lines[2].split()[:4] == ["T2", "#4", "▶", "handle"]
    assert "runnable" in lines[2]
    assert "tid 4109 helper, no hook" in lines[3]


def test_threads_without_a_sample():
    shown = view(server(*FORKING), (context(MAIN, "main", LOOP),), (), (process(taken=None),))
    lines = drawn(ThreadsPanel(), shown)
    assert lines[1] == "kernel n/a (no sample yet)"
    assert "n/a" in lines[2]


def test_no_process_left():
    ended = changed(forking(), mode="replay", moment=changed(forking().moment, contexts=(), processes=(), connections=()))
    assert drawn(ThreadsPanel(), ended)[1] == "no server process now"


def handler(label, number, **fields):
    values = {
        "daemon": False, "kept": True, "begin": NOW - 3 * S, "ended": None, "joining": None, "joined": None, "join_hook": "",
    }  # fmt: skip
    return HandlerThread(WORKER if label == "T2" else 99, label, number, **{**values, **fields})


def threads_with(*handlers, width=43, **fields):
    before = threading()
    asked = changed(before.moment.processes[0], handlers=handlers)
    settings = {"daemon_threads": False, "block_on_close": True, **fields.pop("settings", {})}
    watched = changed(before.server, settings=settings)
    return drawn(ThreadsPanel(), changed(before, server=watched, moment=changed(before.moment, processes=(asked,)), **fields), width)


def test_what_becomes_of_threads():
    ended = handler("T1", 3, begin=NOW - 4 * S, ended=NOW - 2 * S)
    joined = handler("T9", 5, begin=NOW - 4 * S, ended=NOW - 3 * S, joined=NOW - 2 * S, join_hook="server_close")
    lines = threads_with(ended, handler("T2", 4), joined, width=60)
    assert lines[5:] == [
        "T1      #3    ended after 2.00 s                   2.0 s ago",
        "T9      #5    ended after 1.00 s, joined by serve… 3.0 s ago",
        "server_close joins them",
    ]
    assert "no daemon" in threads_with(handler("T2", 4), width=100)[3]
    assert "no daemon" not in threads_with(handler("T2", 4, daemon=True), width=100)[3]


def test_a_mix_in_that_comes_last_joins_nobody():
    before = threading()
    mro = ("shop.Server", "socketserver.TCPServer", "socketserver.BaseServer", "socketserver.ThreadingMixIn", "builtins.object")
    watched = changed(before.server, mro=mro, settings={"daemon_threads": False, "block_on_close": True})
    lines = drawn(ThreadsPanel(), changed(before, server=watched), 80)
    assert lines[-1] == "server_close joins none: its class comes before the mix-in"


def test_who_waits_for_a_thread_and_who_does_not():
    waits = threads_with(handler("T2", 4, joining=NOW - 2 * S, join_hook="server_close"))
    assert waits[4] == "        server_close waits for it: 2.0 s"
    left = threads_with(handler("T2", 4, daemon=True, kept=False), closed=frozenset({9}), settings={"daemon_threads": True})
    assert left[4] == "        left: server_close has not waited"
    assert threads_with(handler("T2", 4, kept=False), settings={"block_on_close": False})[-1] == "block_on_close is off: none is joined"


def test_threads_that_are_kept_though_they_have_ended():
    before = threading()
    asked = changed(before.moment.processes[0], believed_threads=3, handlers=(handler("T2", 4),))
    lines = drawn(ThreadsPanel(), changed(before, moment=changed(before.moment, processes=(asked,))))
    assert lines[2] == "of 3 kept 1 still runs"


# ---- connections


def recently(*found, **fields):
    return changed(forking(), recent=found, **fields)


OVER = {"state": "closed", "ended": NOW - 3 * S, "accepted": NOW - 3 * S - 1910 * US}


def test_connections_say_where_they_are_and_how_they_ended():
    shown = recently(
        connection(1, "127.0.0.1:50001", **OVER),
        connection(2, "127.0.0.1:50002", **{**OVER, "state": "refused", "label": None, "stage_label": "main"}),
        connection(3, "127.0.0.1:50003", **{**OVER, "state": "failed", "error": "ZeroDivisionError: division by zero"}),
        connection(4, "127.0.0.1:50004", **{**OVER, "state": "killed", "signal": 9}),
        connection(5, "127.0.0.1:50005", **{**OVER, "descriptor": None}),
        connection(6, "127.0.0.1:50006", served=None, label=None, stage="verify_request", stage_label="main", since=NOW - 200 * MS),
        connection(7, "127.0.0.1:50007", stage="handle", stage_label="P4122", since=NOW - 800 * MS),
        connection(8, "127.0.0.1:50008", served=None, label=None, stage_label="main"),
    )
    assert drawn(ConnectionsPanel(), shown, 66) == [
        "Connections ─ 3 open of 12",
        "#1    127.0.0.1:50001       P4122   closed in 1.91 ms    3.0 s ago",
        "#2    127.0.0.1:50002       main    ⊘ refused            3.0 s ago",
        "#3    127.0.0.1:50003       P4122   ✗ failed ZeroDivisionError",
        "#4    127.0.0.1:50004       P4122   ☓ killed SIGKILL     3.0 s ago",
        "#5    127.0.0.1:50005       P4122   done in 1.91 ms      3.0 s ago",
        "#6    127.0.0.1:50006       main    ▶ verify_request         0.2 s",
        "#7    127.0.0.1:50007       P4122   ▶ handle                 0.8 s",
        "#8    127.0.0.1:50008       main    accepted                 0.9 s",
    ]
    assert drawn(ConnectionsPanel(), shown)[3] == "#3    :50003 P4122   ✗ failed ZeroDivision…"
    assert drawn(ConnectionsPanel(), changed(shown, mode="replay", finished=True), 66)[1].endswith("at 00:28.0")


def test_a_held_connection_and_one_that_nobody_closes():
    before = with_held(recently(connection(7), connection(8)), held(CHILD, "P4122", "handle", S, connection=7))
    lines = drawn(ConnectionsPanel(), before)
    assert "‖ before handle" in lines[1]
    assert "served, open" in lines[2]


def test_more_connections_than_room():
    panel = ConnectionsPanel()
    shown = recently(*(connection(number) for number in range(1, 41)))
    assert [line.split()[0] for line in drawn(panel, shown, height=4)[1:]] == ["…", "#38", "#39", "#40"]
    assert panel.chosen == 40
    panel._choice = 20
    assert [line.split()[0] for line in drawn(panel, shown, height=4)[1:]] == ["…", "#19", "#20", "#21"]
    panel._choice = 1
    assert [line.split()[0] for line in drawn(panel, shown, height=4)[1:]] == ["#1", "#2", "#3", "#4"]
    assert drawn(panel, recently())[1] == "none so far"


def test_a_connection_is_chosen_and_wanted(monkeypatch):
    panel, posted = ConnectionsPanel(), []
    monkeypatch.setattr(panel, "post_message", posted.append)
    drawn(panel, recently(connection(5), connection(6), connection(7)))
    panel.action_want()
    panel.action_move(-1)
    panel.action_want()
    panel.action_move(-1)
    panel.action_move(-1)
    panel.action_want()
    drawn(panel, recently(connection(6), connection(7), connection(8)))
    panel.action_want()  # of one that is listed no longer, the next
    panel.action_tail()
    panel.action_want()
    assert [message.number for message in posted if isinstance(message, ConnectionsPanel.Wanted)] == [7, 6, 5, 6, 8]
    panel.action_move(1)
    drawn(panel, recently(connection(8), connection(9)))
    assert panel.chosen == 9, "below the newest it is followed again"


# ---- rail


def rail(shown, width=120):
    return drawn(Rail(), shown, width, 2)[1:]


def test_rail_forks():
    parent, born = rail(forking())
    assert parent.startswith(" parent main     ▶select ▸ get_request ▸ verify_request ▸ process_request ▸ fork ▸ close_request")
    assert born.startswith(" child P4122 #7  finish_request ▸ setup ▸ ▶handle ▸ finish ▸ shutdown_request ▸ close_request ▸ _exit")


def test_rail_of_a_synchronous_server_is_one_line():
    (only,) = rail(synchronous(), 200)
    assert only.startswith(" loop main #3  select ▸ get_request")
    assert "▸ ▶handle ▸ finish ▸ shutdown_request ▸ close_request ▸ service_actions" in only
    assert rail(synchronous(), 80)[0].count("…") == 2


def test_rail_of_threads():
    loop, thread = rail(threading())
    assert "▶select" in loop
    assert "Thread.start ▸ service_actions" in loop
    assert thread.startswith(" thread T2 #4  process_request_thread ▸ finish_request ▸ setup ▸ ▶handle")


def test_rail_is_not_lit_by_another_connection():
    busy = context(MAIN, "main", LOOP, span("_handle_request_noblock", 1, 8), span("verify_request", 1, 8))
    before = forking()
    parent, _ = rail(changed(before, moment=changed(before.moment, contexts=(busy, before.moment.contexts[1]))))
    assert "▶" not in parent


def test_rail_where_the_program_decides_who_serves():
    pool = view(server("demo.PoolServer", "TCPServer", "BaseServer"), (context(MAIN, "main", LOOP),))
    from tracer.tui.paths import path_of

    loop, served = rail(changed(pool, path=path_of("demo.PoolServer", False)), 160)
    assert "PoolServer decides who serves" in loop
    assert served.startswith(" served –")


def test_rail_of_datagrams_says_what_is_not_closed():
    udp = view(server("UDPServer", "TCPServer", "BaseServer", kind="datagram"), (context(MAIN, "main", LOOP),))
    assert "finish ▸ (shutdown_request) ▸ (close_request) ▸ service_actions  (): nothing to close" in rail(udp, 200)[0]


def test_rail_says_when_control_is_beside_it():
    stack = (LOOP, span("_handle_request_noblock", MS, 3), span("handle_error", MS, 3))
    shown = synchronous()
    shown = changed(shown, moment=changed(shown.moment, contexts=(context(MAIN, "main", *stack),)))
    assert "now in handle_error" in rail(shown)[0]


def test_threads_with_a_hostile_name():
    shown = threading()
    named = changed(shown.moment.contexts[1], name="[bold]\x1b[31mx")
    found = drawn(ThreadsPanel(), changed(shown, moment=changed(shown.moment, contexts=(shown.moment.contexts[0], named))), 100)
    assert "\x1b" not in "".join(found)
    assert any("[bold]\\x1b[31mx" in line for line in found)


def test_an_unknown_thread_state_is_shown_as_it_is():
    shown = threading()
    odd = changed(shown.moment.processes[0], threads=(Thread(4100, "x", "[link=http://x]odd", "main"),))
    found = drawn(ThreadsPanel(), changed(shown, moment=changed(shown.moment, processes=(odd,))), 60)
    assert any("[link=http://x]odd" in line for line in found)


def test_daemon_threads_are_not_kept():
    shown = threading()
    daemon = changed(shown.server, settings={"daemon_threads": True})
    assert "daemon threads: the server keeps none" in drawn(ThreadsPanel(), changed(shown, server=daemon))


def passed(hook, context=CHILD, result="returned", **fields):
    label = "main" if context == MAIN else "P4122"
    return Passed(hook, context, label, 0, True, NOW - S, None if result == "inside" else NOW, result, **fields)


def coursed(before, calls, over=(True, True), number=7, loop="serve_forever", **fields):
    """The view with that connection focused, and its course."""
    one = connection(number, **fields)
    found = Course(one, loop, MAIN, "main", tuple(calls), over)
    quiet = tuple(context for context in before.moment.contexts if context.label == "main")
    moment = changed(before.moment, contexts=quiet if fields.get("ended") else before.moment.contexts)
    return changed(before, focused=number, course=found, moment=moment)


TAKEN = [passed(hook, MAIN) for hook in ("get_request", "verify_request", "process_request")]
GIVEN = [*TAKEN, passed("fork", MAIN), passed("close_request", MAIN)]


def test_the_course_of_a_killed_child():
    inside = [passed("finish_request", result="killed"), passed("setup"), passed("handle", result="killed")]
    shown = coursed(forking(), GIVEN + inside, state="killed", signal=9, ended=NOW)
    assert rail(shown, 140) == [
        " parent main     ▶select ▸ get_request ▸ verify_request ▸ process_request ▸ fork ▸ close_request ▸ service_actions",
        " child P4122 #7  finish_request ▸ setup ▸ ☓handle ▸ –finish ▸ –shutdown_request ▸ –close_request ▸ –_exit  ☓ killed SIGKILL",
    ]
    parent, born = rail(shown, 80)
    assert "☓handle" in born
    assert born.endswith("☓ killed SIGKILL")
    assert "▶select" in parent


def test_the_course_of_a_failed_request_has_handle_error():
    inside = [
        passed("process_request_thread"), passed("finish_request", result="raised"), passed("setup", result="raised"),
        passed("handle_error"), passed("shutdown_request"), passed("close_request"),
    ]  # fmt: skip
    failed = {"state": "failed", "error": "OSError: no", "ended": NOW}
    _, thread = rail(coursed(threading(), [*TAKEN, passed("Thread.start", MAIN), *inside], number=4, **failed), 200)
    assert thread.endswith(
        "process_request_thread ▸ ✗finish_request ▸ ✗setup ▸ –handle ▸ –finish ▸ handle_error ▸ shutdown_request ▸ close_request"
        "  ✗ failed OSError"
    )


def test_the_course_of_a_refused_request_ends_in_the_loop():
    calls = [
        passed("get_request", MAIN), passed("verify_request", MAIN, "refused"), passed("shutdown_request", MAIN),
        passed("close_request", MAIN),
    ]  # fmt: skip
    loop, thread = rail(coursed(threading(), calls, number=4, state="refused", ended=NOW, served=None), 200)
    assert loop.endswith(
        "▶select ▸ get_request ▸ ⊘verify_request ▸ –process_request ▸ –Thread.start ▸ shutdown_request ▸ close_request ▸ "
        "service_actions  ⊘ refused"
    )
    assert "–process_request_thread ▸ –finish_request ▸ –setup ▸ –handle" in thread
    (narrow, _) = rail(coursed(threading(), calls, number=4, state="refused", ended=NOW, served=None), 80)
    assert narrow.startswith(" loop main #4  ")
    assert "⊘verify_request" in narrow
    assert narrow.endswith("⊘ refused")


def test_the_rail_of_a_connection_that_is_open_is_lit_where_control_is():
    inside = [passed("finish_request", result="inside"), passed("setup"), passed("handle", result="inside")]
    parent, born = rail(coursed(forking(), GIVEN + inside, over=(True, False)), 140)
    assert born == " child P4122 #7  finish_request ▸ setup ▸ ▶handle ▸ finish ▸ shutdown_request ▸ close_request ▸ _exit"
    assert "▶select ▸ get_request" in parent


def test_the_rail_under_handle_request_has_no_service_actions():
    turn = context(MAIN, "main", span("handle_request", S), span("select", S))
    before = synchronous()
    (only,) = rail(changed(before, moment=changed(before.moment, contexts=(turn,), connections=())), 200)
    assert only.endswith("▸ shutdown_request ▸ close_request")
    between = coursed(before, TAKEN, number=3, loop="handle_request", state="closed", ended=NOW, context=MAIN)
    (only,) = rail(changed(between, moment=changed(between.moment, contexts=(context(MAIN, "main"),))), 200)
    assert "service_actions" not in only


def test_what_the_program_does_for_a_datagram_is_no_nothing():
    udp = server("UDPServer", "TCPServer", "BaseServer", kind="datagram")
    calls = [*TAKEN, Passed("close_request", MAIN, "main", 0, False, NOW, NOW, "returned")]
    (only,) = rail(coursed(view(udp, (context(MAIN, "main", LOOP),)), calls, state="closed", ended=NOW, descriptor=None), 250)
    assert "▸ –(shutdown_request) ▸ close_request ▸ service_actions" in only


def test_a_class_that_serves_in_the_loop_after_all():
    from tracer.tui.paths import path_of

    own = view(server("demo.PoolServer", "TCPServer", "BaseServer"), (context(MAIN, "main", LOOP),))
    calls = [*TAKEN, *(passed(hook, MAIN) for hook in ("finish_request", "setup", "handle", "finish"))]
    shown = coursed(changed(own, path=path_of("demo.PoolServer", False)), calls, state="closed", ended=NOW)
    loop, served = rail(shown, 160)
    assert "finish_request" not in loop
    assert served.startswith(" served main #7  finish_request ▸ setup ▸ handle ▸ finish ▸ –shutdown_request ▸ –close_request")
