"""Keys: clients, the automatic one, freeze, quit; and the environment."""

import pytest

from tests.tui.kit import Still, film, press, shoot, tick
from tests.tui.scenes import changed, ended, forking, running
from tracer.tui.controls import Controls
from tracer.tui.marks import ARROW, LEGEND, OPEN, ascii_only, needs_ascii
from tracer.tui.offers import TIME_KEYS, Offer, keys_help
from tracer.tui.screens.help import Question


def test_client_keys():
    """Of a datagram server, too: what each kind means there, whoever sends them knows."""
    sent = []
    udp = changed(forking(), server=changed(forking().server, kind="datagram"))
    shoot(forking(), udp, steps=(press(*"cblxyr"), tick, press(*"cblxyr")), controls=Controls(send=sent.append))
    assert sent == ["one", "burst", "slow", "silent", "half-close", "reset"] * 2


def test_without_a_sender_the_keys_do_nothing():
    before, after = film(forking(), steps=(press("c", "b", "l", "x", "y", "r"),))
    assert before == after


def test_what_a_client_says_stands_above_the_footer():
    controls = Controls(send=lambda kind: None)
    controls.say("client 1: first")
    controls.say("client 3: sent 'hello', reply in 1.2 ms [bold]\x1b[1m")
    found = shoot(forking(), controls=controls)
    assert found[-2] == " ☞ client 3: sent 'hello', reply in 1.2 ms [bold]\\x1b[1m"


def test_a_client_comes_by_itself_until_the_first_key():
    sent = []
    controls = Controls(send=sent.append, every=2.0)

    async def by_itself(pilot):
        pilot.app.send_by_itself()

    _, found, *_ = film(forking(), controls=controls, steps=(by_itself, press("l"), by_itself, by_itself))
    assert found[-2] == " ☞ a client every 2 s until you press c, b, l or x"
    assert sent == ["one", "slow"]


def test_space_freezes_what_goes_on_and_plays_what_is_over():
    feed = Still(forking(), ended(forking()))
    shoot(feed=feed, steps=(press("space", "space"), tick, press("space")))
    assert (feed.freezes, feed.plays) == (2, 1)


def test_quit():
    shoot(forking(), steps=(press("q"), gone))


def test_quit_asks_where_something_ends_with_the_screen():
    async def still_here(pilot):
        assert not pilot.app._exit

    steps = (press("q"), press("n"), still_here, press("q"), press("y"), gone)
    found = film(forking(), steps=steps, controls=Controls(question="Quit, and end the server?"))
    assert any("Quit, and end the server?" in line for line in found[1])


async def gone(pilot):
    assert pilot.app._exit
    assert pilot.app.return_value == 0


async def asked(pilot):
    assert not pilot.app._exit
    assert isinstance(pilot.app.screen, Question)


EVERYWHERE = {"screen": (), "help": ("question_mark",), "palette": ("ctrl+p",), "typing": ("i",)}


@pytest.mark.parametrize("before", EVERYWHERE.values(), ids=list(EVERYWHERE))
def test_ctrl_c_leaves_from_everywhere(before):
    sent = []
    steps = (*(press(one) for one in before), press("ctrl+c"), gone)
    shoot(forking(), steps=steps, controls=Controls(type=sent.append, interrupt=lambda: sent.append("interrupt")))
    assert sent == [], "and it does not reach the program"


@pytest.mark.parametrize("before", EVERYWHERE.values(), ids=list(EVERYWHERE))
def test_ctrl_c_asks_where_something_ends_with_the_screen_and_the_second_time_it_leaves(before):
    controls = Controls(question="End app.py?", type=lambda text: None)
    steps = (press("ctrl+c"), asked, press("n"), press("ctrl+c"), asked, press("ctrl+c"), gone)
    found = film(forking(), steps=(*(press(one) for one in before), *steps), controls=controls)
    assert any("End app.py?" in line for line in found[len(before) + 1])


@pytest.mark.parametrize("before", [*EVERYWHERE.values(), ("q",)], ids=[*EVERYWHERE, "question"])
def test_ctrl_q_asks_nothing(before):
    controls = Controls(question="End app.py?", type=lambda text: None)
    shoot(forking(), steps=(*(press(one) for one in before), press("ctrl+q"), gone), controls=controls)


def test_ctrl_c_leaves_while_q_asks():
    shoot(forking(), steps=(press("q"), asked, press("ctrl+c"), gone), controls=Controls(question="End app.py?"))


@pytest.mark.parametrize("shown", [ended(forking()), ended(forking(), mode="frozen", finished=False)], ids=["ended", "frozen"])
@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_when_the_program_has_ended_there_is_nothing_to_ask(key, shown):
    shoot(shown, steps=(press(key), gone), controls=Controls(question="End app.py?"))


