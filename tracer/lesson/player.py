"""Where a student is in a lesson: the step that is shown, how far the run has come, what was asked and answered.

The screen and the text mode show this, and neither knows more of a lesson. A step is **reached** once: its actions are done, its stop
is found, its checks are made. After that it can be shown again and again. Its questions come one after the other; what one has
done after its answer is done also when it is skipped.
"""

from dataclasses import dataclass, field
from typing import Literal

from .facts import Facts, NextHook
from .format import Lesson, Question, Step
from .progress import Given, Progress
from .run import PATIENCE, NotReached, Run, how_it_ended
from .truths import Stop, Truth, offered, truth

_SECOND = 1_000_000_000
_DECIDED = 2 * _SECOND  # so long it is waited until every context has made up its mind

Phase = Literal["doing", "asking", "deciding", "done", "failed"]
"""Of a step: it is being reached; a question waits; its truth is being found; nothing is left to do; it cannot be reached."""


@dataclass(slots=True)
class Asked:
    """A question of a step that was reached."""

    question: Question
    offered: tuple[str, ...] | None = None  # to choose from; (): a number is to be typed; None: not known yet
    given: str | None = None  # None: not answered yet; "": skipped
    truth: Truth | None = None
    stop: Stop | None = None  # where the run stood when it said so
    since: int = 0  # when its truth was begun to be found

    @property
    def right(self) -> bool | None:
        """Whether the answer is right; None: nobody can say, or there is none."""
        return self.truth.verdict(self.given) if self.truth is not None and self.given else None


@dataclass(slots=True)
class Reached:
    """A step, as far as the run has come."""

    step: Step
    begun: bool = False
    since: int = 0  # when its stop was begun to be looked for
    stop: Stop | None = None
    asked: list[Asked] = field(default_factory=list)  # its questions, up to the one that waits
    why: str = ""  # it cannot be reached, or what should be is not so


