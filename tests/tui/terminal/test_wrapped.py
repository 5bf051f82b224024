"""Lines broken at a width, and a search in lines that go on coming."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tracer.tui.terminal.search import Match, Search
from tracer.tui.terminal.text import PAGE, Lines, TerminalText
from tracer.tui.terminal.wrapped import Wrapped, indent, parts


def lines_of(text: str, kept: int = 50_000) -> Lines:
    terminal = TerminalText(kept)
    terminal.feed(text)
    return terminal.lines()


def rows_of(text: str, width: int) -> list[str]:
    lines = lines_of(text)
    wrapped = Wrapped(width)
    wrapped.take(lines)
    rows = []
    for row in range(wrapped.rows):
        number, part = wrapped.find(row)
        begin, end = parts(lines[number], width)[part]
        rows.append(" " * (indent(width) if part else 0) + lines[number].text[begin:end])
    return rows


def test_a_long_line_goes_on_indented() -> None:
    assert rows_of("short\na line of twenty-nine letters\n\nlast", 12) == [
        "short", "a line of tw", "  enty-nine ", "  letters", "", "last",
    ]  # fmt: skip
    assert rows_of("exactly 12 …\n", 12) == ["exactly 12 …"]


def test_wide_characters_are_not_cut_in_half() -> None:
    assert rows_of("漢字漢字漢字漢字", 13) == ["漢字漢字漢字", "  漢字"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("ab \n字é\u0301"), max_size=200), width=st.integers(1, 30))
def test_nothing_is_lost_and_no_row_is_too_wide(text: str, width: int) -> None:
    lines, rows = lines_of(text), rows_of(text, width)
    shown = "".join(row[indent(width) :] if row.startswith("  ") and width >= 12 else row for row in rows)
    assert shown.replace(" ", "") == "".join(lines[number].text for number in range(len(lines))).replace(" ", "")
    assert all(cell_len(row) <= max(width, 2) for row in rows)


def test_lines_that_come_one_by_one_give_the_same_rows() -> None:
    terminal, growing = TerminalText(kept=2 * PAGE), Wrapped(20)
    for number in range(3 * PAGE):
        terminal.feed(f"{number} " + "x" * (number % 50) + ("\n" if number % 3 else " and "))
        lines = terminal.lines()
        growing.take(lines)
    fresh = Wrapped(20)
    fresh.take(lines)
    assert growing.rows == fresh.rows
    assert [growing.find(row) for row in range(fresh.rows)] == [fresh.find(row) for row in range(fresh.rows)]
    for number in range(lines.first, lines.end):
        assert growing.find(growing.row_of(number)) == (number, 0)
    assert growing.row_of(0) == 0, "kept no longer"


def test_no_lines_no_rows() -> None:
    wrapped = Wrapped(20)
    wrapped.take(Lines())
    assert (wrapped.rows, wrapped.find(0), wrapped.row_of(0)) == (0, (0, 0), 0)


# ---- search


def test_a_search_goes_on_while_lines_come() -> None:
    terminal, search = TerminalText(), Search("err")
    terminal.feed("an error\nno\nERR err")
    search.take(terminal.lines())
    assert search.matches == [Match(0, 3, 6), Match(2, 0, 3), Match(2, 4, 7)]
    terminal.feed("\rerr\x1b[K\nerr")
    search.take(terminal.lines())
    assert search.matches == [Match(0, 3, 6), Match(2, 0, 3), Match(3, 0, 3)], "what stood in the line that had not ended is forgotten"
    assert search.within(2) == [Match(2, 0, 3)]
    assert search.within(1) == []


def test_capitals_count_if_there_is_one() -> None:
    lines = lines_of("GET get Get\n")
    found = {}
    for wanted in ("get", "Get", "GET"):
        search = Search(wanted)
        search.take(lines)
        found[wanted] = [match.begin for match in search.matches]
    assert found == {"get": [0, 4, 8], "Get": [8], "GET": [0]}


def test_a_search_is_plain_text() -> None:
    search = Search("[.*](")
    search.take(lines_of("a [.*]( b\n.....\n"))
    assert search.matches == [Match(0, 2, 7)]


def test_what_is_kept_no_longer_is_not_found() -> None:
    terminal, search = TerminalText(kept=PAGE), Search("x")
    terminal.feed("x\n" * PAGE)
    search.take(terminal.lines())
    assert len(search.matches) == PAGE
    terminal.feed("x\n" * 3 * PAGE)
    search.take(terminal.lines())
    assert [search.matches[0].line, search.matches[-1].line, len(search.matches)] == [3 * PAGE, 4 * PAGE - 1, PAGE]
