"""The screen of `tracer learn`: a lesson, and beside it the server that it runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tracer.lesson.player import Player
from tracer.lesson.tried import Tried, Wish
from tracer.lesson.words import say
from tracer.timeline.navigate import Place

from ..app import Watch
from ..controls import Controls
from ..feed import Feed
from ..marks import needs_ascii
from ..offers import Key, Offer, footer
from ..screens.help import Question
from .keys import lesson_keys
from .pages import Pages
from .panel import LessonPanel
from .screen import LearnScreen


class Learn(Watch):
    """Plays one lesson; ends with an exit status, or with a wish."""

    CSS_PATH: ClassVar = ["../screens/watch.tcss", "lesson.tcss"]

    BINDINGS: ClassVar[list[BindingType]] = [Binding("L", "lesson('return')", "Back to the lesson", show=False)]

    def __init__(
        self,
        pages: Pages,
        feed: Feed,
        controls: Controls | None = None,
        ascii_marks: bool = False,
        ticking: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.pages = pages
        terminal = controls is not None and controls.type is not None
        self.learning = LearnScreen(ascii_marks, terminal, pages.language)
        super().__init__(feed, controls, ascii_marks, ticking, self.learning)
        self._clock = clock
        self._untouched = False  # clients are sent by the lesson: no key for them is proposed
        self._stands: tuple[int, Place | None] | None = None  # the step that is shown, and where its picture stands
        self._told = 0  # answers whose truth is known
        self._seen = False  # what the lesson says now can be answered
        self._proof = 0  # which of those that decide is shown next

    def on_ready(self) -> None:
        self.feed.look_again()  # it may have been shown before

    # -- a tick ------------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Read on, go on with the lesson, and show what is new."""
        super().tick()
        self.pages.poll(self._clock())
        said = self.pages.player.run.said
        stands = self.pages.player.place, self.pages.place
        told = len(self.pages.player.told)
        if said or (self._stands is not None and (stands[0], told) != (self._stands[0], self._told)):
            self._say(said)  # with another step, or an answer, what was said before is over
        self._told = told
        if stands != self._stands:
            self._stands, self._proof = stands, 0
            self._stand()
            super().tick()
        self._show_lesson()

    def _stand(self) -> None:
        """Show the moment of the step, and its panel."""
        place = self.pages.place
        if place is None:
            self.feed.newest()
        else:
            self.feed.go(place)
        self.learning.look_at(self.pages.look)

    @property
    def away(self) -> bool:
        """Whether the picture is of another moment than the step."""
        place, wanted = self.pages.place, self.feed.wanted
        return wanted.t != (place.t if place is not None else None)

    def _show_lesson(self) -> None:
        note = say(self.pages.language, "screen away") if self.away else ""
        sheet, seen = self.pages.sheet(note), self.pages.is_seen
        if (sheet, seen) != (self.learning.lesson.sheet, self._seen):
            self.learning.lesson.sheet, self._seen = sheet, seen
            self._show_keys()

    # -- keys --------------------------------------------------------------------------------------------------------------

    def keys(self, offer: Offer) -> tuple[Key, ...]:
        language = self.pages.language
        if offer.typing is None and self.learning.lesson.has_focus:
            return lesson_keys(self.pages, self.learning, self.away)
        return footer(offer, (("L", say(language, "lesson"), "app.lesson('return')"),))

    def on_lesson_panel_entered(self, event: LessonPanel.Entered) -> None:
        sheet = self.learning.lesson.sheet
        if sheet is not None and event.sheet.question == sheet.question:  # else it was pressed twice: the second was not meant for this
            self._leave_for(self.pages.enter(event.text, event.place))
            self.tick()
            if sheet.types and not event.text:
                self._say(say(self.pages.language, "screen nothing"))

    def on_lesson_panel_read(self) -> None:
        """Enter does another thing than before, perhaps."""
        self._show_keys()

    def action_lesson(self, does: str) -> None:
        """One of the lesson's keys."""
        match does:
            case "enter":
                self.learning.lesson.action_enter()
            case "skip":
                self._leave_for(self.pages.skip())
            case "back":
                self.pages.back()
            case "return":
                self._return()
            case "proof":
                self._show_proof()
            case "restart":
                self._restart()
        self.tick()

    def _return(self) -> None:
        """Back to the lesson, and to its moment."""
        if self.learning.enlarged:
            self.learning.action_shrink()
        self.learning.lesson.focus()
        self._proof = 0
        self._stand()

    def _show_proof(self) -> None:
        """Show the event that decides; again: the next one, if there are several."""
        proofs = self.pages.proofs
        if not proofs:
            self._say(say(self.pages.language, "screen no proof" if self.pages.answered else "screen unanswered"))
            return
        place = proofs[self._proof % len(proofs)].place
        assert place is not None
        self._proof += 1
        self.feed.go(place)
        self.learning.look_at("source")

    def _restart(self) -> None:
        if self.pages.fails:
            self._leave_for(Wish("again"))  # nothing is lost, so nothing is asked
            return
        language = self.pages.language
        answers = say(language, "screen yes"), say(language, "screen no")
        question = Question(say(language, "screen restart"), self.ascii_marks, answers)
        self.push_screen(question, lambda yes: self._leave_for(Wish("restart")) if yes else None)

    def _leave_for(self, wish: Wish | None) -> None:
        if wish is not None:
            self.exit(wish)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Lesson", "L: back to the lesson, and to the moment of its step", lambda: self.action_lesson("return"))
        yield SystemCommand("Lesson: a step back", "B in the lesson", lambda: self.action_lesson("back"))
        yield SystemCommand("Lesson: begin anew", "R in the lesson: with a new server", lambda: self.action_lesson("restart"))
        yield from super().get_system_commands(screen)


def learn(
    player: Player,
    feed: Feed,
    controls: Controls,
    language: str,
    tried: Sequence[Tried],
    ascii_marks: bool | None = None,
    at: str = "",
    edited: bool = False,
) -> int | Wish:
    """Show the lesson until the person leaves it: the exit status, or what it is left for.

    `at`: the id of the experiment to begin with, where the screen comes back from one; "": where the player is. `edited`: it comes
    from the editor. `ascii_marks` None: as the terminal needs them.
    """
    if ascii_marks is None:
        ascii_marks = needs_ascii(os.environ, sys.stdout.encoding or "")
    app = Learn(Pages(player, language, tried, at, edited), feed, controls, ascii_marks)
    found = app.run()
    return found if isinstance(found, int | Wish) else app.return_code or 0
