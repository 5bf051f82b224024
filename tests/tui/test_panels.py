"""What each small panel says in the cases that matter."""

import pytest

from tests.tui.kit import shoot
from tests.tui.scenes import (
    FORKING,
    LOOP,
    MAIN,
    MS,
    NOW,
    S,
    changed,
    child,
    context,
    forking,
    process,
    queue,
    server,
    span,
    synchronous,
    threading,
    view,
)
from tracer.timeline.moment import Thread
from tracer.tui.panels.rail import Rail


def lines_of(found, title):
    """The lines of one panel of the right column."""
    start = next(number for number, line in enumerate(found) if f" {title}" in line and "╭" in line)
    end = next(number for number in range(start, len(found)) if found[number].rstrip().endswith("╯"))
    return [found[start].rpartition("╭")[2], *(line.rsplit("│", 2)[1].rstrip() for line in found[start + 1 : end])]


def queue_lines(**fields):
    return lines_of(shoot(view(server(*FORKING, queue=queue(**fields)))), "Queue")


def children_lines(*children, **fields):
    contexts = fields.pop("contexts", (context(MAIN, "main", LOOP, span("select", S)),))
    shown = view(server(*FORKING, queue=queue()), contexts, (), (process(*children, **fields),))
    return lines_of(shoot(shown), "Children")


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
    assert lines[0].startswith("─ Queue ─ to be accepted ─")
    assert lines[2:4] == ["4 SYNs dropped (clients try again)", "kernel asked 3.0 s ago"]
    assert queue_lines(drops=None, why={"drops": "not counted"})[2] == "dropped n/a (not counted)"


def test_dropped_datagrams_do_not_come_again():
    shown = view(server("UDPServer", "TCPServer", "BaseServer", kind="datagram", queue=queue(depth=None, bytes=9, drops=1)))
    lines = lines_of(shoot(shown), "Queue")
    assert "to be received" in lines[0]
    assert lines[2] == "1 datagram dropped"


def test_a_finished_recording_has_times_and_no_ages():
    finished = changed(forking(), mode="ended", finished=True)
    found = shoot(finished)
    assert lines_of(found, "Queue")[3] == "kernel asked at 00:30.6 · most 3 at 00:18"
    assert lines_of(found, "Children")[1] == "at 00:30.6: server believes 2 · kernel 2"
    assert not any(" ago" in line for line in found)


UNIX = "a Unix socket drops nothing: whoever sends or connects waits, or gets EAGAIN"


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (100, 30)], ids=str)
def test_what_wraps_is_not_cut(size):
    unix = server("UnixStreamServer", "TCPServer", "BaseServer", family="unix", queue=queue(drops=None, why={"drops": UNIX}))
    shown = view(unix, (context(MAIN, "main", LOOP),), processes=(process(),), peak=(3, 18 * S))
    found = lines_of(shoot(shown, size=size), "Queue") if size[0] > 80 else shoot(shown, size=size)
    text = " ".join(part.strip(" │") for part in found)
    assert UNIX + ")" in text
    assert "kernel asked 0.4 s ago · most 3 at 00:18" in text


def test_queue_without_a_sample():
    assert lines_of(shoot(view(server(*FORKING))), "Queue")[1] == "n/a (no sample yet)"


# ---- children


def test_children_agree_and_a_zombie_is_named():
    lines = lines_of(shoot(forking()), "Children")
    assert lines[1] == "0.4 s ago: server believes 2 · kernel 2"
    assert lines[2].split() == ["P4121", "#6", "Z", "exit", "0", "0.2", "s"]
    assert lines[3].split() == ["P4122", "#7", "▶", "handle", "0.8", "s"]
    assert "reaped next, by service_actions" in lines[4]


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"exit": 0}, "reaped, exit 0"), ({"signal": 9}, "reaped, SIGKILL"), ({"state": "running"}, "reaped")],
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
    assert "belief and kernel differ" not in lines
    assert "belief and kernel differ" in children_lines(child(4121), child(4122), believed_children=1)


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
    assert lines_of(shoot(synchronous()), "Children")[1] == "none: TCPServer serves in this process"
    assert lines_of(shoot(threading()), "Children")[1] == "none: EchoServer serves in threads"


# ---- threads


def test_threads_beside_the_kernel():
    lines = lines_of(shoot(threading()), "Threads")
    assert lines[1] == "0.4 s ago: server keeps 1 · kernel 3"
    assert lines.pop(1)
    assert lines[1].split() == ["main", "▶", "select", "sleeping", "0.1", "s"]
    assert lines[2].split()[:4] == ["T2", "#4", "▶", "handle"]
    assert "runnable" in lines[2]
    assert "tid 4109 helper, no hook" in lines[3]


def test_threads_without_a_sample():
    shown = view(server(*FORKING), (context(MAIN, "main", LOOP),), (), (process(taken=None),))
    lines = lines_of(shoot(shown), "Threads")
    assert lines[1] == "kernel n/a (no sample yet)"
    assert "n/a" in lines[2]


def test_no_process_left():
    ended = changed(forking(), mode="replay", moment=changed(forking().moment, contexts=(), processes=(), connections=()))
    assert lines_of(shoot(ended), "Threads")[1] == "no server process now"


# ---- rail


def rail(shown, width=120):
    return ["".join(segment.text for segment in line) for line in Rail().draw(shown, width, 2)]


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
    assert "a datagram has nothing to close" in rail(udp, 200)[0]


def test_rail_says_when_control_is_beside_it():
    stack = (LOOP, span("_handle_request_noblock", MS, 3), span("handle_error", MS, 3))
    shown = synchronous()
    shown = changed(shown, moment=changed(shown.moment, contexts=(context(MAIN, "main", *stack),)))
    assert "now in handle_error" in rail(shown)[0]


def test_threads_with_a_hostile_name():
    shown = threading()
    named = changed(shown.moment.contexts[1], name="[bold]\x1b[31mx")
    found = shoot(changed(shown, moment=changed(shown.moment, contexts=(shown.moment.contexts[0], named))), size=(200, 60))
    assert "\x1b" not in "".join(found)
    assert any("[bold]\\x1b[31mx" in line for line in found)


def test_an_unknown_thread_state_is_shown_as_it_is():
    shown = threading()
    odd = changed(shown.moment.processes[0], threads=(Thread(4100, "x", "[link=http://x]odd", "main"),))
    found = shoot(changed(shown, moment=changed(shown.moment, processes=(odd,))))
    assert any("[link=http://x]odd" in line for line in found)


def test_daemon_threads_are_not_kept():
    shown = threading()
    daemon = changed(shown.server, settings={"daemon_threads": True})
    assert "daemon threads: the server keeps none" in lines_of(shoot(changed(shown, server=daemon)), "Threads")
