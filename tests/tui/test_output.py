"""The panel of the program's terminal: where it stands, following, searching; and typing to the program."""

from tests.tui.kit import Still, film, press, shoot, tick, typed
from tests.tui.scenes import changed, ended, forking, running, written
from tracer.probe.frames import fact
from tracer.timeline.outputs import Outputs
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed
from tracer.tui.marks import ascii_only
from tracer.tui.terminal.text import TerminalText
from tracer.tui.terminal.written import Written


def controls(**more):
    """What `tracer run` allows."""
    return Controls(type=lambda text: None, interrupt=lambda: None, question="End app.py?", **more)


def panel(found):
    """The lines inside the panel's frame."""
    start = next(number for number, line in enumerate(found) if "[Output]" in line)
    end = next(number for number in range(start + 1, len(found)) if found[number].rstrip().endswith(("╯", "╝")))
    lines = [line[:-1] for line in found[start + 1 : end]]
    return [max(line.rpartition("│")[2], line.rpartition("║")[2], key=lambda part: -len(part)).rstrip(" ▁▂▃▄▅▆▇█") for line in lines]


def filled(found):
    return [line for line in panel(found) if line]


def numbered(count):
    return "".join(f"line {number}\r\n" for number in range(count))


# ---- where it stands


def test_a_recording_without_a_terminal_has_no_such_panel():
    assert not any("Output" in line for line in shoot(forking()))
    assert not any("Output" in line for found in film(forking(), size=(80, 24), steps=(press("p"),) * 8) for line in found)


def test_it_comes_with_the_first_output():
    assert filled(shoot(forking(), changed(forking(), output=written("hello\r\n")), steps=(tick,))) == ["hello"]


def test_where_there_is_room_for_one_panel_it_is_the_first():
    found = film(running(), size=(80, 24), steps=(press("p"), press("8")))
    assert [any("[Output]" in line for line in lines) for lines in found] == [True, False, True]


def test_before_the_first_word_it_says_so():
    silent = changed(running(), output=None)
    found = film(silent, ended(silent), steps=(tick,), controls=controls())
    assert [filled(lines) for lines in found] == [["nothing written yet"], ["nothing written"]]


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
    newest, _, oldest = film(shown, steps=(FOCUS, press("home")))
    assert filled(newest)[-1] == "line 199999"
    assert filled(oldest)[:2] == ["… 150,000 older lines are not kept", "line 150000"]


# ---- following


FOCUS = press("8")


def growing(*counts):
    return Still(*(changed(running(), output=written(numbered(count))) for count in counts))


def test_it_follows_the_tail():
    assert [filled(found)[-1] for found in film(feed=growing(100, 200), steps=(tick,))] == ["line 99", "line 199"]


def test_it_stays_where_somebody_looks_and_end_goes_back():
    *_, found, after = film(feed=growing(100, 200), steps=(FOCUS, press("home"), tick, press("end")))
    assert filled(found)[0] == "line 0"
    assert any("Output ─ press End to follow" in line for line in found)
    assert filled(after)[-1] == "line 199"


def test_what_is_looked_at_stays_though_it_is_kept_no_longer():
    *_, before, found = film(feed=growing(100, 60_000), steps=(FOCUS, press("home"), press("pagedown"), tick))
    assert filled(found) == filled(before)
    assert any("as of" in line for line in found)


def test_a_resized_panel_shows_the_same_line_at_its_top():
    def resize(*size):
        async def step(pilot):
            await pilot.resize_terminal(*size)

        return step

    text = "".join(f"line {number} {'x' * 60}\r\n" for number in range(500))
    shown = changed(running(), output=written(text))
    steps = (FOCUS, press("home"), press(*["pagedown"] * 9), resize(200, 60), resize(100, 30))
    *_, before, wide, narrow = film(shown, steps=steps)
    tops = [filled(found)[0].split()[:2] for found in (before, wide, narrow)]
    assert tops == [tops[0]] * 3
    assert tops[0][0] == "line"
    assert 9 < int(tops[0][1]) < 99, "neither at the top nor at the bottom"


def test_the_line_at_the_top_may_be_wiped():
    terminal = TerminalText()
    views = []
    for piece in (numbered(3) + "x" * 2000, "\r\x1b[K", "again"):
        terminal.feed(piece)
        views.append(changed(running(), output=terminal.lines()))
    found = filled(shoot(feed=Still(*views), steps=(FOCUS, press("pageup"), tick, tick)))
    assert found[-1] == "again"


def test_enlarged_it_has_the_screen():
    found = shoot(running(), size=(80, 24), steps=(press("8", "z"),))
    assert '127.0.0.1 - - [01/Jan/2026 00:00:02] "GET /nothing HTTP/1.1" 404 -' in filled(found)


# ---- another time


def test_it_goes_back_in_time_and_on_again():
    """What had not been written then is not seen, whoever follows, stays somewhere, or searches."""
    then, nothing = written(numbered(30) + "open"), None
    outputs = [written(numbered(100)), then, nothing, written(numbered(100))]
    views = [changed(running(), output=output) for output in outputs]
    followed = film(*views, steps=(tick, tick, tick))
    assert [filled(found)[-1] for found in followed] == ["line 99", "open", "nothing written yet", "line 99"]
    _, _, stays, *back = film(*views, steps=(FOCUS, press("pageup"), tick, tick, tick))
    assert filled(stays)[-1] not in ("line 99", "line 29")
    assert [filled(found)[-1] for found in back[:2]] == ["open", "nothing written yet"]
    assert filled(back[2])[0] == "line 0", "where it was left"
    searched = film(*views, steps=(FOCUS, press("slash"), typed("line"), tick, tick, tick))[3:]
    assert [found[-2].split()[3:] for found in searched] == [
        ["100", "of", "100"],
        ["30", "of", "30"],
        ["not", "found"],
        ["100", "of", "100"],
    ]


