"""Nothing in a recording may act on the terminal that shows it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.recording.text import harmless, uncoloured


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:53122", "127.0.0.1:53122"),
        ("déjà [bold] 日本", "déjà [bold] 日本"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\nb\tc\x7f\x9b", r"a\x0ab\x09c\x7f\x9b"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066\u2028\u2029", r"\u2066\u2028\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_would_act_is_shown_instead(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_what_comes_back_is_one_harmless_line(text: str) -> None:
    shown = harmless(text)
    shown.encode()
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(one) in
                   ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") for one in shown)  # fmt: skip
    assert harmless(shown) == shown


def test_colours_are_no_text():
    assert uncoloured("status 1: \x1b[1;35mValueError\x1b[0m: \x1b[35mno\x1b[0m") == "status 1: ValueError: no"
    assert uncoloured("\x1b[2Jup") == "\x1b[2Jup"  # that is none
