"""From what a program writes to its terminal to lines: what is obeyed, what is left out, and that cuts do not matter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from tracer.recording.text import harmless
from tracer.tui.terminal.line import WIDEST
from tracer.tui.terminal.text import PAGE, Lines, TerminalText

bounded = settings(max_examples=300, deadline=None)


def lines_of(*pieces: str, kept: int = 50_000) -> Lines:
    terminal = TerminalText(kept)
    for piece in pieces:
        terminal.feed(piece)
    return terminal.lines()


def texts(*pieces: str) -> list[str]:
    lines = lines_of(*pieces)
    return [lines[number].text for number in range(lines.first, lines.end)]


def looks(text: str) -> list[tuple[str, Style]]:
    """The first line's pieces, each with its style."""
    line = lines_of(text)[0]
    places = [*(at for at, _ in line.styles), len(line.text)]
    return [(line.text[places[n] : places[n + 1]], style) for n, (_, style) in enumerate(line.styles)]


# ---- lines


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("", []),
        ("one", ["one"]),
        ("one\r\n", ["one"]),
        ("one\r\ntwo", ["one", "two"]),
        ("one\n\n\ntwo\n", ["one", "", "", "two"]),
        ("  5 %\r 10 %\r100 %\r\n", ["100 %"]),
        ("a long word\rshort", ["shortg word"]),
        ("a long word\r\x1b[Kshort", ["short"]),
        ("a long word\rshort\x1b[K", ["short"]),
        ("a long word\r\x1b[2Kx", ["x"]),
        ("word\x1b[1Kx", ["    x"]),
        ("pass\b\b\b\b    \b\b\b\bword", ["word"]),
        ("\b\b\bx", ["x"]),
        ("a\tb\tc", ["a       b       c"]),
        ("abcdefgh\r\tX", ["abcdefghX"]),
        ("ab\x1b[5Gx\x1b[2Dy", ["ab yx"]),
        ("ab\x1b[3Cx", ["ab   x"]),
        ("one\x0btwo\x0cthree\x85four", ["one", "two", "three", "four"]),
        ("one\x1bEtwo\x1bDthree", ["one", "two", "three"]),
        # Another line of the screen: a new line.
        ("one\x1b[2J\x1b[Htwo", ["one", "two"]),
        ("50 %\n\x1b[1A\x1b[2K100 %\n", ["50 %", "100 %"]),
        ("shell\x1b[?1049hfull\x1b[?1049lshell", ["shell", "full", "shell"]),
        ("one\x1bcone", ["one", "one"]),
    ],
)
def test_lines(written: str, seen: list[str]) -> None:
    assert texts(written) == seen


