"""Whether a lesson can be played: what its files say, then its steps, one after the other, with its real server."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from tracer.supervisor.journal import CannotRecord

from .changes import CannotChange, write_changed
from .facts import Fact, First, NextHook
from .format import Broken, Experiment, Lesson, Problem, Question, load
from .headless import Answered, Played, Trial, play, trial
from .kinds import KINDS
from .syllabus import LESSON


def check(folder: Path, say: Callable[[str], None], place: Path | None = None) -> bool:
    """Check the lesson in that folder; whether it is whole. `say` is told what was played, and each problem as `FILE:LINE: words`.

    The recordings are left in the folder `place`, if there is one.
    """
    try:
        lesson = load(folder)
    except Broken as broken:
        for problem in broken.problems:
            say(str(problem))
        return False
    problems = 0
    with tempfile.TemporaryDirectory(prefix="tracer-check-") if place is None else nullcontext(place) as here:
        for found in _play(lesson, Path(here), say):
            say(str(found))
            problems += 1
    say(f"{lesson.name}: whole" if not problems else f"{lesson.name}: {problems} problem{'s' * (problems > 1)}")
    return not problems


def _play(lesson: Lesson, place: Path, say: Callable[[str], None]) -> Iterator[Problem]:
    """Play its steps and its experiments; what is wrong with them. What cannot be right behind a mistake is not played."""
    try:
        for number, played in enumerate(play(lesson, place / "lesson.tracer")):
            say(f"step {played.step}: {played.seconds:.1f} s{''.join(map(_told, played.answers))}")
            yield from problems_of(lesson, number, played)
            if played.why:
                _say_not_played(say, "step", [step.id for step in lesson.steps[number + 1 :]])
        if played.why and not played.listens:
            _say_not_played(say, "experiment", [experiment.id for experiment in lesson.experiments])
            return
        for number in range(len(lesson.experiments)):
            yield from _tried(lesson, number, bool(played.why), place, say)
    except CannotRecord as error:
        yield Problem(lesson.server, 1, str(error))


def _say_not_played(say: Callable[[str], None], what: str, names: Sequence[str]) -> None:
    if names:
        say(f"{what} {names[0]} was not played" if len(names) == 1 else f"{what}s {', '.join(names)} were not played")


def _told(answered: Answered) -> str:
    others = "" if answered.decided else " …"
    return f"; {answered.question}: {' or '.join(answered.legal)}{others}"


def problems_of(lesson: Lesson, number: int, played: Played) -> Iterator[Problem]:
    """What is wrong with that step as it was played."""
    step = lesson.steps[number]

    def problem(words: str, *key: str | int) -> Problem:
        question = f"question {step.questions[int(key[1])].id}" if key[0] == "question" else f"step {step.id}"
        return Problem(lesson.folder / LESSON, lesson.line("step", number, *key), f"{question}: {words}")

    if played.why:
        cure = _unanswered(step.questions[len(played.answers)]) if played.key[-1] == "ask" else ""
        yield problem(played.why + cure, *played.key)
    for place, answered in enumerate(played.answers):
        ask = step.questions[place].ask
        if answered.offered and not answered.wrong and not isinstance(ask, First):  # of two calls neither need be first
            yield problem(_held(answered) or "no answer that is offered is wrong", "question", place, "ask")
        if answered.offered and not set(answered.legal) & set(answered.offered):
            cure = "ask for something else" if isinstance(ask, Fact) and KINDS[ask.name].words else "add it to choices"
            yield problem(f"the right answer ({', '.join(answered.legal)}) is not offered: {cure}", "question", place, "ask")


def _unanswered(question: Question) -> str:
    """Why the run does not answer a question, and the cure."""
    match question.ask:
        case NextHook():
            return ": nobody enters a hook after this stop; stop earlier"
        case First():
            return ": not both of these calls came"
        case Fact(filter=filter_):
            why = "it is not known" if filter_ is None else "no such call"
            if question.do:
                return f": {why} when its do was done; wait for it there"
            return f": {why} at this stop; ask it in a later step, or give the question a do"


def _held(answered: Answered) -> str:
    """Why nobody can say what is next; "": the run has decided it."""
    match answered.waiting:
        case ():
            return "nobody can say who else may be next: ask next here" if not answered.decided else ""
        case (one,):
            why = f"{one} is held, so nothing says what it does next"
        case several:
            why = f"{' and '.join(several)} are held, so nothing says what they do next"
    return f"{why}: ask next here, or release first"


def _tried(lesson: Lesson, number: int, failed: bool, place: Path, say: Callable[[str], None]) -> Iterator[Problem]:
    """Play that experiment, its files in the folder `place`: unchanged, and where that is well with each value. What is wrong.

    `failed`: a step has, so values are not tried.
    """
    experiment = lesson.experiments[number]
    for which, value in enumerate(("", *experiment.to)):
        found = _trial(lesson, experiment, which, place / f"experiment-{number}-{which}")
        words = f"experiment {experiment.id}: {experiment.changed(value) if value else 'unchanged'}: "
        if found.why:
            yield Problem(lesson.folder / LESSON, lesson.line("experiment", number, *found.key), words + found.why)
        else:
            say(f"{words}{experiment.ask} is {found.value}")
        if not which and (found.why or failed):
            if experiment.to:
                say(f"experiment {experiment.id} was not played with {', '.join(experiment.to)}")
            return


def _trial(lesson: Lesson, experiment: Experiment, which: int, place: Path) -> Trial:
    """Play an experiment with that one of its values (0: unchanged), its files beside `place`. Raises CannotRecord."""
    server, path = lesson.server, place.with_suffix(".tracer")
    if which:
        server = place.with_suffix(".py")
        try:
            write_changed(lesson.server, experiment.change, experiment.to[which - 1], server)
        except CannotChange as error:
            return Trial(path, 0, None, str(error), ("to", which - 1))
    found = trial(server, experiment, path)
    if not found.why and found.value is None:
        return found._replace(why=f"{experiment.ask} is not known", key=("ask",))
    return found
