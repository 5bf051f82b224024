"""The lessons there are, in a line each: for a list, and for the start screen."""

from collections.abc import Iterator
from dataclasses import dataclass

from .format import Broken, Lesson, load
from .progress import kept
from .syllabus import lessons_folder, names
from .words import say


@dataclass(frozen=True, slots=True)
class Entry:
    """One lesson, in the words of a language."""

    name: str
    minutes: str  # "": it cannot be played
    title: str
    progress: str  # how far the student is; "": nowhere yet
    after: str  # what it builds on; "": on nothing

    @property
    def sentence(self) -> str:
        """All of it but its name and its length."""
        return " · ".join(filter(None, (self.title, self.progress, self.after)))


def entries(language: str) -> Iterator[Entry]:
    """All lessons, in their order."""
    for name in names():
        try:
            yield _entry(load(lessons_folder() / name), language)
        except Broken:
            yield Entry(name, "", say(language, "broken", name=name), "", "")


def _entry(lesson: Lesson, language: str) -> Entry:
    after = say(language, "builds on", names=", ".join(lesson.builds_on)) if lesson.builds_on else ""
    minutes = say(language, "minutes", minutes=lesson.minutes)
    return Entry(lesson.name, minutes, lesson.titles[language], _progress(lesson, language), after)


def _progress(lesson: Lesson, language: str) -> str:
    """How far the student is, as far as the lesson still has what was kept of it."""
    known = kept(lesson.name)
    if not known.done:
        reached = sum(step.id in known.reached for step in lesson.steps)
        return say(language, "at step", number=reached, count=len(lesson.steps)) if reached else ""
    given = (known.answers.get((step.id, question.id)) for step in lesson.steps for question in step.questions)
    verdicts = [one.right for one in given if one is not None and one.right is not None]
    score = say(language, "score", right=sum(verdicts), count=len(verdicts)) if verdicts else ""
    return say(language, "comma").join(filter(None, (say(language, "done"), score)))
