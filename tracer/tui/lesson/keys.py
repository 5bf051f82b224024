"""The footer's keys while the lesson has the focus: no key is offered that does nothing."""

from __future__ import annotations

from tracer.lesson.words import say

from ..offers import MOST, Key
from .pages import Pages
from .screen import LearnScreen


def lesson_keys(pages: Pages, screen: LearnScreen, away: bool) -> tuple[Key, ...]:
    """Key, word and action of each; `away`: the picture is of another moment than the step."""
    panel, language = screen.lesson, pages.language
    sheet = panel.sheet
    keys: list[tuple[str, str, str]] = []  # key, word, what the lesson does
    if panel.reads_on:
        keys.append(("Enter", "key read", "enter"))
    elif sheet is not None and sheet.asks:
        keys += [("Enter", "key answer" if pages.skips else "key on", "enter")] * pages.is_seen
        keys.append(("0-9", "key number", "") if sheet.types else ("↑↓", "key choose", ""))
    elif pages.goes_on and pages.is_seen:
        keys.append(("Enter", "key on", "enter"))
    keys += [("L", "key here", "return")] * away
    keys += [("S", "key skip", "skip")] * (pages.skips and pages.is_seen)
    keys += [("V", "key proof", "proof")] * bool(pages.proofs)
    keys += [("B", "key back", "back")] * pages.goes_back
    keys += [("R", "key again", "restart")] * pages.fails
    keys += [("R", "key restart", "restart")] * (pages.page == "end")
    found = [(key, say(language, word), f"app.lesson('{does}')") for key, word, does in keys]
    found.append(("z", say(language, "key shrink" if screen.enlarged else "key enlarge"), "screen.enlarge"))
    found += [("?", say(language, "key help"), "app.help"), ("q", say(language, "key quit"), "app.leave")]
    return tuple(one for one in found if len(found) <= MOST or one[0] != "?")
