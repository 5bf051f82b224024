"""Which page of a lesson is open, and what a student does there: the first one, the steps, the end, the experiments.

Rule of this file: it knows no screen. Where the picture is to stand it says (`place`, `look`), and somebody else shows it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from tracer.lesson.folder import SERVER
from tracer.lesson.format import Experiment
from tracer.lesson.player import Asked, Player
from tracer.lesson.tried import Tried, Wish
from tracer.lesson.truths import Evidence
from tracer.timeline.navigate import Place

from . import sheets
from .sheet import Sheet

GLANCE = 250_000_000  # nanoseconds: what is pressed sooner was not meant for what is new on the page

Page = Literal["cover", "steps", "end", "experiment"]


class Pages:
    """One lesson on a screen."""

    def __init__(self, player: Player, language: str, tried: Sequence[Tried] = (), experiment: str = "", edited: bool = False) -> None:
        """Open it where the student is; at that experiment, if there is one of that id. `edited`: he comes from the editor."""
        self.player = player
        self.language = language
        self._tried = tried
        self._edited = edited
        self._experiment = next((one for one in player.lesson.experiments if one.id == experiment), None)
        self._value: str | None = None  # what the experiment changes to; None: it has not been chosen
        self._offered: tuple[str, ...] = ()  # what may come of it, to choose from; (): a number
        is_new = not (player.reached.begun or player.place or player.resuming)
        self.page: Page = "experiment" if self._experiment is not None else "cover" if is_new else "steps"
        self.begun = not is_new
        """Whether the lesson goes on: not as long as its first page is read for the first time."""
        self._now = 0
        self._question: object = None  # what Enter is about, and
        self._since = -GLANCE  # when it came
        self._known = self._told  # answers of the step that have been read

    # -- what is shown -----------------------------------------------------------------------------------------------------

    def poll(self, now: int) -> None:
        """Go on with what is to be done."""
        self._now = now
        if not self.begun:
            return
        was = self.player.resuming
        self.player.poll(now)
        if was and not self.player.resuming:
            self._known = self._told

    def sheet(self, note: str = "") -> Sheet:
        """What the lesson's panel says, with that note at its edge."""
        sheet = replace(self._sheet(), note=note)
        if sheet.question != self._question:
            self._question, self._since = sheet.question, self._now
        return sheet if self.is_seen else replace(sheet, prompt="")

    @property
    def is_seen(self) -> bool:
        """Whether what the page says now has been there for long enough to be answered."""
        return self._now - self._since >= GLANCE

    def _sheet(self) -> Sheet:
        player, language = self.player, self.language
        match self.page:
            case "cover":
                return sheets.cover(player, language)
            case "end":
                return sheets.end(player, language)
            case "experiment":
                one = self._chosen
                tried = [each for each in self._tried if each.experiment == one.id]
                return sheets.experiment(player.lesson, one, language, self._value, self._offered, tried, self._edited)
            case "steps":
                return sheets.coming(player, language) if player.resuming else sheets.step(player, language, self._known)

    @property
    def place(self) -> Place | None:
        """Where the picture stands: at the step's stop, or where its last question has led to; None: at the newest.

        Who comes to a step again, whose questions are answered, sees what its text is about: the stop.
        """
        player = self.player
        one = player.reached
        if player.resuming or one.stop is None or (player.phase == "deciding" and one.asked[-1].question.do):
            return None
        done = [asked.stop for asked in one.asked[self._known :] if asked.question.do and asked.stop is not None]
        stop = done[-1] if done else one.stop
        return stop.place or Place(stop.t, -1, -1)

    @property
    def look(self) -> str:
        """The panel to look at; "": any."""
        return self.player.step.look if self.player.reached.stop is not None and not self.player.resuming else ""

    @property
    def proofs(self) -> list[Evidence]:
        """What has decided the last answer, as far as it can be shown."""
        asked = self._told_here[-1] if self.answered else None
        proofs = asked.truth.proofs(asked.given or "") if asked is not None and asked.truth is not None else ()
        return [one for one in proofs if one.place is not None]

    @property
    def answered(self) -> bool:
        """Whether a question of the step that is shown was answered, or skipped."""
        return self.page == "steps" and bool(self._told_here)

    @property
    def skips(self) -> bool:
        """Whether there is something to skip."""
        if self.page == "experiment":
            return self._value is not None
        return self.page == "steps" and self.player.open_question is not None

    @property
    def goes_back(self) -> bool:
        """Whether there is a page before."""
        return self.page != "cover" and not self.player.resuming

    @property
    def goes_on(self) -> bool:
        """Whether Enter does anything, beside answering."""
        return self.page == "cover" or (self.page == "steps" and self.player.phase == "done")

    @property
    def fails(self) -> bool:
        """Whether it cannot go on with this server."""
        return self.page == "steps" and self.player.phase == "failed"

    @property
    def _told_here(self) -> list[Asked]:
        return [asked for asked in self.player.reached.asked if asked.truth is not None]

    @property
    def _told(self) -> int:
        return len(self._told_here)

    @property
    def _chosen(self) -> Experiment:
        assert self._experiment is not None
        return self._experiment

    # -- what a student does -----------------------------------------------------------------------------------------------

    def enter(self, text: str, place: int) -> Wish | None:
        """Go on, or answer with `text`, which is the choice at `place`; what the screen is to be left for.

        What is pressed twice, or just as something new comes, does nothing the second time.
        """
        if not self.is_seen:
            return None
        match self.page:
            case "cover":
                self._open("steps")
            case "steps":
                self._go_on(text, place)
            case "end" if text:
                self._experiment, self._value = self.player.lesson.experiments[place], None
                self._open("experiment")
            case "experiment" if text:
                return self._try(text, place)
        return None

    def _go_on(self, text: str, place: int) -> None:
        player, asked = self.player, self.player.open_question
        if asked is not None:
            if text:
                player.answer(asked.offered[place] if asked.offered else text)
        elif player.phase == "done" and player.is_last:
            self._open("end")
        elif player.next():
            self._open("steps")

    def _try(self, text: str, place: int) -> Wish | None:
        one = self._chosen
        if self._value is not None:
            return Wish("try", one.id, self._value, self._offered[place] if self._offered else text)
        if one.change == SERVER and place == 0:
            return Wish("edit", one.id)
        self._value, self._edited = "" if one.change == SERVER else text, False
        self._offered = self.player.predictable(one)
        return None

    def skip(self) -> Wish | None:
        """Leave the question; what the screen is to be left for."""
        if not self.is_seen:
            return None
        if self.page == "experiment" and self._value is not None:
            return Wish("try", self._chosen.id, self._value)
        if self.page == "steps":
            self.player.answer("")
        return None

    def back(self) -> None:
        """One page back, or one question of an experiment."""
        if not self.goes_back:
            return
        if self.page == "experiment" and self._value is not None:
            self._value = None
        elif self.page == "experiment":
            self._open("end")
        elif self.page == "end":
            self._open("steps")
        elif self.page == "steps" and self.player.place == 0:
            self._open("cover")
        elif self.page == "steps":
            self.player.back()
            self._open("steps")

    def _open(self, page: Page) -> None:
        self.page = page
        self.begun = True
        self._known = self._told
