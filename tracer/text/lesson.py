"""A lesson without a screen: plain lines from top to bottom, and answers typed below questions.

Rules of this file:
1. Nothing that was printed changes: no cursor moves, no colour.
2. Who types nothing more is asked nothing more: questions are skipped and answered, and the lesson plays to its end.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, TypeAlias

from tracer.lesson.answers import answer_words
from tracer.lesson.changes import CannotChange, newer, problem_of
from tracer.lesson.folder import SERVER
from tracer.lesson.format import Experiment
from tracer.lesson.headless import Reading, Trial, reading
from tracer.lesson.player import Asked, Player
from tracer.lesson.prose import Section
from tracer.lesson.syllabus import following
from tracer.lesson.tried import Trials, Tried
from tracer.lesson.truths import Stop
from tracer.lesson.verdicts import Said, of_answer, of_trial
from tracer.lesson.words import say
from tracer.recording.text import harmless

from .prose import lines, prose
from .stop import Shown

_PATIENCE = 1.0  # seconds, after which it is said what is waited for
_CALL = 14  # cells in front of a call
_NUMBER = re.compile(r"[+-]?\d{1,9}")

Go: TypeAlias = Literal["on", "back", "leave"]


@dataclass
class Talk:
    """Between a student and a lesson."""

    language: str
    width: int
    write: Callable[[str], None]
    read: Callable[[], str | None]
    """The next line that was typed; None: no more comes."""
    note: Callable[[str], None] | None
    """Is told a line of what is waited for; None: nobody is there to read it now."""
    is_person: bool
    """Whether somebody reads along: then there is a stop behind each step, and an end of what is typed is a wish to leave."""
    edit: Callable[[Path], str]
    """Opens a file in the student's editor; why that could not be, or ""."""

    def words(self, key: str, **fields: object) -> str:
        """What the player says by itself."""
        return say(self.language, key, **fields)

    def tell(self, text: str = "", hang: int = 0) -> None:
        """A paragraph, in lines; all but the first begin `hang` cells further to the right. Without a text an empty line."""
        self.tell_lines(lines(harmless(text), self.width, hang))

    def tell_lines(self, found: list[str]) -> None:
        """Lines as they are."""
        self.write("".join(f"{one}\n" for one in found))

    def ask(self, key: str, **fields: object) -> str | None:
        """What the student types; None: nothing more."""
        self.write(self.words(key, **fields))
        typed = self.read()
        typed = typed.strip() if typed is not None else "q" if self.is_person else None
        if not self.is_person:
            self.write(f"{harmless(typed or '')}\n")
        return typed


