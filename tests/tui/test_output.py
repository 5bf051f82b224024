"""The panel of the program's terminal: where it stands, following, searching; and typing to the program."""

import pytest

from tests.tui.kit import Still, check, press, shoot, tick, typed
from tests.tui.scenes import changed, forking, running, written
from tracer.probe.frames import fact
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed
from tracer.tui.marks import ascii_only
from tracer.tui.terminal.text import TerminalText


def controls(**more):
    """What `tracer run` allows."""
    return Controls(type=lambda text: None, interrupt=lambda: None, question="End app.py?", **more)


def panel(found):
    """The lines inside the panel's frame."""
    start = next(number for number, line in enumerate(found) if " Output" in line)
    end = next(number for number in range(start + 1, len(found)) if found[number].rstrip().endswith(("╯", "╝")))
    lines = [line[:-1] for line in found[start + 1 : end]]
    return [max(line.rpartition("│")[2], line.rpartition("║")[2], key=lambda part: -len(part)).rstrip(" ▁▂▃▄▅▆▇█") for line in lines]


def filled(found):
    return [line for line in panel(found) if line]


def numbered(count):
    return "".join(f"line {number}\r\n" for number in range(count))


# ---- where it stands


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
def test_golden(size):
    found = shoot(running(), size=size, controls=controls())
    assert max(map(len, found)) <= size[0]
    check(f"running-{size[0]}x{size[1]}", found)


def test_golden_in_ascii():
    shown = changed(running(), output=written("plain\r\n" * 9))
    found = shoot(shown, size=(80, 24), controls=controls(), ascii_marks=True)
    assert "\n".join(found).isascii()
    check("running-80x24-ascii", found)


def test_a_recording_without_a_terminal_has_no_such_panel():
    assert not any("Output" in line for line in shoot(forking()))
    steps = (press("p", "p", "p", "p"),)
    assert not any("Output" in line for line in shoot(forking(), size=(80, 24), steps=steps))


def test_it_comes_with_the_first_output():
    feed = Still(forking(), changed(forking(), output=written("hello\r\n")))
    assert filled(shoot(feed=feed, steps=(tick,))) == ["hello"]


def test_where_there_is_room_for_one_panel_it_is_the_first():
    found = shoot(running(), size=(80, 24))
    assert any("Output" in line for line in found)
    assert any("Queue" in line for line in shoot(running(), size=(80, 24), steps=(press("p"),)))
    assert any("Output" in line for line in shoot(running(), size=(80, 24), steps=(press("p", "p", "p", "p"),)))


def test_before_the_first_word_it_says_so():
    silent = changed(running(), output=None)
    assert filled(shoot(silent, controls=controls())) == ["nothing written yet"]
    assert filled(shoot(changed(silent, finished=True, mode="ended"), controls=controls())) == ["nothing written"]


def test_long_lines_go_on_in_the_next_row():
    assert filled(shoot(running()))[-5:] == [
        '127.0.0.1 - - [01/Jan/2026 00:00:01] "GET',
        '  / HTTP/1.1" 200 -',
        '127.0.0.1 - - [01/Jan/2026 00:00:02] "GET',
        '  /nothing HTTP/1.1" 404 -',
        "command>",
    ]


def test_colours_are_kept():
    shown = changed(
        running(), output=written("\x1b[31mred\x1b[0m \x1b[38;5;208morange\x1b[0m \x1b[38;2;1;2;3mexact\x1b[0m \x1b[1mbold\x1b[0m")
    )
    styles = {}

    async def look(pilot):
        strips = pilot.app.screen._compositor.render_strips()
        styles.update({segment.text: segment.style for strip in strips for segment in strip})

    shoot(shown, steps=(look,))
    assert styles["orange"].color.triplet.hex == "#ff8700"
    assert styles["exact"].color.triplet.hex == "#010203"
    assert styles["bold"].bold
    assert styles["red"].color != styles["bold"].color


def test_each_of_the_sixteen_colours_is_another():
    codes = [*range(30, 38), *range(90, 98)]
    shown = changed(running(), output=written("".join(f"\x1b[{code}m<{code}>\x1b[0m \r\n" for code in codes)))
    colours = {}

    async def look(pilot):
        strips = pilot.app.screen._compositor.render_strips()
        colours.update({segment.text: segment.style.color.triplet.hex for strip in strips for segment in strip if segment.style.color})

    shoot(shown, size=(120, 60), steps=(look,))
    found = {colours[f"<{code}>"] for code in codes}
    assert len(found) == 16
    assert "#121212" not in found


def test_nothing_that_acts_reaches_the_terminal():
    hostile = "\x1b]0;title\x07\x1b[2J\x1b[?1049h\x1b[5;5Hhere\x07\x9b31m\x1bPq\x1b\\[bold]\u202e"
    found = shoot(changed(running(), output=written(hostile)))
    assert filled(found) == ["here[bold]\\u202e"]
    assert not any(character in "".join(found) for character in "\x1b\x07\x9b\u202e")


