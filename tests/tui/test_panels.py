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
        ({}, "accept ▯▯▯▯▯(▯)  0 waiting of 5 (+1)"),
        ({"depth": 3}, "accept ▮▮▮▯▯(▯)  3 waiting of 5 (+1)"),
        ({"depth": 6}, "accept ▮▮▮▮▮(▮)  6 waiting of 5 (+1), full"),
        ({"depth": 1, "limit": 128}, "accept ▮▯▯▯▯▯▯▯▯▯  1 waiting of 128 (+1)"),
        ({"depth": None, "bytes": 4992}, "receive  4,992 bytes held by datagrams that wait"[:45]),
        ({"depth": None, "why": {"depth": "no sock_diag"}}, "waiting n/a (no sock_diag)"),
        ({"depth": None}, "waiting n/a (the sample does not say)"),
    ],
)
def test_queue(fields, line):
    assert queue_lines(**fields)[1].removesuffix("…")[:40] == line[:40]


def test_queue_drops_and_age():
    lines = queue_lines(drops=2, end=NOW - 3 * S)
    assert "2 dropped" in lines[2]
    assert lines[3] == "asked 3 s ago"
    assert queue_lines(drops=None, why={"drops": "not counted"})[2] == "dropped n/a (not counted)"


def test_queue_without_a_sample():
    assert lines_of(shoot(view(server(*FORKING))), "Queue")[1] == "n/a (no sample yet)"


# ---- children


def test_children_agree_and_a_zombie_is_named():
    lines = lines_of(shoot(forking()), "Children")
    assert "server believes 2 · kernel 2 " in lines[0]
    assert lines[1].split() == ["P4121", "#6", "Z", "exit", "0", "0.2", "s"]
    assert lines[2].split() == ["P4122", "#7", "▶", "handle", "0.8", "s"]
    assert "reaped next, by service_actions" in lines[3]


def test_a_difference_is_said_in_words():
    lines = children_lines(child(4121, 6, None), child(4122, None, believed=False), believed_children=1)
    assert "believes 1 · kernel 1" in lines[0]
    assert "believed; the kernel has none" in lines[1]
    assert "unknown to the server" in lines[2]
    assert "belief and kernel differ" not in lines
    assert "belief and kernel differ" in children_lines(child(4121), child(4122), believed_children=1)


def test_a_killed_child():
    assert "Z ☓ SIGKILL" in children_lines(child(4121, 6, "zombie", signal=9))[1]


def test_a_zombie_whose_status_is_not_shown():
    assert "Z exit n/a" in children_lines(child(4121, 6, "zombie"))[1]


def test_children_without_a_sample():
    lines = children_lines(child(4121, 6, None), taken=None, asked=None)
    assert "server believes 1 · kernel n/a" in lines[0]
    assert "kernel n/a (no sample yet)" in lines


def test_a_child_that_ended_since_the_sample():
    assert "ended after the sample" in children_lines(child(4121, 6))[1]


def test_an_untraced_child():
    assert "runs, not traced" in children_lines(child(4121, 6, label=None))[1]


def test_more_children_than_room():
    lines = children_lines(*(child(4100 + number, number) for number in range(40)))
    assert any(line.startswith("… ") and "more lines: z enlarges" in line for line in lines)


def test_no_children_where_none_can_be():
    assert lines_of(shoot(synchronous()), "Children")[1] == "none: TCPServer serves in this process"
    assert lines_of(shoot(threading()), "Children")[1] == "none: EchoServer serves in threads"


# ---- threads


def test_threads_beside_the_kernel():
    lines = lines_of(shoot(threading()), "Threads")
    assert "server keeps 1 · kernel 3" in lines[0]
    assert lines[1].split() == ["main", "▶", "select", "sleeping", "0.1", "s"]
    assert lines[2].split()[:4] == ["T2", "#4", "▶", "handle"]
    assert "runnable" in lines[2]
    assert "tid 4109 helper, in no hook" in lines[3]


def test_threads_without_a_sample():
    shown = view(server(*FORKING), (context(MAIN, "main", LOOP),), (), (process(taken=None),))
    lines = lines_of(shoot(shown), "Threads")
    assert "kernel n/a" in lines[0]
    assert "n/a" in lines[1]


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
