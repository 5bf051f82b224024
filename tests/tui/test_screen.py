"""The whole screen as text, at the sizes it is made for."""

import pytest

from tests.tui.kit import check, press, shoot
from tests.tui.scenes import changed, forking, synchronous, threading
from tracer.tui.controls import Controls


def clients() -> Controls:
    return Controls(send=lambda kind: None)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
@pytest.mark.parametrize("scene", [forking, synchronous, threading], ids=lambda scene: scene.__name__)
def test_golden(scene, size):
    found = shoot(scene(), size=size, controls=clients())
    assert len(found) == size[1]
    assert max(map(len, found)) <= size[0]
    check(f"{scene.__name__}-{size[0]}x{size[1]}", found)


def test_golden_in_ascii_for_the_linux_console():
    found = shoot(forking(), size=(80, 24), controls=clients(), ascii_marks=True)
    assert "\n".join(found).isascii()
    check("forking-80x24-ascii", found)


def test_a_stranger_sees_where_everybody_is():
    found = "\n".join(shoot(forking()))
    assert "parent main" in found
    assert "▶select ▸ get_request" in found, "the parent is back in select"
    assert "child P4122 #7" in found
    assert "▸ ▶handle ▸" in found, "the child is in handle"


def test_without_clients_no_key_offers_one():
    found = shoot(forking())
    assert "client" not in found[-1]
    assert "space freeze" in found[-1]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_the_footer_has_at_most_eight_keys(size):
    keys = shoot(forking(), size=size, controls=clients())[-1]
    assert len(keys.split()) / 2 == 8
    assert keys.endswith("q quit")


def test_narrow_shows_one_small_panel_at_a_time_and_p_the_next():
    assert "Children" in "\n".join(shoot(forking(), size=(80, 24)))
    after = "\n".join(shoot(forking(), size=(80, 24), steps=(press("p"),)))
    assert "Threads" in after
    assert "Children" not in after


def test_enlarge_leaves_the_mode_in_sight():
    found = shoot(forking(), size=(80, 24), steps=(press("z"),))
    assert "LIVE" in found[0]
    assert "select" in found[1]
    assert not any("Children" in line for line in found)
    assert any("Children" in line for line in shoot(forking(), size=(80, 24), steps=(press("z"), press("z"))))


def test_losses_are_loud():
    quiet = forking()
    counts = changed(quiet.moment.counts, lost=12)
    loud = changed(quiet, moment=changed(quiet.moment, counts=counts), damaged=2)
    assert "0 lost" in shoot(quiet)[0]
    assert "‼ 12 lost · 2 damaged" in shoot(loud)[0]
    assert "‼ 12 lost" in shoot(loud, size=(80, 24))[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "● LIVE  "),
        ({"newest": 20_000_000_000}, "● LIVE, no word for 11 s"),
        ({"mode": "replay", "now": 12_418_000_000}, "◀ REPLAY 00:12.418"),
        ({"mode": "replay", "reading": 43}, "43 % read"),
        ({"mode": "frozen", "behind": 3_200_000_000}, "■ FROZEN 3.2 s behind"),
    ],
)
def test_mode(fields, words):
    assert words in shoot(changed(forking(), **fields))[0]


def test_help_speaks_of_the_focused_panel_and_of_every_hook():
    assert "Calls" in "\n".join(shoot(forking(), steps=(press("question_mark"),)))
    found = "\n".join(shoot(forking(), steps=(press("tab"), press("question_mark"))))
    assert "request_queue_size" in found


def test_no_server_yet():
    empty = changed(forking(), server=None, servers=0, path=None, rows=())
    found = "\n".join(shoot(empty))
    assert "no server yet" in found
