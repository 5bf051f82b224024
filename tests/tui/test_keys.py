"""Keys: clients, the automatic one, freeze, quit; and the environment."""

import pytest

from tests.tui.kit import Still, press, shoot
from tests.tui.scenes import changed, forking, running
from tracer.tui.app import Watch
from tracer.tui.controls import Controls
from tracer.tui.marks import ARROW, LEGEND, OPEN, ascii_only, needs_ascii
from tracer.tui.offers import Offer, keys_help
from tracer.tui.screens.help import Question


@pytest.mark.parametrize(("key", "kind"), [("c", "one"), ("b", "burst"), ("l", "slow"), ("x", "silent")])
def test_a_client_key(key, kind):
    sent = []
    shoot(forking(), steps=(press(key),), controls=Controls(send=sent.append))
    assert sent == [kind]


def test_without_a_sender_the_keys_do_nothing():
    assert shoot(forking(), steps=(press("c", "b", "l", "x"),)) == shoot(forking())


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

    found = shoot(forking(), controls=controls, steps=(by_itself,))
    assert found[-2] == " ☞ a client every 2 s until you press c, b, l or x"
    assert sent == ["one"]
    shoot(forking(), controls=controls, steps=(by_itself, press("l"), by_itself, by_itself))
    assert sent == ["one", "one", "slow"]


def test_space_freezes():
    feed = Still(forking())
    shoot(feed=feed, steps=(press("space"), press("space")))
    assert feed.freezes == 2


def test_quit():
    async def gone(pilot):
        assert pilot.app.return_value == 0

    shoot(forking(), steps=(press("q"), gone))


def test_quit_asks_where_something_ends_with_the_screen():
    controls = Controls(question="Quit, and end the server?")

    async def still_here(pilot):
        assert pilot.app.return_value is None

    found = shoot(forking(), steps=(press("q"), still_here), controls=controls)
    assert any("Quit, and end the server?" in line for line in found)
    shoot(forking(), steps=(press("q"), press("n"), still_here), controls=controls)

    async def gone(pilot):
        assert pilot.app.return_value == 0

    shoot(forking(), steps=(press("q"), press("y"), gone), controls=controls)


async def gone(pilot):
    assert pilot.app._exit
    assert pilot.app.return_value == 0


async def asked(pilot):
    assert not pilot.app._exit
    assert isinstance(pilot.app.screen, Question)


EVERYWHERE = {"screen": (), "help": ("question_mark",), "palette": ("ctrl+p",), "typing": ("i",)}


@pytest.mark.parametrize("before", EVERYWHERE.values(), ids=list(EVERYWHERE))
@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
def test_ctrl_c_leaves_from_everywhere(key, before):
    sent = []
    steps = (*(press(one) for one in before), press(key), gone)
    shoot(forking(), steps=steps, controls=Controls(type=sent.append, interrupt=lambda: sent.append("interrupt")))
    assert sent == [], "and it does not reach the program"


@pytest.mark.parametrize("before", EVERYWHERE.values(), ids=list(EVERYWHERE))
def test_ctrl_c_asks_where_something_ends_with_the_screen_and_the_second_time_it_leaves(before):
    controls = Controls(question="End app.py?", type=lambda text: None)
    steps = (*(press(one) for one in before), press("ctrl+c"), asked)
    found = shoot(forking(), steps=steps, controls=controls)
    assert any("End app.py?" in line for line in found)
    shoot(forking(), steps=(*steps, press("ctrl+c"), gone), controls=controls)
    shoot(forking(), steps=(*steps, press("n"), press("ctrl+c"), asked), controls=controls)


@pytest.mark.parametrize("before", [*EVERYWHERE.values(), ("q",)], ids=[*EVERYWHERE, "question"])
def test_ctrl_q_asks_nothing(before):
    controls = Controls(question="End app.py?", type=lambda text: None)
    shoot(forking(), steps=(*(press(one) for one in before), press("ctrl+q"), gone), controls=controls)


def test_ctrl_c_leaves_while_q_asks():
    shoot(forking(), steps=(press("q"), asked, press("ctrl+c"), gone), controls=Controls(question="End app.py?"))


@pytest.mark.parametrize(
    "ended", [{"mode": "ended", "finished": True}, {"mode": "frozen", "ended_since": True}], ids=["ended", "frozen"]
)
@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_when_the_program_has_ended_there_is_nothing_to_ask(key, ended):
    shoot(changed(forking(), **ended), steps=(press(key), gone), controls=Controls(question="End app.py?"))


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
    controls = Controls(send=lambda kind: None)
    hint = " ☞ press c to send a client (b ten, l a slow one, x a silent one)"
    assert shoot(forking(), controls=controls)[-2] == hint
    assert shoot(forking(), controls=controls, steps=(press("c"),))[-2] == ""
    assert shoot(forking())[-2] == ""


def test_the_palette_speaks_in_our_words():
    app = Watch(Still(), Controls(send=lambda kind: None))
    titles = [command.title for command in app.get_system_commands(app.picture)]
    assert titles == ["Send: client", "Send: burst", "Send: slow", "Send: silent", "Freeze", "Enlarge", "Help", "Quit"]


def test_the_palette_of_a_run():
    titles = []

    async def ask(pilot):
        titles.extend(command.title for command in pilot.app.get_system_commands(pilot.app.screen))

    shoot(running(), steps=(ask,), controls=Controls(type=lambda text: None, interrupt=lambda: None))
    assert titles == ["Type", "Send Ctrl-C", "Search", "Next server", "Server details", "Freeze", "Enlarge", "Help", "Quit"]


def test_the_help_tells_the_keys_that_there_are():
    run = keys_help(Offer(types=True, interrupts=True, servers=True, asks=True))
    for words in ("q and Ctrl-C quit, after a question", "v shows the next server", "i opens a line", "k sends Ctrl-C"):
        assert words in run
        assert words not in keys_help(Offer())
    assert "b ten at once" in keys_help(Offer(sends=True))


def test_no_color_changes_no_word(monkeypatch):
    before = shoot(forking())
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(forking()) == before


@pytest.mark.parametrize(
    ("environment", "encoding", "ascii_marks"),
    [({"TERM": "xterm-256color"}, "utf-8", False), ({"TERM": "linux"}, "utf-8", True), ({"TERM": "xterm"}, "ascii", True)],
)
def test_which_terminal_needs_ascii(environment, encoding, ascii_marks):
    assert needs_ascii(environment, encoding) is ascii_marks


def test_the_keys_of_the_footer_can_be_clicked():
    sent = []

    async def click(pilot):
        await pilot.click("#keys", offset=(3, 0))

    shoot(forking(), steps=(click,), controls=Controls(send=sent.append))
    assert sent == ["one"]


def test_the_palette_takes_spaces():
    feed = Still(forking())
    found = shoot(feed=feed, steps=(press("ctrl+p"), press("s", "space", "x")))
    assert feed.freezes == 0
    assert any("s x" in line for line in found)
