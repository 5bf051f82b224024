"""A search among very many matches."""

import pytest

from tracer.tui.terminal import search
from tracer.tui.terminal.search import Search
from tracer.tui.terminal.text import TerminalText


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(search, "MOST", 10)


def places(found):
    return [match[:2] for match in found.matches]


def test_the_newest_are_found_and_more_are_told_of():
    """Four a line: the lines above are not looked at."""
    text = TerminalText()
    text.feed("x x x x\r\n" * 1000 + "x")
    found = Search("x")
    found.take(text.lines())
    assert places(found) == [(997, 6), *((line, at) for line in (998, 999) for at in (0, 2, 4, 6)), (1000, 0)]
    assert found.more
    text.feed(" x\r\n")
    found.take(text.lines())
    assert (places(found)[-2:], len(found.matches), found.more) == ([(1000, 0), (1000, 2)], 10, True)


def test_ten_are_all_there_are():
    text = TerminalText()
    text.feed("x\r\n" * 10)
    found = Search("x")
    found.take(text.lines())
    assert (len(found.matches), found.more) == (10, False)
    text.feed("x\r\n")
    found.take(text.lines())
    assert (places(found)[0], found.more) == ((1, 0), True)


def test_what_was_left_out_may_be_forgotten():
    """Then there are no more than are told of."""
    text = TerminalText(kept=1000)
    text.feed("x\r\n" * 20)
    found = Search("x")
    found.take(text.lines())
    assert found.more
    text.feed("\r\n" * 2000)
    found.take(text.lines())
    assert (found.matches, found.more) == ([], False)
