"""Where a student is in a lesson: the step that is shown, how far the run has come, what was asked and answered.

The screen and the text mode show this, and neither knows more of a lesson. A step is **reached** once: its actions are done, its stop
is found, its checks are made. After that it can be shown again and again. Its questions come one after the other; what one has
done after its answer is done also when it is skipped.
"""

from dataclasses import dataclass, field
from typing import Literal

from tracer.timeline.units import clock_time

from .facts import Facts, NextHook
from .format import Experiment, Lesson, Question, Step
from .progress import Given, Progress
from .run import PATIENCE, NotReached, Run, how_it_ended
from .truths import Stop, Truth, offered, truth

_SECOND = 1_000_000_000
_DECIDED = 2 * _SECOND  # so long it is waited until every context has made up its mind
GRACE = _SECOND // 20  # and so long for what has happened already, and has not been read yet

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
    since: int = 0  # when its truth, or what there is to choose from, was begun to be found

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
    found: Stop | None = None  # where it stands, unless something earlier is read
    settled: int = 0  # when that was found
    stop: Stop | None = None
    asked: list[Asked] = field(default_factory=list)  # its questions, up to the one that waits
    why: str = ""  # it cannot be reached, or what should be is not so
    key: tuple[str | int, ...] = ()  # where in its table of lesson.toml that was to be: ("question", 0, "ask")


class Player:
    """One student in one lesson."""

    def __init__(self, lesson: Lesson, run: Run, facts: Facts, progress: Progress | None = None, grace: int = GRACE) -> None:
        """`grace`: nanoseconds between the end of something and a look at it; 0 where all of the recording is read."""
        self.lesson = lesson
        self.run = run
        self.facts = facts
        self._progress = progress
        self._grace = grace
        self._reached: list[Reached] = [Reached(lesson.steps[0])]
        self._shown = 0
        self._target = 0  # the step to come to without stopping
        self.held_up = False
        """Whether the student holds somebody, and so what has to come does not: the lesson waits for that, however long."""
        self._time = 0  # nanoseconds: it stands still meanwhile
        self._polled = 0

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

    def back(self) -> None:
        """Show the step before, if there is one."""
        self._shown = max(0, self._shown - 1)

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

    def predictable(self, experiment: Experiment) -> tuple[str, ...]:
        """What may come of an experiment, to choose from; (): a number is to be typed."""
        return offered(self.facts, experiment.ask, Stop(self.facts.timeline.newest), experiment.choices) or ()

    @property
    def target(self) -> int:
        """Which step it comes to without stopping, from 0."""
        return self._target

    @property
    def resuming(self) -> bool:
        """Whether it is on its way to where the student was."""
        newest = self._reached[-1]  # who goes back from there is not on his way any more
        return len(self._reached) <= self._target and not newest.why

    # -- what the run does -------------------------------------------------------------------------------------------------

    def poll(self, now: int) -> bool:
        """Go on with what is to be done, by what has been read; whether anything is new to show. `now`: nanoseconds."""
        new = False
        self._pass_time(now)
        while not self._reached[-1].why and self._go_on(self._reached[-1], self._time):
            new = True
            if self.resuming:
                self._repeat()
        return new

    def _pass_time(self, now: int) -> None:
        """Nothing is late because a student holds the run, or because nobody polls for long."""
        self.held_up = self._waits and self.run.is_in_others_hands(self.facts)
        if not self._polled:
            self._time = now
        elif not self.held_up:
            self._time += min(now - self._polled, _SECOND)
        self._polled = now

    @property
    def _waits(self) -> bool:
        """Whether something has to come from the run."""
        one = self._reached[-1]
        if one.stop is None:
            return True
        asked = one.asked[-1] if one.asked else None
        return asked is not None and asked.truth is None and (asked.offered is None or asked.given is not None)

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
            one.why, one.key = str(error), error.key if one.stop is None else ("question", len(one.asked) - 1, *error.key)
            return True

    def _stop(self, one: Reached, now: int) -> bool:
        """Find the step's stop, make its checks, ask its first question."""
        one.since = one.since or now
        ended = self.facts.timeline.ended is not None
        stop = self._found(one.step) if one.step.stop is not None or one.found is None else one.found
        if stop is None:
            if ended or now - one.since > PATIENCE * _SECOND:
                raise NotReached(f"nothing was found at {one.step.stop}: {self._why_not_found(one.step)}", "stop")
            return False
        if stop != one.found:
            one.found, one.settled = stop, now
        if now - one.settled < self._grace and not ended:  # others may have been there before, or have done what is checked
            return False
        for number, check in enumerate(one.step.checks):
            if not self.facts.holds(check, stop.t):
                raise NotReached(f"{check} is not so: it is {self.facts.shown(check.fact, stop.t)}", "check", number)
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

    def _why_not_found(self, step: Step) -> str:
        """What kept the run from the stop of the newest step."""
        timeline = self.facts.timeline
        too_early = self.facts.found(step.stop) if step.stop is not None else []
        if too_early:
            when, last = clock_time(too_early[-1].t - timeline.start), self._reached[-2].step.id
            cure = "put this step earlier, or give that one an earlier stop"
            return f"it came at {when}, and not after the stop of step {last}: {cure}"
        return how_it_ended(timeline) if timeline.ended is not None else "it did not come"

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
        if asked.question.do:
            asked.stop = asked.stop or Stop(self.facts.timeline.newest)
            if late < self._grace and self.facts.timeline.ended is None:
                return False
        else:
            asked.stop = one.stop
        asked.truth = self._truth(asked, asked.stop, late)
        if asked.truth is None:
            asked.stop = None  # where something has to be done for it, it may come to be so later
            return False
        if self._progress is not None and not self.resuming:
            self._progress.answer(one.step.id, asked.question.id, Given(asked.given, asked.right))
        self._ask(one)
        return True

    def _offer(self, asked: Asked, stop: Stop, late: int) -> bool:
        """Find what there is to choose from, once the run has decided what is right."""
        ask = asked.question.ask
        if isinstance(ask, NextHook) and self._truth(asked, stop, late) is None:
            return False
        asked.offered, asked.since = offered(self.facts, ask, stop, asked.question.choices), 0
        return asked.offered is not None

    def _truth(self, asked: Asked, stop: Stop, late: int) -> Truth | None:
        """What the run says at that stop; None: it has not said it yet. Raises NotReached where that takes too long."""
        found = truth(self.facts, asked.question.ask, stop)
        if found is not None and (found.decided or late > _DECIDED):
            return found
        if late > PATIENCE * _SECOND:
            raise NotReached(f"the run does not answer {asked.question.ask}", "ask")
        return None