def test_the_newest_lines_of_many():
    shown = changed(running(), output=written(numbered(200_000)))
    assert filled(shoot(shown))[-1] == "line 199999"
    found = filled(shoot(shown, steps=(press("shift+tab", "shift+tab"), press("home"))))
    assert found[:2] == ["… 150,000 older lines are not kept", "line 150000"]


# ---- following


FOCUS = press("shift+tab", "shift+tab")  # from Calls back over the rail to Output


def growing(*counts):
    return Still(*(changed(running(), output=written(numbered(count))) for count in counts))


def test_it_follows_the_tail():
    assert filled(shoot(feed=growing(100, 200), steps=(tick,)))[-1] == "line 199"


def test_it_stays_where_somebody_looks_and_end_goes_back():
    steps = (FOCUS, press("home"), tick)
    found = shoot(feed=growing(100, 200), steps=steps)
    assert filled(found)[0] == "line 0"
    assert any("Output ─ press End to follow" in line for line in found)
    assert filled(shoot(feed=growing(100, 200), steps=(*steps, press("end"))))[-1] == "line 199"


def test_what_is_looked_at_stays_though_it_is_kept_no_longer():
    steps = (FOCUS, press("home"), press("pagedown"))
    before = filled(shoot(feed=growing(100), steps=steps))
    found = shoot(feed=growing(100, 60_000), steps=(*steps, tick))
    assert filled(found) == before
    assert any("as of" in line for line in found)


def test_a_resized_panel_shows_the_same_line_at_its_top():
    def resize(*size):
        async def step(pilot):
            await pilot.resize_terminal(*size)

        return step

    text = "".join(f"line {number} {'x' * 60}\r\n" for number in range(500))
    shown = changed(running(), output=written(text))
    steps = (FOCUS, press("home"), press(*["pagedown"] * 9))
    (top, *_) = filled(shoot(shown, steps=steps))
    for size in ((200, 60), (100, 30)):
        assert filled(shoot(shown, steps=(*steps, resize(*size))))[0].split()[:2] == top.split()[:2]


def test_the_line_at_the_top_may_be_wiped():
    terminal = TerminalText()
    views = []
    for piece in (numbered(3) + "x" * 2000, "\r\x1b[K", "again"):
        terminal.feed(piece)
        views.append(changed(running(), output=terminal.lines()))
    found = filled(shoot(feed=Still(*views), steps=(FOCUS, press("pageup"), tick, tick)))
    assert found[-1] == "again"


def test_enlarged_it_has_the_screen():
    found = shoot(running(), size=(80, 24), steps=(press("tab", "z"),))
    assert '127.0.0.1 - - [01/Jan/2026 00:00:02] "GET /nothing HTTP/1.1" 404 -' in filled(found)


def test_frozen_it_shows_what_was_written_then():
    frozen = changed(running(), mode="frozen", behind=3_000_000_000)
    assert filled(shoot(frozen))[-1] == "command>"


# ---- search


def found_after(*steps, size=(120, 36), text=None):
    shown = running() if text is None else changed(running(), output=written(text))
    return shoot(shown, size=size, steps=(FOCUS, press("slash"), *steps), controls=controls())


@pytest.mark.parametrize(
    ("steps", "note"),
    [
        ((typed("get"),), "get 2 of 2"),
        ((typed("get"), press("enter")), "get 1 of 2"),
        ((typed("get"), press("up", "up")), "get 2 of 2"),
        ((typed("get"), press("down")), "get 1 of 2"),
        ((typed("Get"),), "Get not found"),
        ((typed("get"), press("backspace", "backspace", "backspace")), ""),
    ],
    ids=["newest first", "Enter", "Up", "Down", "a capital counts", "nothing wanted"],
)
def test_a_search_starts_at_the_newest_match_and_counts(steps, note):
    found = found_after(*steps)
    assert " ".join(found[-2].split()) == f"search Output: {note}".rstrip()
    assert found[-1] == " Enter Up earlier match   Down later match   Esc close"


def test_a_search_jumps():
    text = numbered(1000)
    assert "line 500" in filled(found_after(typed("line 500"), text=text))
    found = filled(found_after(typed("line 50"), press("up"), text=text))
    assert "line 508" in found


def test_matches_are_marked():
    marked = {}

    async def look(pilot):
        strips = pilot.app.screen._compositor.render_strips()
        for strip in strips:
            for segment in strip:
                if segment.style and segment.style.bgcolor and segment.text == "GET":
                    marked.setdefault(segment.style.bgcolor.triplet.hex, []).append(segment.style.bold)

    found_after(typed("get"), look)
    assert marked == {"#c8c8c8": [None], "#f0e442": [True]}


def test_escape_ends_the_search():
    found = found_after(typed("get"), press("escape"))
    assert "search Output" not in found[-2]
    assert "/ search" in found[-1], "the panel has the keys again"


def test_a_search_goes_on_while_lines_come():
    steps = (FOCUS, press("slash"), typed("line"), tick)
    found = shoot(feed=growing(10, 20), steps=steps)
    assert found[-2].endswith("10 of 20")


