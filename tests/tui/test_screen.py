"""The whole screen as text, at the sizes it is made for."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.tui.kit import Clock, check, film, press, settle, shoot
from tests.tui.scenes import MS, S, changed, ended, forking, holding, running, synchronous, threading
from tracer.timeline.load import load
from tracer.tui.controls import Controls
from tracer.tui.marks import ascii_only
from tracer.tui.offers import Offer, footer, keys_help
from tracer.tui.panels.header import Header
from tracer.tui.panels.paged import Paged
from tracer.tui.panels.panel import Panel
from tracer.tui.panels.scrolled import Scrolled


def clients() -> Controls:
    return Controls(send=lambda kind: None)


def header(shown, width=120):
    """The line on top."""
    (only,) = Header().draw(shown, width, 1)
    return "".join(segment.text for segment in only)


def resize(*size):
    async def step(pilot):
        await pilot.resize_terminal(*size)
        await settle(pilot)

    return step


@pytest.mark.parametrize("scene", [forking, synchronous, threading, holding, running], ids=lambda scene: scene.__name__)
def test_every_size_is_filled_and_nothing_is_wider(scene):
    """What stands where, real recordings show: see test_recordings.py."""
    sizes = [(120, 36), (80, 24), (200, 60), (240, 70), (50, 16), (100, 18)]
    for size, found in zip(sizes, film(scene(), size=sizes[0], steps=tuple(resize(*size) for size in sizes[1:])), strict=True):
        assert len(found) == size[1]
        assert max(map(cell_len, found)) <= size[0]
        assert found[-1].endswith((" q quit", "q"))


def test_golden_in_ascii_for_the_linux_console(open_feed):
    path = Path(__file__).parents[1] / "recordings" / "forking-zombies.tracer"
    feed = open_feed(path, "demo forking", follow=True, clock=Clock(load(path)[0].newest))
    found = shoot(feed=feed, size=(80, 24), controls=clients(), ascii_marks=True)
    assert "\n".join(found).isascii()
    check("forking-80x24-ascii", found)


def test_a_stranger_sees_where_everybody_is():
    found = "\n".join(shoot(forking()))
    assert "parent main" in found
    assert "▶select ▸ get_request" in found, "the parent is back in select"
    assert "child P4122 #7" in found
    assert "▸ ▶handle ▸" in found, "the child is in handle"


def test_without_clients_no_key_offers_one():
    assert footer(Offer()) == (
        ("space", "freeze", "app.freeze"), ("←", "back", "app.time('previous')"), ("/", "filter", "app.filter"),
        ("z", "enlarge", "screen.enlarge"), ("?", "help", "app.help"), ("q", "quit", "app.leave"),
    )  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_the_footer_has_at_most_eight_keys(size):
    keys = shoot(forking(), size=size, controls=clients())[-1]
    assert len(keys.split()) / 2 == 8
    assert "c client" in keys
    assert keys.endswith("q quit")


def test_where_words_have_no_room_every_key_is_still_there():
    assert shoot(forking(), size=(40, 12), controls=clients())[-1] == " space  ←  c  /  p  z  ?  q"


def test_the_footer_matches_the_width_after_resizing():
    found = film(forking(), size=(120, 36), steps=(resize(80, 24), resize(120, 36)), controls=clients())
    wide, narrow, again = (lines[-1] for lines in found)
    assert "b burst" in wide
    assert "p panel" in narrow
    assert "p panel" not in wide
    assert wide == again


@pytest.mark.parametrize("size", [(40, 12), (80, 12), (120, 12), (60, 17)], ids=str)
def test_in_little_room_the_calls_stay(size):
    found = shoot(forking(), size=size, controls=clients())
    assert sum(line.startswith("║") for line in found) >= 5
    assert any("select" in line for line in found[4:])


def test_in_little_room_p_fills_the_screen_with_the_next_panel():
    _, panel, after = film(forking(), size=(40, 12), steps=(press("p"), press("z")))
    assert any("Threads" in line for line in panel)
    assert not any("Calls" in line for line in panel)
    assert any("Calls" in line for line in after)


def test_the_keys_of_a_datagram_server_are_true():
    udp = changed(forking(), server=changed(forking().server, kind="datagram"))
    assert shoot(udp, controls=clients())[-2] == " ☞ press c to send a datagram (b ten, l three, x empty, y oversized, r gone at once)"


def test_to_a_server_that_has_ended_nothing_is_sent():
    sent = []
    found = shoot(ended(forking()), controls=Controls(send=sent.append), steps=(press("c"),))
    assert sent == []
    assert found[-2:] == ["", " space play   ← → time   s step   ] connection   e error   G go to   / filter   q quit"]


def test_the_focused_panel_has_a_frame_of_its_own_without_colours():
    before, queue, _, rail = film(forking(), steps=(press("tab"), press("shift+tab"), press("shift+tab")))
    assert any("╔═ Calls ═" in line for line in before)
    assert any("╔═ Queue " in line for line in queue)
    assert any("╭─ Calls ─" in line for line in queue)
    assert rail[1].startswith("║parent main")
    assert any("[Queue - to be accepted]" in line for line in shoot(forking(), steps=(press("tab"),), ascii_marks=True))


def test_narrow_shows_one_small_panel_at_a_time_and_p_the_next():
    """All there are, one after the other; those that share a place are named, the one that is seen in brackets."""
    found = film(forking(), size=(80, 24), steps=(press("p"),) * 7)
    seen = [next(line for line in lines if line.startswith("╭")).strip("╭─╮ ").partition(" ─")[0] for lines in found]
    assert seen == [
        "Children", "Threads", "Connections", "[Source] Inspector Waiting", "Source [Inspector] Waiting", "Source Inspector [Waiting]",
        "Queue", "Children",
    ]  # fmt: skip


def test_enlarge_leaves_the_mode_in_sight():
    _, found, after = film(forking(), size=(80, 24), steps=(press("z"), press("z")))
    assert "LIVE" in found[0]
    assert "select" in found[1]
    assert not any("Children" in line for line in found)
    assert any("Children" in line for line in after)


@pytest.mark.parametrize("keys", [(), ("shift+tab",)], ids=["calls", "rail"])
def test_z_says_that_it_goes_back(keys):
    _, found, after = film(forking(), steps=(press(*keys, "z"), press("z")))
    assert "z back" in found[-1]
    assert any("╭─ Calls ─" in line or "╔═ Calls ═" in line for line in found)
    assert not any("Queue" in line for line in found)
    assert "z enlarge" in after[-1]


def test_losses_are_loud():
    quiet = forking()
    counts = changed(quiet.moment.counts, lost=12)
    loud = changed(quiet, moment=changed(quiet.moment, counts=counts), damaged=2)
    assert "· 0 records lost" in header(quiet)
    assert "!! 12 records lost · 2 damaged" in header(loud)
    assert "!! 12 records lost" in header(loud, 80)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "● LIVE  "),
        ({"newest": 20 * S}, "● LIVE, no word for 11 s"),
        ({"mode": "replay", "now": 12_418 * MS, "over": True}, "◀ REPLAY 00:12.418  "),
        ({"mode": "replay", "now": 12_418 * MS, "behind": 4 * S}, "◀ REPLAY 00:12.418, 4.0 s behind  "),
        ({"mode": "replay", "now": 12_418 * MS, "over": True, "behind": 4 * S}, "◀ REPLAY 00:12.418  "),
        ({"mode": "replay", "now": 12_418 * MS, "over": True, "playing": True}, "◀ REPLAY 00:12.418, playing  "),
        ({"mode": "ended", "now": 42_278 * MS, "finished": True}, "■ ENDED 00:42.2  "),
        ({"mode": "ended", "finished": True, "abandoned": True}, "■ ENDED, no end recorded: its supervisor is gone  "),
        ({"mode": "replay", "over": True, "reading": 43}, "43 % read"),
        ({"mode": "frozen", "behind": 3200 * MS}, "■ FROZEN 3.2 s behind"),
    ],
)
def test_mode(fields, words):
    found = header(changed(forking(), **fields))
    assert words in found
    assert "demo forking" in found


def test_help_speaks_of_the_focused_panel_and_of_every_hook():
    before, calls, closed, queue, *_ = film(forking(), steps=(press("question_mark"), press("q"), press("tab", "question_mark")))
    assert any("╭─ Calls ─" in line for line in calls[1:])
    assert "request_queue_size" in "\n".join(queue)
    assert closed == before


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_help_offers_its_own_keys_only(size):
    steps = [press(key) for close in ("escape", "q", "question_mark") for key in ("question_mark", close)]
    before, *found = film(forking(), size=size, steps=tuple(steps), controls=clients())
    assert found[0][-1].split() == ["Esc", "close", "q", "close", "?", "close"]
    assert found[1::2] == [before] * 3


def test_every_help_has_an_ascii_form():
    panels = Panel.__subclasses__() + Scrolled.__subclasses__() + Paged.__subclasses__()
    words = keys_help(Offer(sends=True, holds=True, servers=True, types=True, interrupts=True))
    assert [letter for letter in ascii_only("".join(panel.HELP_TEXT for panel in panels) + words) if not letter.isascii()] == []


def test_no_server_yet():
    empty = changed(forking(), server=None, path=None, rows=())
    found = "\n".join(shoot(empty))
    assert "no server yet" in found
