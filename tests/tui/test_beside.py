"""Several servers side by side: requests begin at the same line in every column, whatever each server makes of them."""

import asyncio
import socket
import time
from contextlib import ExitStack, closing

import pytest

from tests.tui.kit import press, screen_of, settle
from tracer.demo import DemoServer
from tracer.timeline.at import at
from tracer.timeline.load import load
from tracer.tui.beside.aligned import Aligned, Place, Window, heights, window
from tracer.tui.beside.app import Beside
from tracer.tui.beside.column import needs, widths
from tracer.tui.beside.feed import BesideFeed
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed

# ---- lines


def test_a_request_is_as_high_as_the_server_needs_that_makes_most_calls():
    assert heights([[10, 3, 7], [13, 13]]) == [14, 14, 8]
    assert heights([[], []]) == []


def test_places():
    """Each line is one of a request's; a place whose request has shrunk is its last line."""
    aligned = Aligned([3, 2])
    assert [aligned.place(line) for line in range(aligned.lines)] == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]
    assert [aligned.line(Place(*place)) for place in [(1, 0), (1, 2), (2, 1), (2, 9)]] == [0, 2, 4, 4]


@pytest.mark.parametrize(
    ("top", "cursor", "seen"),
    [
        (None, None, (6, 9)),  # the newest
        ((1, 0), None, (6, 9)),
        ((1, 1), (1, 3), (1, 3)),  # where it was
        ((1, 1), (2, 0), (2, 5)),  # the cursor has left it below
        ((2, 0), (1, 2), (2, 2)),  # and above
        (None, (1, 0), (0, 0)),
    ],
)
def test_what_is_seen(top, cursor, seen):
    aligned = Aligned([5, 5])
    assert window(aligned, Place(*top) if top else None, Place(*cursor) if cursor else None, 4) == Window(*seen)


def test_nothing_to_see():
    assert window(Aligned([]), None, None, 4) == (0, -1)
    assert window(Aligned([2]), None, None, 4) == (0, 1)


def test_columns_share_the_width():
    assert widths(2, 80) == [40, 39]
    assert widths(4, 200) == [50, 49, 49, 49]
    assert [needs(servers) for servers in (2, 3, 4)] == [77, 116, 155]
    assert min(widths(3, needs(3))) == min(widths(4, needs(4))) == 38


# ---- the screen


def ask(server):
    with socket.create_connection((server.target.host, server.target.port), 30) as client:
        client.sendall(b"hello\n")
        assert client.recv(100) == b"hello\n"