class LessonText:
    """One play of a lesson."""

    def __init__(self, player: Player, recording: Reading, trials: Trials, talk: Talk) -> None:
        self._player = player
        self._recording = recording
        self._trials = trials
        self._talk = talk
        self._lesson = player.lesson
        self._page = self._lesson.pages[talk.language]

    def play(self) -> bool:
        """Play it from the step that is shown to its end, or until the student leaves; whether nothing stood in the way."""
        while (go := self._step()) != "leave":
            if go == "back":
                self._player.back()
            elif not self._player.next():
                self._talk.tell()
                self._talk.tell(self._talk.words("finished"))
                name = following(self._lesson.folder)
                if name:
                    self._talk.tell(self._talk.words("following", name=name))
                self._experiments()
                break
        return self._player.phase != "failed"

    def begin(self, done: bool, called: str) -> None:
        """Say what the lesson is about; to who was in it before, that the run comes there. `done`: to its end. `called`: its name."""
        if self._player.resuming:
            self._come_back(done, called)
        else:
            self._introduce()

    def _introduce(self) -> None:
        talk = self._talk
        talk.tell(f"{self._lesson.titles[talk.language]} ({talk.words('minutes', minutes=self._lesson.minutes)})")
        talk.tell()
        talk.tell(talk.words("goals"))
        for goal in self._lesson.goals[talk.language]:
            talk.tell(f"- {goal}", 2)
        talk.tell_lines(list(prose(self._page.intro, talk.width)))

    def _come_back(self, done: bool, called: str) -> None:
        talk = self._talk
        if done:
            talk.tell(talk.words("again", name=called))
        else:
            talk.tell(talk.words("resuming", number=self._player.target + 1))
        self._until(lambda: not self._player.resuming)

    # -- a step ------------------------------------------------------------------------------------------------------------

    def _step(self) -> Go:
        """Show a step and ask its questions."""
        talk, player = self._talk, self._player
        section = self._page.sections[player.step.id]
        talk.tell()
        talk.tell(talk.words("step", number=player.place + 1, count=len(self._lesson.steps), title=section.heading))
        talk.tell_lines(list(prose(section.blocks, talk.width)))
        self._until(lambda: player.phase != "doing")
        if player.reached.stop is not None:
            self._show_stop()
        go = self._questions(section)
        return self._pause() if go == "on" and talk.is_person and not player.is_last else go

    def _show_stop(self) -> None:
        """What happened up to the stop, and what its panel shows."""
        talk, one = self._talk, self._player.reached
        assert one.stop is not None
        shown = Shown(self._recording.timeline, one.stop, talk.language)
        talk.tell()
        talk.tell(talk.words("calls" if one.stop.place is not None else "calls now"))
        for line in shown.calls(self._player.last_stop, talk.width):
            talk.tell(line, _CALL)
        found = shown.panel(one.step.look)
        if found:
            talk.tell()
            talk.tell(f"{one.step.look.capitalize()}:")
            for line in found:
                talk.tell(f"  {line}", 2)

    def _pause(self) -> Go:
        """Let the student read."""
        while True:
            self._talk.tell()
            typed = self._talk.ask("go on")
            match typed:
                case "b":
                    return "back"
                case "q":
                    return "leave"
                case "?":
                    self._help()
                case _:
                    return "on"

    def _help(self) -> None:
        self._talk.tell(self._talk.words("help"))

    def _until(self, done: Callable[[], bool]) -> None:
        """Go on with the run until it is so; a person is told what is waited for."""
        said, begin = "", time.monotonic()

        def look(now: int) -> bool:
            nonlocal said
            self._player.poll(now)
            waiting = self._waiting()
            if self._talk.note is not None and waiting not in ("", said) and time.monotonic() - begin > _PATIENCE:
                said = waiting
                self._talk.note(self._talk.words("waiting", what=harmless(waiting)))
            return done()

        self._recording.until(look)

    def _waiting(self) -> str:
        """What has to come next; "": nothing."""
        player = self._player
        stop = player.step.stop if player.phase == "doing" else None
        return str(player.run.doing or stop or "")

    # -- questions ---------------------------------------------------------------------------------------------------------

    def _questions(self, section: Section) -> Go:
        """Ask what the step asks; tell of what was asked before."""
        player = self._player
        answered = ""  # the question that was answered just now
        for place in count():
            self._until(partial(self._is_known, place))
            if player.phase == "failed":
                self._talk.tell()
                self._talk.tell(self._talk.words("failed", why=player.reached.why))
                return "leave"
            if place >= len(player.reached.asked):
                return "on"
            asked = player.reached.asked[place]
            words = section.questions[asked.question.id]
            self._talk.tell()
            self._talk.tell(self._talk.words("question", question=words.heading))
            if asked.given is None:
                go = self._ask(asked)
                if go != "on":
                    return go
                answered = asked.question.id
                self._until(partial(self._is_decided, asked))
            if asked.truth is not None:
                self._tell_verdict(asked, again=answered != asked.question.id)
                self._talk.tell_lines(list(prose(words.blocks, self._talk.width)))
        raise AssertionError

    def _is_known(self, place: int) -> bool:
        """Whether there is something to tell of the question at that place, or there is none."""
        asked = self._player.reached.asked
        if self._player.phase in ("done", "failed"):
            return True
        return place < len(asked) and (asked[place].truth is not None or asked[place].offered is not None)

    def _is_decided(self, asked: Asked) -> bool:
        """Whether the truth of a question is known, or never will be."""
        return asked.truth is not None or self._player.phase == "failed"

    def _ask(self, asked: Asked) -> Go:
        """Have a question answered, or skipped."""
        talk, choices = self._talk, asked.offered or ()
        for number, answer in enumerate(choices, 1):
            talk.tell(f"  {number}  {answer_words(talk.language, asked.question.ask, answer)}", 3)
        while True:
            typed = talk.ask("choose", count=len(choices)) if choices else talk.ask("type")
            match typed:
                case "b":
                    return "back"
                case "q":
                    return "leave"
                case "?":
                    self._help()
                case None | "s":
                    self._player.answer("")
                    return "on"
                case _:
                    given = _chosen(typed, choices) if choices else _number(typed)
                    if given:
                        self._player.answer(given)
                        return "on"
                    talk.tell(talk.words("no choice", count=len(choices)) if choices else talk.words("no number"))

    def _tell_verdict(self, asked: Asked, again: bool) -> None:
        """What became of an answer, and what decides it."""
        talk = self._talk
        if again and asked.given:
            talk.tell(talk.words("answered", given=answer_words(talk.language, asked.question.ask, asked.given)))
        self._say(of_answer(talk.language, asked))

    def _say(self, said: Iterable[Said]) -> None:
        for one in said:
            self._talk.tell(f"  {one.words}" if one.kind == "line" else one.words, 2 * (one.kind == "line"))

    # -- experiments -------------------------------------------------------------------------------------------------------

    def _experiments(self) -> None:
        """Let the student make experiments, as many as are wanted."""
        talk, known = self._talk, self._lesson.experiments
        while known:
            talk.tell()
            talk.tell(talk.words("experiments"))
            for number, one in enumerate(known, 1):
                talk.tell(f"  {number}  {self._page.sections[one.id].heading}", 3)
            chosen = self._pick("which", [one.id for one in known])
            if not chosen:
                return
            self._experiment(self._trials.experiment(chosen))

    def _pick(self, key: str, answers: list[str]) -> str:
        """Which of these the student wants; "": none."""
        while True:
            typed = self._talk.ask(key, count=len(answers))
            if typed is None or typed in ("", "q", "s", "b"):
                return ""
            found = _chosen(typed, answers)
            if found:
                return found
            self._talk.tell(self._talk.words("no choice", count=len(answers)))

    def _experiment(self, experiment: Experiment) -> None:
        """Have one changed, predicted and made."""
        talk, section = self._talk, self._page.sections[experiment.id]
        talk.tell()
        talk.tell(section.heading)
        talk.tell_lines(list(prose(section.blocks, talk.width)))
        talk.tell()
        value = self._value(experiment)
        predicted = self._predict(experiment) if value is not None else None
        if value is None or predicted is None:
            return
        talk.tell(talk.words("trying"))
        self._tell_tried(self._trials.make(experiment.id, value, predicted))

    def _value(self, experiment: Experiment) -> str | None:
        """What it is to be changed to; "": server.py as the student has edited it. None: nothing."""
        talk = self._talk
        if experiment.change == SERVER:
            return self._edited()
        talk.tell(talk.words("present", change=experiment.change, value=experiment.present))
        for number, value in enumerate(experiment.to, 1):
            talk.tell(f"  {number}  {value}", 3)
        return self._pick("value", list(experiment.to)) or None

    def _edited(self) -> str | None:
        """Have the student edit a copy of server.py, as often as is wanted; None: no experiment."""
        talk = self._talk
        try:
            copy = self._trials.copy()
        except CannotChange as error:
            talk.tell(talk.words("not tried", why=error))
            return None
        talk.tell(talk.words("copy", path=copy))
        outdated = newer(copy, self._lesson.server)
        if outdated:
            talk.tell(outdated)
        while True:
            typed = talk.ask("edit")
            if typed in (None, "q"):
                return None
            problem = (talk.edit(copy) if typed == "e" else "") or problem_of(copy)
            if problem:
                talk.tell(problem)
            elif typed != "e":
                return ""

    def _predict(self, experiment: Experiment) -> str | None:
        """What the student predicts; "": nothing. None: no experiment."""
        talk, choices = self._talk, self._player.predictable(experiment)
        for number, answer in enumerate(choices, 1):
            talk.tell(f"  {number}  {answer_words(talk.language, experiment.ask, answer)}", 3)
        while True:
            typed = talk.ask("predict")
            if typed in (None, "q"):
                return None
            if typed in ("", "s"):
                return ""
            found = _chosen(typed, choices) if choices else _number(typed)
            if found:
                return found
            talk.tell(talk.words("no choice", count=len(choices)) if choices else talk.words("no number"))

    def _tell_tried(self, tried: Tried) -> None:
        """What came of an experiment."""
        talk, experiment = self._talk, self._trials.experiment(tried.experiment)
        self._say(of_trial(talk.language, experiment, tried))
        for name, run in tried.runs.items():
            found = _panel(run, experiment.look, talk.language)
            if found:
                talk.tell(f"{experiment.look.capitalize()} ({talk.words(name)}):")
                talk.tell_lines([f"  {one}" for one in found])
        if tried.runs:
            talk.tell(talk.words("compare"))
            talk.tell_lines([f"  tracer show {harmless(str(run.path))}" for run in tried.runs.values()])


def _panel(run: Trial, look: str, language: str) -> list[str]:
    """What that panel showed when the experiment's question was asked; [] where the calls are all."""
    with reading(run.path) as recording:
        while recording.read():
            pass
        return Shown(recording.timeline, Stop(run.t), language).panel(look)


def _chosen(typed: str, answers: Sequence[str]) -> str:
    """The answer that was typed, by its number or as it stands there; "": none of them."""
    number = _number(typed)
    if number and 0 < int(number) <= len(answers):
        return answers[int(number) - 1]
    return typed if typed in answers else ""


def _number(typed: str) -> str:
    """The number that was typed; "": none."""
    return str(int(typed)) if _NUMBER.fullmatch(typed) else ""
