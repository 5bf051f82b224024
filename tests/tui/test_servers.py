"""Several servers: which one is watched, and what is said of each."""

import pytest

from tests.tui.kit import Still, film, press, shoot, tick
from tests.tui.scenes import (
    CLOSED,
    FORKING,
    LOOP,
    MAIN,
    MS,
    NO_SOCKET,
    NOW,
    THREADING,
    WORKER,
    S,
    changed,
    child,
    context,
    forking,
    process,
    queue,
    running,
    server,
    span,
    view,
)
from tests.tui.test_panels import drawn, rail
from tests.tui.test_screen import header
from tracer.tui.panels.children import ChildrenPanel
from tracer.tui.panels.connections import ConnectionsPanel
from tracer.tui.panels.queue import QueuePanel
from tracer.tui.panels.threads import ThreadsPanel
from tracer.tui.servers import Choice, details, state

TURN = span("handle_request", MS)
A, B, C = (server("TCPServer", "BaseServer", server=number, address=f"127.0.0.1:{number}") for number in (1, 2, 3))


ALIVE = (process(),)


def moment(*servers, processes=ALIVE):
    return changed(view(None).moment, servers=servers, processes=processes)


def chosen(choice, servers, loops, processes=ALIVE):
    found = choice.of(moment(*servers, processes=processes), loops)
    return found.server if found is not None else None


def test_the_connections_are_those_of_the_watched_server():
    """Of one among several; of a single one all there are."""
    own = server("UDPServer", "BaseServer", server=1, kind="datagram", accepted=3)
    both = view(own, rows=())
    assert "· 12 datagrams ·" in header(both, 160)
    both = changed(both, moment=moment(own, B))
    assert "· its 3 datagrams ·" in header(both, 160)


# ---- which one


def test_one_whose_loop_runs_comes_first():
    assert chosen(Choice(), (A, B, C), {}) == 1
    assert chosen(Choice(), (A, B, C), {2: LOOP}) == 2
    assert chosen(Choice(), (A, B, C), {3: LOOP, 2: LOOP}) == 2


def test_then_one_that_is_open():
    closed = changed(A, queue=queue(depth=None, why=NO_SOCKET))
    assert chosen(Choice(), (closed, B), {}) == 2
    assert chosen(Choice(), (changed(A, descriptor=None), B), {}) == 2
    assert chosen(Choice(), (changed(A, process=77), B), {}) == 2


def test_then_the_newest_that_has_accepted_anything():
    assert chosen(Choice(), (A, B, changed(C, accepted=0)), {}, processes=()) == 2
    assert chosen(Choice(), (changed(A, accepted=0), changed(B, accepted=0)), {}, processes=()) == 2
    assert chosen(Choice(), (), {}) is None


def test_it_does_not_change_without_need():
    choice = Choice()
    assert chosen(choice, (A, B), {2: LOOP}) == 2
    assert chosen(choice, (A, B), {1: LOOP, 2: LOOP}) == 2
    assert chosen(choice, (A, B), {}) == 2, "open as it is"
    assert chosen(choice, (A, B), {1: LOOP}) == 1


def test_between_two_calls_of_handle_request_it_stays():
    choice = Choice()
    assert chosen(choice, (A, B), {1: TURN}) == 1
    assert chosen(choice, (A, B), {2: TURN}) == 1
    assert chosen(choice, (changed(A, descriptor=None), B), {}) == 2, "but not when it is closed"


def test_what_the_person_chooses_stays_also_when_it_ends():
    choice = Choice()
    watched = choice.of(moment(A, B, C), {1: LOOP})
    shown = changed(view(watched), moment=moment(A, B, C))
    assert choice.next(shown).server == 2
    assert chosen(choice, (A, B, C), {1: LOOP}) == 2
    assert chosen(choice, (A, changed(B, descriptor=None), C), {1: LOOP}, processes=()) == 2
    assert choice.next(changed(shown, server=B)).server == 3


def test_behind_the_last_the_screen_chooses_again():
    choice = Choice()
    watched = choice.of(moment(A, B), {1: LOOP})
    shown = changed(view(watched), moment=moment(A, B), loops={1: 100})
    assert choice.next(shown).server == 2
    assert choice.next(changed(shown, server=B)).server == 1
    assert chosen(choice, (A, B), {2: LOOP}) == 2


def test_one_server_has_no_next():
    assert Choice().next(changed(view(A), moment=moment(A))) is None