@pytest.mark.parametrize(
    "nothing",
    [
        "\x07", "\x00", "\x7f", "\x05", "\x0e", "\x1b(B", "\x1b)0", "\x1b=", "\x1b>", "\x1b7", "\x1b#8", "\x1bN", "\x1b%G", "\x99",
        "\x1b[?25l", "\x1b[?2004h", "\x1b[6n", "\x1b[c", "\x1b[>0c", "\x1b[5i", "\x1b[2;10r", "\x1b[>4;1m", "\x1b[=1;1u", "\x1b[ q",
        "\x1b[8;50;200t", "\x1b[1$p", "\x9b31m\x9b0m",
        "\x1b]0;a title\x07", "\x1b]0;a title\x1b\\", "\x9d0;a title\x9c", "\x1b]52;c;bGVhaw==\x07", "\x1b]8;;http://x\x1b\\",
        "\x1bPq#0;2;0;0;0\nsixels\x1b\\", "\x90data\x9c", "\x1b_kitty\x1b\\", "\x1b^private\x1b\\", "\x1bXstring\x1b\\",
        "\x1b]0;cut off\x18", "\x1b]0;cut off\x1a",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_acts_on_a_terminal_is_left_out(nothing: str) -> None:
    assert texts(f"be{nothing}hind") == ["behind"]


def test_no_sequence_swallows_what_is_behind_it() -> None:
    assert texts("\x1b]0;a title that nobody ends\nnext") == ["", "next"]
    assert texts("\x1b[31\nnext") == ["", "next"]
    assert texts("\x1b[" + "1;" * 200 + "mx")[0].endswith("mx")
    assert texts("\x1bP" + "x" * (1 << 20) + "shown") == ["shown"]


def test_other_harmful_characters_are_shown_as_their_escape() -> None:
    assert texts("user\u202etxt.exe \ud83d \u200b") == ["user\\u202etxt.exe \\ud83d \\u200b"]


def test_wide_and_combining_characters() -> None:
    assert texts("漢字\b\bx") == ["漢x "]
    assert texts("漢字\b\b\bx") == [" x字"], "half of a wide one is a blank"
    assert texts("漢\rx") == ["x "]
    assert texts("e\u0301te\u0301") == ["e\u0301te\u0301"]
    assert texts("e", "\u0301") == ["e\u0301"]
    assert texts("\u0301x") == [" \u0301x"]
    assert texts("漢\u0301x") == ["漢\u0301x"]
    assert texts("z" + "\u0301" * 50) == ["z" + "\u0301" * 8]
    assert texts("❤\ufe0f") == ["❤"]
    assert not lines_of("漢")[0].narrow
    assert lines_of("é─┼█")[0].narrow


def test_a_line_that_is_too_wide_goes_on_in_the_next() -> None:
    assert list(map(len, texts("x" * (2 * WIDEST + 1)))) == [WIDEST, WIDEST, 1]
    assert list(map(len, texts("字" * WIDEST))) == [WIDEST // 2, WIDEST // 2]
    assert texts("\x1b[999999999Cx") == [" " * (WIDEST - 1) + "x"]


# ---- colours


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("1", "bold"), ("2", "dim"), ("3", "italic"), ("4", "underline"), ("7", "reverse"), ("9", "strike"), ("21", "underline"),
        ("31", "color(1)"), ("97", "color(15)"), ("44", "on color(4)"), ("103", "on color(11)"),
        ("38;5;208", "color(208)"), ("48;5;17", "on color(17)"), ("38:5:208", "color(208)"),
        ("38;2;1;2;3", "#010203"), ("48;2;255;0;10", "on #ff000a"), ("38:2::1:2:3", "#010203"), ("38:2:1:2:3", "#010203"),
        ("1;31;44", "bold color(1) on color(4)"), ("38;5;9;1", "bold color(9)"), ("58;5;9;4", "underline"), ("4:3", "underline"),
        # What means nothing changes nothing.
        ("5", ""), ("8", ""), ("38;5;256", ""), ("38;2;1;2", ""), ("38;5", ""), ("38", ""), ("999", ""), ("?1", ""), ("1x", ""),
        ("4:0", ""), ("31;39", ""), ("1;2;22", ""), ("31;0", ""), ("31;", ""),
    ],
)  # fmt: skip
def test_colours_are_kept(parameters: str, style: str) -> None:
    assert looks(f"\x1b[{parameters}mx")[-1][1] == Style.parse(style or "none")


def test_colours_last_until_they_are_ended() -> None:
    assert looks("a\x1b[1;32mb\x1b[22mc\x1b[39md\x1b[me") == [
        ("a", Style()),
        ("b", Style(bold=True, color="color(2)")),
        ("c", Style(color="color(2)")),
        ("de", Style()),
    ]
    lines = lines_of("\x1b[31mone\r\ntwo\r\n")
    assert lines[1].styles == ((0, Style(color="color(1)")),), "also over the end of a line"


def test_what_is_written_over_has_the_new_colour() -> None:
    assert looks("\x1b[31mred\r\x1b[32mg") == [("g", Style(color="color(2)")), ("ed", Style(color="color(1)"))]


# ---- pieces, pages, pictures


pieces = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "\r", "\n", "\r\n", "\b", "\t", "\x1b", "\x1b[", "\x1b[31m", "\x1b[0m", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[4D",
                "\x1b[3C", "\x1b[7G", "\x1b[H", "\x1b]0;t", "\x07", "\x1b\\", "\x1bP", "\x9b1m", "\x9d", "\x9c", "\x18", "漢字", "é",
                "\u0301", "[31m", "9;9;9", "\x1b[38;5;1", "m", "\x1b(", "\ud800", "\u202e", "x" * 70,
            ]
        ),
    ),
    max_size=30,
)  # fmt: skip


@bounded
@given(parts=pieces, data=st.data())
def test_the_same_lines_wherever_it_is_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    cut = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, again = lines_of(text), lines_of(*cut)
    one = [whole[number] for number in range(whole.first, whole.end)]
    assert [again[number] for number in range(again.first, again.end)] == one
    for line in one:
        assert harmless(line.text) == line.text
        assert [at for at, _ in line.styles] == sorted({at for at, _ in line.styles})
        assert line.styles[0][0] == 0


@bounded
@given(parts=pieces)
def test_a_picture_never_changes(parts: list[str]) -> None:
    terminal = TerminalText(kept=2 * PAGE)
    pictures = []
    for part in parts:
        terminal.feed(part)
        lines = terminal.lines()
        pictures.append((lines, [lines[number] for number in range(lines.first, lines.end)]))
    terminal.feed("\n" * 3 * PAGE)
    for lines, seen in pictures:
        assert [lines[number] for number in range(lines.first, lines.end)] == seen


def test_of_long_lines_fewer_are_kept() -> None:
    terminal = TerminalText(most=100 * PAGE)
    terminal.feed((60 * "x" + "\r\n") * 5 * PAGE)
    assert (terminal.lines().first, len(terminal.lines())) == (3 * PAGE, 2 * PAGE), "looked at when a page begins"
    terminal.feed("\r\n" * 5 * PAGE)
    assert terminal.lines().first == 4 * PAGE


def test_the_newest_lines_are_kept() -> None:
    lines = lines_of("".join(f"line {number}\n" for number in range(200_000)) + "last")
    assert (lines.first, lines.finished, lines.end, len(lines)) == (150_000, 200_000, 200_001, 50_001)
    assert lines[150_000].text == "line 150000"
    assert lines[199_999].text == "line 199999"
    assert lines[200_000].text == "last"
    with pytest.raises(IndexError):
        lines[149_999]
    with pytest.raises(IndexError):
        lines[200_001]