def test_of_very_many_matches_the_newest_are_found(monkeypatch):
    monkeypatch.setattr("tracer.tui.terminal.search.MOST", 10)
    found = found_after(typed("l"), press("down"), text=numbered(20))
    assert " ".join(found[-2].split()) == "search Output: l 1 of more than 10"


def test_letters_of_a_search_are_no_keys():
    sent = []
    shown = controls()
    shown.interrupt = lambda: sent.append("interrupt")
    found = shoot(running(), steps=(FOCUS, press("slash"), typed("k q z?")), controls=shown)
    assert found[-2].split()[:4] == ["search", "Output:", "k", "q"]
    assert sent == []


# ---- typing to the program


def typing(*steps, shown=None, size=(120, 36)):
    sent = []
    allowed = Controls(type=sent.append, interrupt=lambda: sent.append("interrupt"))
    return sent, shoot(shown or running(), size=size, steps=steps, controls=allowed)


def test_a_line_is_sent_and_the_next_one_can_be_typed():
    sent, found = typing(press("i"), typed("help me"), press("enter"), typed("quit"), press("enter"))
    assert sent == ["help me\n", "quit\n"]
    assert found[-3:] == [
        " ☞ sent a line of 4 characters to the program",
        " to the program:",
        " Enter send the line   Ctrl-D end of input   Esc close",
    ]


def test_an_empty_line_is_sent_and_so_is_the_end_of_input():
    sent, found = typing(press("i", "enter"))
    assert (sent, found[-3]) == (["\n"], " ☞ sent Enter to the program")
    sent, found = typing(press("i", "ctrl+d"))
    assert (sent, found[-3]) == (["\x04"], " ☞ sent the end of input (Ctrl-D) to the program")
    sent, _ = typing(press("i"), typed("ab"), press("home", "ctrl+d", "enter"))
    assert sent == ["b\n"], "within a line it deletes, as elsewhere"


def test_what_is_dropped_was_not_sent(tmp_path):
    """The supervisor tells when it has no room for what the program does not read."""
    path = tmp_path / "run.tracer"
    path.write_bytes(fact(0, type="header", version=1, monotonic_ns=0))
    feed = Feed(path, follow=True, clock=lambda: 9_000)

    async def dropped(pilot):
        with path.open("ab") as file:
            file.write(fact(0, type="untyped", t=5_000, characters=4))

    try:
        found = shoot(feed=feed, steps=(press("i"), typed("quit"), press("enter"), dropped, tick), controls=controls())
    finally:
        feed.close()
    assert found[-3] == " ☞ the program does not read what is typed: 4 characters dropped"


def test_on_a_narrow_line_there_is_room_for_what_is_typed():
    _, found = typing(press("i"), typed("quit"), size=(24, 20))
    assert found[-2] == "quit"
    _, found = typing(press("i"), typed("quit"), size=(30, 20))
    assert found[-2] == " to the program: quit"


def test_escape_closes_the_line_and_the_keys_are_keys_again():
    sent, found = typing(press("i"), typed("x"), press("escape"), press("k"))
    assert sent == ["interrupt"]
    assert found[-2:] == [
        " ☞ sent Ctrl-C to the program",
        " i type   k Ctrl-C   space freeze   v server   z enlarge   ? help   q quit",
    ]


def test_typing_brings_the_output_into_sight():
    _, found = typing(press("p"), press("i"), size=(80, 24))
    assert any("Output" in line for line in found)


def test_tab_leaves_the_keys_with_the_line():
    sent, _ = typing(press("i", "tab"), typed("k"), press("enter"))
    assert sent == ["k\n"]


def test_the_keys_of_the_line_can_be_clicked():
    async def click(pilot):
        await pilot.click("#keys", offset=(2, 0))

    sent, _ = typing(press("i"), typed("hello"), click)
    assert sent == ["hello\n"]


def test_what_is_not_possible_is_not_offered():
    assert " i type" not in shoot(running())[-1]
    assert shoot(running(), steps=(press("i", "k"),)) == shoot(running())
    sent, found = typing(press("i", "k"), shown=changed(running(), mode="ended", finished=True))
    assert sent == []
    assert found[-1] == " space freeze   v server   z enlarge   ? help   q quit"


def test_the_line_closes_when_the_program_ends():
    ended = changed(running(), mode="ended", finished=True)
    found = shoot(feed=Still(running(), ended), steps=(press("i"), tick), controls=controls())
    assert found[-2] == " ☞ the program has ended: it reads nothing more"


def test_the_footer_never_has_more_than_eight_keys():
    for size in ((80, 24), (120, 36)):
        for steps in ((), (FOCUS,)):
            found = shoot(running(), size=size, steps=steps, controls=controls(send=lambda kind: None))
            keys = found[-1].split()
            assert len(keys) / 2 == 8
            assert keys[-2:] == ["q", "quit"]


def test_ascii_marks_in_what_was_written():
    found = shoot(changed(running(), output=written("50 % ▶ …\r\n")), ascii_marks=True)
    assert any(ascii_only("50 % ▶ …") in line for line in found)