# ---- what is said of each


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"closed": frozenset({9})}, "closed"),
        ({"closed": frozenset({9}), "finished": True}, ""),
        ({"moment": moment(processes=())}, "its process has ended"),
        ({"server": server(*FORKING, queue=queue(depth=None, why={"depth": CLOSED.why}))}, "not seen listening"),
        ({"server": server(*FORKING, queue=queue(depth=None, why={"depth": "no sock_diag"}))}, ""),
    ],
)
def test_how_it_stands(fields, words):
    shown = changed(forking(), **fields)
    assert state(shown, shown.server) == words
    assert (f"127.0.0.1:43211, {words}" in header(shown, 160)) is bool(words)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (160, "tracer  run app.py · server 2 of 3: HTTPServer 127.0.0.1:8000 "),
        (80, " run app.py · server 2 of 3: HTTPServer 127.0.0.1:8000 "),
        (70, " server 2 of 3: HTTPServer 127.0.0.1:8000 "),
        (60, " server 2 of 3 127.0.0.1:8000 "),
        (50, " server 2 of 3 "),
        (30, " run "),
    ],
)
def test_the_header_says_which(width, words):
    assert words in header(running(), width)


def test_v_is_offered_where_there_are_two():
    running_, forking_ = (found[-1] for found in film(running(), forking(), steps=(tick,)))
    assert "v server" in running_
    assert "v server" not in forking_


def test_v_asks_the_feed_for_the_next():
    feed = Still(running(), changed(running(), server=running().moment.servers[2]))
    found = shoot(feed=feed, steps=(press("v"), tick))
    assert feed.nexts == 1
    assert "server 3 of 3: SpareServer 127.0.0.1:8002" in found[0]


def test_details_tell_them_apart():
    text = details(running())
    assert text.split("\n\n")[0].splitlines() == [
        "server 1 of 3: AdminServer 127.0.0.1:8001, closed",
        "  process   pid 4100",
        "  socket    inet, stream",
        "  handler   demo.EchoHandler",
        "  accepted  12",
        "  MRO       tracer.socketserver.HTTPServer",
        "            tracer.socketserver.TCPServer",
        "            tracer.socketserver.BaseServer",
        "  settings  request_queue_size = 5",
    ]
    assert "server 2 of 3 (watched): HTTPServer 127.0.0.1:8000\n" in text
    assert details(view(None)) == "no server yet"


def test_details_are_harmless():
    bad = server(*FORKING, settings={"timeout": "\x1b[31m"}, address="\x1b]0;x\x07")
    assert "\x1b" not in details(view(bad))
    assert "timeout = \\x1b[31m" in details(view(bad))


def test_details_are_in_the_palette_and_in_the_help_of_the_rail():
    async def open_details(pilot):
        pilot.app.action_servers()

    steps = (open_details, press("escape"), press("shift+tab", "question_mark"))
    _, found, _, rail_help = film(running(), size=(80, 100), steps=steps)
    assert "server 1 of 3: AdminServer 127.0.0.1:8001, closed" in "\n".join(found)
    assert "server 3 of 3: SpareServer 127.0.0.1:8002" in "\n".join(rail_help)


# ---- panels follow it


def test_the_rail_shows_the_loop_of_the_watched_server():
    assert rail(running())[0].startswith(" loop T1")
    spare = changed(running(), server=running().moment.servers[2])
    assert rail(spare)[0].startswith(" loop –")


def both(*classes, **fields):
    """Two servers in one process."""
    first, second = (server(*names, server=number, queue=queue()) for number, names in enumerate(classes, 9))
    contexts = (context(MAIN, "main", LOOP, span("select", S)), context(WORKER, "T1", LOOP, kind="thread"))
    shown = view(first, contexts, (), (process(child(4122, 7), **fields),))
    return changed(shown, moment=changed(shown.moment, servers=(first, second)))


def test_what_a_process_believes_is_not_one_servers_belief():
    found = drawn(ChildrenPanel(), both(FORKING, FORKING, believed_children=2))
    assert found[1:3] == ["0.4 s ago: server believes n/a · kernel 1", "of the whole process, which has 2 servers"]
    found = drawn(ThreadsPanel(), both(THREADING, THREADING, believed_children=None, believed_threads=3), 80)
    assert found[1] == "server keeps n/a · kernel n/a (the sample does not say)"


def test_one_that_forks_beside_one_that_does_not_has_its_belief():
    differs = ("the server believes 2 active, the kernel has 1",)
    found = drawn(ChildrenPanel(), both(FORKING, THREADING, believed_children=2, differs=differs), 60)
    assert found[1] == "0.4 s ago: server believes 2 · kernel 1"
    assert differs[0] in found


# ---- none at all


@pytest.mark.parametrize(
    ("fields", "words", "panel"),
    [
        ({}, "  no server yet: the rail appears when the program builds one", "no server yet"),
        (
            {"mode": "ended", "finished": True, "complete": True},
            "  the program ended; it built no server that was seen",
            "no server was seen",
        ),
        ({"mode": "replay", "finished": True, "over": True}, "  no server was recorded", "no server was seen"),
    ],
)
def test_without_a_server_it_says_what_is_seen(fields, words, panel):
    shown = changed(view(None, title="run app.py", more=False), now=NOW, **fields)
    found = shoot(shown)
    assert found[1] == words
    assert any("no hook called yet" in line or "no hook was called" in line for line in found)
    assert [drawn(kind(), shown)[1] for kind in (QueuePanel, ChildrenPanel, ThreadsPanel, ConnectionsPanel)] == [panel] * 4