def test_a_search_goes_back_in_time_while_the_newest_is_followed():
    async def follow(pilot):
        pilot.app.picture.output.action_tail()

    views = [changed(running(), output=written(numbered(count))) for count in (100, 30)]
    found = film(*views, steps=(FOCUS, press("slash"), typed("line"), follow, tick))[-1]
    assert found[-2].split()[3:] == ["30", "of", "30"]
    assert filled(found)[-1] == "line 29"


def test_what_had_been_written_at_any_time_in_any_order():
    outputs = Outputs()
    pieces = [f"{'x' * (number % 7)}{number}{'' if number % 3 else chr(10)}" for number in range(400)]
    for t, piece in enumerate(pieces):
        outputs.feed({"t": t, "text": piece})
    text = Written(outputs)
    for t in (399, 0, 200, 199, 63, 64, 65, 398, 128, 127, 399):
        found, expected = text.at(t), written(*pieces[: t + 1])
        assert [found[number].text for number in range(found.first, found.end)] == [
            expected[number].text for number in range(expected.first, expected.end)
        ]
    assert text.at(-1) is None


# ---- search


def found_after(*steps, text=None):
    shown = running() if text is None else changed(running(), output=written(text))
    return film(shown, steps=(FOCUS, press("slash"), *steps), controls=controls())[3:]


def test_a_search_starts_at_the_newest_match_and_counts():
    """A capital counts, if one is typed."""
    wiped = press("backspace", "backspace", "backspace")
    found = found_after(
        typed("get"), press("enter"), press("up"), press("down"), wiped, typed("Get"), press("home", "delete"), typed("G")
    )
    assert [" ".join(lines[-2].split()).removeprefix("search Output: ") for lines in found] == [
        "get 2 of 2", "get 1 of 2", "get 2 of 2", "get 1 of 2", "search Output:", "Get not found", "et 2 of 2", "Get not found",
    ]  # fmt: skip
    assert found[0][-1] == " Enter Up earlier match   Down later match   Esc close"


def test_a_search_jumps():
    found = found_after(typed("line 50"), press("up"), typed("0"), text=numbered(1000))
    assert ["line 509" in filled(found[0]), "line 508" in filled(found[1]), "line 500" in filled(found[2])] == [True] * 3


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
    found = found_after(typed("get"), press("escape"))[-1]
    assert "search Output" not in found[-2]
    assert "/ search" in found[-1], "the panel has the keys again"


def test_a_search_goes_on_while_lines_come():
    steps = (FOCUS, press("slash"), typed("line"), tick)
    found = shoot(feed=growing(10, 20), steps=steps)
    assert found[-2].endswith("10 of 20")


def test_of_very_many_matches_the_newest_are_found(monkeypatch):
    monkeypatch.setattr("tracer.tui.terminal.search.MOST", 10)
    found = found_after(typed("l"), press("down"), text=numbered(20))
    assert " ".join(found[-1][-2].split()) == "search Output: l 1 of more than 10"


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
        " space freeze   ← back   i type   k Ctrl-C   / filter   z enlarge   ? help   q quit",
    ]


def test_typing_brings_the_output_into_sight():
    _, found = typing(press("p"), press("i"), size=(80, 24))
    assert any("[Output]" in line for line in found)


def test_tab_leaves_the_keys_with_the_line():
    sent, _ = typing(press("i", "tab"), typed("k"), press("enter"))
    assert sent == ["k\n"]


def test_the_keys_of_the_line_can_be_clicked():
    async def click(pilot):
        await pilot.click("#keys", offset=(2, 0))

    sent, _ = typing(press("i"), typed("hello"), click)
    assert sent == ["hello\n"]


def test_what_is_not_possible_is_not_offered():
    before, after = film(running(), steps=(press("i", "k"),))
    assert " i type" not in before[-1]
    assert before == after
    sent, found = typing(press("i", "k"), shown=ended(running()))
    assert sent == []
    assert found[-1] == " space play   ← → time   s step   ] connection   e error   G go to   / filter   q quit"


def test_the_line_closes_when_the_program_ends():
    found = shoot(running(), ended(running()), steps=(press("i"), tick), controls=controls())
    assert found[-2] == " ☞ the program has ended: it reads nothing more"


def test_the_footer_never_has_more_than_eight_keys():
    for size in ((80, 24), (120, 36)):
        for found in film(running(), size=size, steps=(FOCUS,), controls=controls(send=lambda kind: None)):
            keys = found[-1].split()
            assert len(keys) / 2 == 8
            assert keys[-2:] == ["q", "quit"]


def test_ascii_marks_in_what_was_written():
    found = shoot(changed(running(), output=written("50 % ▶ …\r\n")), ascii_marks=True)
    assert any(ascii_only("50 % ▶ …") in line for line in found)