class Player:
    """One student in one lesson."""

    def __init__(self, lesson: Lesson, run: Run, facts: Facts, progress: Progress | None = None) -> None:
        self.lesson = lesson
        self.run = run
        self.facts = facts
        self._progress = progress
        self._reached: list[Reached] = [Reached(lesson.steps[0])]
        self._shown = 0
        self._target = 0  # the step to come to without stopping

    # -- what is shown -----------------------------------------------------------------------------------------------------

    @property
    def place(self) -> int:
        """Which step is shown, from 0."""
        return self._shown

    @property
    def reached(self) -> Reached:
        """The step that is shown."""
        return self._reached[self._shown]

    @property
    def step(self) -> Step:
        """The same, as the lesson has it."""
        return self.reached.step

    @property
    def phase(self) -> Phase:
        """What there is to do in the step that is shown."""
        one = self.reached
        if one.why:
            return "failed"
        if one.stop is None:
            return "doing"
        if not one.asked or (one.asked[-1].truth is not None and len(one.asked) == len(one.step.questions)):
            return "done"
        return "asking" if one.asked[-1].given is None else "deciding"

    @property
    def open_question(self) -> Asked | None:
        """The question that waits for an answer; None: none does."""
        return self.reached.asked[-1] if self.phase == "asking" else None

    @property
    def told(self) -> list[Asked]:
        """All questions that were answered or skipped, and whose truth is known."""
        return [asked for one in self._reached for asked in one.asked if asked.truth is not None]

    @property
    def last_stop(self) -> int:
        """When the step before the one that is shown stopped; -1: there is none."""
        before = self._reached[self._shown - 1].stop if self._shown else None
        return before.t if before is not None else -1

    @property
    def is_last(self) -> bool:
        """Whether the last step is shown."""
        return self._shown == len(self.lesson.steps) - 1

    # -- what a student does -----------------------------------------------------------------------------------------------

    def next(self) -> bool:
        """Show the next step, if nothing of this one is left to do; whether it does."""
        if self.phase != "done" or self.is_last:
            return False
        self._shown += 1
        if self._shown == len(self._reached):
            self._reached.append(Reached(self.lesson.steps[self._shown]))
        if self._progress is not None and not self.resuming:  # who leaves on the way has been further
            self._progress.at(self.step.id)
        return True

    def back(self) -> bool:
        """Show the step before; whether there is one."""
        self._shown = max(0, self._shown - 1)
        return self._shown < len(self._reached) - 1

    def answer(self, given: str) -> None:
        """Answer the question that waits; with "" it is skipped."""
        asked = self.open_question
        if asked is not None:
            asked.given = given
            self.run.do(asked.question.do)

    def resume(self, step: str) -> None:
        """Come to that step as fast as the run does: the questions before it are answered as they were, or skipped."""
        ids = [one.id for one in self.lesson.steps]
        self._target = ids.index(step) if step in ids else 0

    @property
    def target(self) -> int:
        """Which step it comes to without stopping, from 0."""
        return self._target

    @property
    def resuming(self) -> bool:
        """Whether it is on its way to where the student was."""
        return self._shown < self._target and self.phase != "failed"

    # -- what the run does -------------------------------------------------------------------------------------------------

    def poll(self, now: int) -> bool:
        """Go on with what is to be done, by what has been read; whether anything is new to show. `now`: nanoseconds."""
        new = False
        while not self._reached[-1].why and self._go_on(self._reached[-1], now):
            new = True
            if self.resuming:
                self._repeat()
        return new

    def _repeat(self) -> None:
        """Answer as the student did, and go on."""
        asked = self.open_question
        if asked is not None:
            given = self._progress.answers.get((self.step.id, asked.question.id)) if self._progress is not None else None
            self.answer(given.answer if given is not None else "")
        elif self.phase == "done":
            self.next()

    def _go_on(self, one: Reached, now: int) -> bool:
        """Go on with the newest step; whether something has come of it."""
        try:
            if not one.begun:
                one.begun = True
                self.run.do(one.step.do)
            if not self.run.is_done(self.facts, now):
                return False
            if one.stop is None:
                return self._stop(one, now)
            return bool(one.asked) and self._decide(one, one.asked[-1], now)
        except NotReached as error:
            one.why = str(error)
            return True

    def _stop(self, one: Reached, now: int) -> bool:
        """Find the step's stop, make its checks, ask its first question."""
        one.since = one.since or now
        stop = self._found(one.step)
        if stop is None:
            ended = self.facts.timeline.ended is not None
            if ended or now - one.since > PATIENCE * _SECOND:
                raise NotReached(
                    f"nothing was found at {one.step.stop}: {how_it_ended(self.facts.timeline) if ended else 'it did not come'}"
                )
            return False
        for check in one.step.checks:
            if not self.facts.holds(check, stop.t):
                raise NotReached(f"{check} is not so: it is {self.facts.value(check.fact, stop.t)}")
        one.stop = stop
        self._ask(one)
        return True

    def _found(self, step: Step) -> Stop | None:
        """Where a step stands: at the first match behind the stop before it, or where the run is now."""
        if step.stop is None:
            return Stop(self.facts.timeline.newest)
        stops = [one.stop.t for one in self._reached if one.stop is not None]
        since = stops[-1] if stops else -1
        return next((Stop(one.t, one.place) for one in self.facts.found(step.stop) if one.t > since), None)

    def _ask(self, one: Reached) -> None:
        """Ask the step's next question, if there is one; behind the last question of the last step the lesson is done."""
        if len(one.asked) < len(one.step.questions):
            one.asked.append(Asked(one.step.questions[len(one.asked)]))
        elif one.step is self.lesson.steps[-1] and self._progress is not None:
            self._progress.finish()

    def _decide(self, one: Reached, asked: Asked, now: int) -> bool:
        """Find what there is to choose from; when an answer was given, the truth."""
        assert one.stop is not None
        if asked.truth is not None:
            return False
        asked.since = asked.since or now
        late = now - asked.since
        if asked.given is None:
            return asked.offered is None and self._offer(asked, one.stop, late)
        stop = Stop(self.facts.timeline.newest) if asked.question.do else one.stop
        found = truth(self.facts, asked.question.ask, stop)
        if found is None or not (found.decided or late > _DECIDED):
            if late > PATIENCE * _SECOND:
                raise NotReached(f"the run does not answer {asked.question.ask}")
            return False
        asked.truth, asked.stop = found, stop
        if self._progress is not None and not self.resuming:
            self._progress.answer(one.step.id, asked.question.id, Given(asked.given, asked.right))
        self._ask(one)
        return True

    def _offer(self, asked: Asked, stop: Stop, late: int) -> bool:
        """Find what there is to choose from, once the run has decided what is right."""
        ask = asked.question.ask
        if isinstance(ask, NextHook):
            found = truth(self.facts, ask, stop)
            if found is None or not (found.decided or late > _DECIDED):
                if late > PATIENCE * _SECOND:
                    raise NotReached(f"the run does not answer {ask}")
                return False
        asked.offered, asked.since = offered(self.facts, ask, stop, asked.question.choices), 0
        return asked.offered is not None