def test_no_two_marks_share_a_shape():
    """Nor a letter of another: what is left of the marks in ASCII is as distinct as they are, but for the two that point.

    One of these stands at times and between hooks, the other in front of words.
    """
    assert len({mark.shape for mark in LEGEND}) == len({mark.ascii for mark in LEGEND}) + 1 == len(LEGEND)
    assert [mark.shape for mark in LEGEND if mark.ascii == ">"] == [OPEN, ARROW]
    assert all(len(mark.ascii) == len(mark.shape) and mark.ascii.isascii() for mark in LEGEND)
    assert all(ascii_only(mark.shape) == mark.ascii for mark in LEGEND)
    assert ascii_only("▮▮▯▯▯(▯) ✗→ E ✗ F → P4") == "##...(.) !> E ! F > P4"


def test_until_the_first_key_the_keys_for_clients_are_named():
    before, after = film(forking(), controls=Controls(send=lambda kind: None), steps=(press("c"),))
    assert before[-2] == " ☞ press c to send a client (b ten, l slow, x silent, y half-close, r reset)"
    assert after[-2] == ""
    assert shoot(forking())[-2] == ""


TIMES = [one.title for one in TIME_KEYS]
PANELS = [
    f"Panel: {name}"
    for name in (
        "Calls", "Queue", "Children", "Threads", "Connections", "Source", "Inspector", "Output", "Held", "Waiting", "Timeline",
    )
]  # fmt: skip
THEMES = ["Theme: dark", "Theme: light", "Theme: contrast"]


def test_the_palette_speaks_in_our_words():
    titles = []

    async def ask(pilot):
        titles.append([command.title for command in pilot.app.get_system_commands(pilot.app.screen)])

    demo = Controls(send=lambda kind: None)
    shoot(forking(), ended(forking()), steps=(ask, tick, ask), controls=demo)
    clients = ["client", "burst", "slow", "silent", "half-close", "reset"]
    rest = ["Enlarge", *THEMES, "Help", "Quit"]
    assert titles[0] == [
        *(f"Send: {name}" for name in clients), "Server details", *TIMES, "Go to", "Find", "Filter", "Mark", "Freeze", *PANELS, *rest,
    ]  # fmt: skip
    assert titles[1] == ["Server details", *TIMES, "Go to", "Find", "Filter", "Mark", "Play", *PANELS, *rest]


def test_the_palette_of_a_run():
    titles = []

    async def ask(pilot):
        titles.extend(command.title for command in pilot.app.get_system_commands(pilot.app.screen))

    shoot(running(), steps=(ask,), controls=Controls(type=lambda text: None, interrupt=lambda: None))
    assert titles[:4] == ["Type", "Send Ctrl-C", "Next server", "Server details"]
    assert "Search" in titles


def test_the_help_tells_the_keys_that_there_are():
    run = keys_help(Offer(types=True, interrupts=True, servers=True, asks=True))
    for words in ("q and Ctrl-C quit, after a question", "v shows the next server", "i opens a line", "k sends Ctrl-C"):
        assert words in run
        assert words not in keys_help(Offer())
    assert "b ten at once" in keys_help(Offer(sends=True))


def test_no_color_changes_no_word(monkeypatch):
    """Nor does it take a mark away: what colours say, shapes say, too."""
    before = shoot(forking())
    monkeypatch.setenv("NO_COLOR", "1")
    colours = set()

    async def look(pilot):
        strips = pilot.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours.update(place.triplet for style in styles for place in (style.color, style.bgcolor) if place is not None)

    assert shoot(forking(), steps=(look,)) == before
    assert {colour for colour in colours if colour is not None and len(set(colour)) > 1} == set()


@pytest.mark.parametrize(
    ("environment", "encoding", "ascii_marks"),
    [({"TERM": "xterm-256color"}, "utf-8", False), ({"TERM": "linux"}, "utf-8", True), ({"TERM": "xterm"}, "ascii", True)],
)
def test_which_terminal_needs_ascii(environment, encoding, ascii_marks):
    assert needs_ascii(environment, encoding) is ascii_marks


def test_the_keys_of_the_footer_can_be_clicked():
    sent = []

    async def click(pilot):
        await pilot.click("#keys", offset=(27, 0))

    shoot(forking(), steps=(click,), controls=Controls(send=sent.append))
    assert sent == ["one"]


def test_the_palette_takes_spaces():
    feed = Still(forking())
    found = shoot(feed=feed, steps=(press("ctrl+p"), press("s", "space", "x")))
    assert feed.freezes == 0
    assert any("s x" in line for line in found)