def until_closed(path, requests):
    """Wait until so many connections have been closed: a reply is not the end of its thread."""
    while (timeline := load(path)[0]) and at(timeline, timeline.newest).ended < requests:
        time.sleep(0.02)  # a file tells nobody that it has grown


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two requests to a tcp and to a threading server; the first has a third, which the other never had."""
    folder = tmp_path_factory.mktemp("beside")
    with ExitStack() as running:
        servers = [running.enter_context(DemoServer(name, folder / f"{name}.tracer")) for name in ("tcp", "threading")]
        for server in (*servers, *servers, servers[0]):
            ask(server)
        for server, requests in zip(servers, (3, 2), strict=True):
            until_closed(server.path, requests)
    return {server.name: server.path for server in servers}


@pytest.fixture
def feed(recordings):
    """As somebody sees them who has followed them to their end."""
    with closing(BesideFeed({name: Feed(path, name, follow=True) for name, path in recordings.items()})) as found:
        yield found


def look_at(feed, *steps, size=(120, 36), controls=None, ascii_marks=False):
    """The screen behind those steps, and what the app ended with."""

    async def run():
        app = Beside(feed, controls or Controls(send=lambda kind: None), ascii_marks=ascii_marks, ticking=False)
        async with app.run_test(size=size) as pilot:
            for step in (settle, *steps):
                await step(pilot)
                await settle(pilot)
                for _ in range(3):
                    app.tick()
                await settle(pilot)
            return screen_of(app), app.return_value

    return asyncio.run(run())


TCP = [
    "_handle_request_noblock", "get_request", "verify_request", "process_request", "finish_request", "setup", "handle", "finish",
    "shutdown_request", "close_request", "", "", "",
]  # fmt: skip
THREADING = [
    "_handle_request_noblock", "get_request", "verify_request", "process_request", "Thread.start", "Thread.run",
    "process_request_thread", "finish_request", "setup", "handle", "finish", "shutdown_request", "close_request",
]  # fmt: skip


def hooks_of(screen):
    """What stands in each column, line by line: the request's number with `–` where it was not accepted, or the hook's name."""
    known = {*TCP, *THREADING} - {""}
    columns = [[], []]
    for line in filter(None, screen[6:-2]):
        for column, cell in zip(columns, line.split("│"), strict=True):
            words = cell.replace("┊", " ").split()
            if words and words[0].startswith("#"):
                column.append(f"{words[0]}{' –' if 'not accepted' in cell else ''}")
            else:
                column.append(next((word for word in words if word in known), ""))
    return columns


def test_requests_begin_at_the_same_line(feed):
    """From the first; where a server made fewer calls than the other it has blank lines, where it had no request it says so."""
    screen, _ = look_at(feed, press("home"), size=(160, 50))
    tcp, threading = hooks_of(screen)
    assert tcp[:39] == ["#1", *TCP, "#2", *TCP, "#3", *TCP[:10]]
    assert threading[:39] == ["#1", *THREADING, "#2", *THREADING, "#3 –", *[""] * 10]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=str)
def test_the_newest_is_followed(size, feed):
    """The last line of all is at the bottom; everything is on the screen, and nothing wider than it."""
    screen, _ = look_at(feed, size=size)
    assert len(screen) == size[1]
    assert max(map(len, screen)) <= size[0]
    assert "demo tcp threading" in screen[0]
    assert "■ ENDED" in screen[0]
    assert "3 requests · 0 records lost" in screen[0]
    assert screen[1].startswith(" 1 tcp · TCPServer 127.0.0.1:")
    assert "│ 2 threading · EchoServer" in screen[1]
    tcp, threading = hooks_of(screen)
    assert tcp[-11:] == ["#3", *TCP[:10]]
    assert threading[-11] == "#3 –"
    assert tcp[:-11] == ["#1", *TCP, "#2", *TCP][-len(tcp[:-11]) :]


def test_keys_move_the_cursor(feed):
    """To requests, by lines and pages; what is seen moves only where the cursor would leave it, and below the newest it follows."""
    screen, _ = look_at(feed, press("left_square_bracket"), press("left_square_bracket", "down"), size=(80, 24))
    assert hooks_of(screen)[0] == ["#2", *TCP, "#3", TCP[0]]
    assert feed.tick() is None, "nothing is new"
    places = []
    for move in (lambda: feed.go(-1), lambda: feed.go(-1), lambda: feed.move(-1000), lambda: feed.go(1), lambda: feed.move(1000)):
        move()
        view = feed.tick()
        places.append((*view.cursor, view.follows))
    assert places == [(2, 0, False), (1, 0, False), (1, 0, False), (2, 0, False), (3, 10, True)]


def test_one_client_goes_to_all(feed):
    """What became of it is said; a number leaves for that server alone; what has ended takes no clients."""
    sent, controls = [], Controls()
    controls.send = sent.append
    controls.say("tcp: client 1 reply in 1.2 ms · threading: client 1 reply in 3.4 ms")
    screen, found = look_at(feed, press("c"), press("2"), controls=controls)
    assert sent == []
    assert screen[-2] == " ☞ tcp: client 1 reply in 1.2 ms · threading: client 1 reply in 3.4 ms"
    assert screen[-1] == " space freeze   1 alone   ? help   q quit"
    assert found == "threading"


def test_too_narrow_says_so(feed):
    screen, _ = look_at(feed, size=(70, 24))
    assert screen[1] == " too narrow: 77 columns are needed (or 1: alone)"
    assert not any("handle" in line for line in screen)


def test_ascii_for_the_linux_console(feed):
    screen, _ = look_at(feed, size=(80, 24), ascii_marks=True)
    assert "\n".join(screen).isascii()


def test_help_says_what_is_seen(feed):
    screen, _ = look_at(feed, press("question_mark"), size=(80, 24))
    assert any("One column a server" in line for line in screen)
