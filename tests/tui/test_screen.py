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
    assert "x silent" in keys
    assert keys.endswith("q quit")


def test_where_words_have_no_room_every_key_is_still_there():
    assert shoot(forking(), size=(40, 12), controls=clients())[-1] == " c  b  l  x  space  p  z  q"


def test_the_footer_matches_the_width_after_resizing():
    def resize(*size):
        async def step(pilot):
            await pilot.resize_terminal(*size)

        return step

    wide, narrow = (shoot(forking(), size=size, controls=clients())[-1] for size in ((120, 36), (80, 24)))
    assert shoot(forking(), size=(120, 36), steps=(resize(80, 24),), controls=clients())[-1] == narrow
    assert shoot(forking(), size=(80, 24), steps=(resize(120, 36),), controls=clients())[-1] == wide


@pytest.mark.parametrize("size", [(40, 12), (80, 12), (120, 12), (60, 17)], ids=str)
def test_in_little_room_the_calls_stay(size):
    found = shoot(forking(), size=size, controls=clients())
    assert sum(line.startswith("║") for line in found) >= 5
    assert any("select" in line for line in found[4:])


def test_in_little_room_p_fills_the_screen_with_the_next_panel():
    steps = (press("p"),)
    found = shoot(forking(), size=(40, 12), steps=steps)
    assert any("Threads" in line for line in found)
    assert not any("Calls" in line for line in found)
    assert any("Calls" in line for line in shoot(forking(), size=(40, 12), steps=(*steps, press("z"))))


def test_the_keys_of_a_datagram_server_are_true():
    udp = changed(forking(), server=changed(forking().server, kind="datagram"))
    found = shoot(udp, controls=clients())
    assert "l three   x empty" in found[-1]
    assert found[-2] == " ☞ press c to send a datagram (b ten, l three in a row, x an empty one)"


def test_to_a_server_that_has_ended_nothing_is_sent():
    sent = []
    found = shoot(changed(forking(), mode="ended", finished=True), controls=Controls(send=sent.append), steps=(press("c"),))
    assert sent == []
    assert found[-2:] == ["", " space freeze   z enlarge   ? help   q quit"]


def test_the_focused_panel_has_a_frame_of_its_own_without_colours():
    assert any("╔═ Calls ═" in line for line in shoot(forking()))
    found = shoot(forking(), steps=(press("tab"),))
    assert any("╔═ Queue " in line for line in found)
    assert any("╭─ Calls ─" in line for line in found)
    assert any("[Queue - to be accepted]" in line for line in shoot(forking(), steps=(press("tab"),), ascii_marks=True))
    assert shoot(forking(), steps=(press("shift+tab"),))[1].startswith("║parent main")


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


@pytest.mark.parametrize("keys", [(), ("shift+tab",)], ids=["calls", "rail"])
def test_z_says_that_it_goes_back(keys):
    found = shoot(forking(), steps=(press(*keys, "z"),))
    assert "z back" in found[-1]
    assert any("╭─ Calls ─" in line or "╔═ Calls ═" in line for line in found)
    assert not any("Queue" in line for line in found)
    assert "z enlarge" in shoot(forking(), steps=(press(*keys, "z", "z"),))[-1]


def test_losses_are_loud():
    quiet = forking()
    counts = changed(quiet.moment.counts, lost=12)
    loud = changed(quiet, moment=changed(quiet.moment, counts=counts), damaged=2)
    assert "· 0 records lost" in shoot(quiet)[0]
    assert "!! 12 records lost · 2 damaged" in shoot(loud)[0]
    assert "!! 12 records lost" in shoot(loud, size=(80, 24))[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "● LIVE  "),
        ({"newest": 20_000_000_000}, "● LIVE, no word for 11 s"),
        ({"mode": "replay", "now": 12_418_000_000}, "◀ REPLAY 00:12.418"),
        ({"mode": "ended", "now": 42_278_000_000, "finished": True}, "■ ENDED 00:42.2  "),
        ({"mode": "ended", "finished": True, "abandoned": True}, "■ ENDED, no end recorded: its supervisor is gone  "),
        ({"mode": "replay", "reading": 43}, "43 % read"),
        ({"mode": "frozen", "behind": 3_200_000_000}, "■ FROZEN 3.2 s behind"),
    ],
)
def test_mode(fields, words):
    found = shoot(changed(forking(), **fields))[0]
    assert words in found
    assert "demo forking" in found


def test_help_speaks_of_the_focused_panel_and_of_every_hook():
    assert "Calls" in "\n".join(shoot(forking(), steps=(press("question_mark"),)))
    found = "\n".join(shoot(forking(), steps=(press("tab"), press("question_mark"))))
    assert "request_queue_size" in found


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_help_offers_its_own_keys_only(size):
    assert shoot(forking(), size=size, steps=(press("question_mark"),), controls=clients())[-1].split() == [
        "Esc", "close", "q", "close", "?", "close",
    ]  # fmt: skip
    for key in ("escape", "q", "question_mark"):
        assert shoot(forking(), steps=(press("question_mark"), press(key))) == shoot(forking())


def test_no_server_yet():
    empty = changed(forking(), server=None, path=None, rows=())
    found = "\n".join(shoot(empty))
    assert "no server yet" in found
