"""Whether a lesson can be played: what its files say, then its steps, one after the other, with its real server."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from tracer.supervisor.journal import CannotRecord

from .changes import CannotChange, with_value
from .facts import First
from .format import Broken, Experiment, Lesson, Problem, Step, load
from .headless import Answered, Played, play, trial


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
    say(f"{lesson.name}: {'whole' if not problems else f'{problems} problems'}")
    return not problems


def _play(lesson: Lesson, place: Path, say: Callable[[str], None]) -> Iterator[Problem]:
    """Play its steps and its experiments; what is wrong with them."""
    file = lesson.folder / "lesson.toml"
    try:
        for step, played in zip(lesson.steps, play(lesson, place / "lesson.tracer"), strict=False):
            say(f"step {step.id}: {played.seconds:.1f} s{''.join(map(_told, played.answers))}")
            for line, words in problems_of(step, played):
                yield Problem(file, line, words)
        for number, (experiment, value) in enumerate((one, value) for one in lesson.experiments for value in ("", *one.to)):
            words = _tried(lesson, experiment, value, place / f"experiment-{number}", say)
            if words:
                yield Problem(file, experiment.line, f"experiment {experiment.id}: {words}")
    except CannotRecord as error:
        yield Problem(lesson.server, 1, str(error))


def problems_of(step: Step, played: Played) -> Iterator[tuple[int, str]]:
    """What is wrong with a step as it was played: a line of lesson.toml, and words."""
    if played.why:
        yield step.line, f"step {step.id}: {played.why}"
    for question, answered in zip(step.questions, played.answers, strict=False):
        if answered.offered and not answered.wrong and not isinstance(question.ask, First):  # of two calls neither need be first
            yield question.line, f"question {question.id}: no answer that is offered is wrong"
        if answered.offered and not set(answered.legal) & set(answered.offered):
            yield (
                question.line,
                f"question {question.id}: the right answer ({', '.join(answered.legal)}) is not offered: add it to choices",
            )


def _told(answered: Answered) -> str:
    others = "" if answered.decided else " …"
    return f"; {answered.question}: {' or '.join(answered.legal)}{others}"


def _tried(lesson: Lesson, experiment: Experiment, value: str, place: Path, say: Callable[[str], None]) -> str:
    """Play an experiment with a changed server (unchanged: ""), its files beside `place`; what is wrong, if anything is."""
    server = lesson.server
    if value:
        try:
            changed = with_value(server.read_text(encoding="utf-8"), experiment.change, value)
        except CannotChange as error:
            return str(error)
        server = place.with_suffix(".py")
        server.write_text(changed, encoding="utf-8")
    found = trial(server, experiment, place.with_suffix(".tracer"))
    if found.why:
        return f"with {value or 'nothing changed'}: {found.why}"
    if found.value is None:
        return f"with {value or 'nothing changed'}: {experiment.ask} is not known"
    say(f"experiment {experiment.id}: {f'{experiment.change} = {value}' if value else 'unchanged'}: {experiment.ask} is {found.value}")
    return ""
