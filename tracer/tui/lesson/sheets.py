"""From where a student is to what the lesson's panel says: the first page, a step, the end, an experiment."""

from collections.abc import Sequence

from tracer.lab.clients import KINDS as CLIENTS
from tracer.lesson.actions import Action, Dismiss, HoldAt, Pause, Release, Send, Signal, Wait
from tracer.lesson.answers import answer_words
from tracer.lesson.folder import SERVER
from tracer.lesson.format import Experiment, Lesson
from tracer.lesson.player import Asked, Player
from tracer.lesson.prose import Section, Span
from tracer.lesson.syllabus import following
from tracer.lesson.tried import Tried
from tracer.lesson.verdicts import Said, of_answer, of_trial, sentences
from tracer.lesson.words import say

from ..screens.watch import PANEL_KEYS
from .sheet import Part, Sheet, code, prose, words

_KEYS = {name: key for key, name in PANEL_KEYS}


def cover(player: Player, language: str) -> Sheet:
    """The first page: what the lesson is about, and what one can do after it."""
    lesson = player.lesson
    page = lesson.pages[language]
    length = [say(language, "minutes", minutes=lesson.minutes)]
    if lesson.builds_on:
        length.append(say(language, "builds on", names=", ".join(lesson.builds_on)))
    parts = [
        words("heading", page.title),
        *prose(page.intro),
        words("paragraph", say(language, "goals")),
        *(Part("item", (Span("- "), Span(goal))) for goal in lesson.goals[language]),
        words("paragraph", say(language, "screen how")),
        words("remark", " · ".join(length)),
    ]
    return Sheet(lesson.name, tuple(parts), ("cover",), prompt=say(language, "screen begin"))


def coming(player: Player, language: str) -> Sheet:
    """On the way to where the student was."""
    count = len(player.lesson.steps)
    said = words("doing", say(language, "screen coming", number=player.target + 1, count=count))
    return Sheet(player.lesson.titles[language], (said,), ("coming",))


def step(player: Player, language: str, known: int) -> Sheet:
    """The step that is shown. `known`: so many of its answers the student has seen before."""
    lesson, one = player.lesson, player.reached
    section = lesson.pages[language].sections[one.step.id]
    parts = [words("heading", section.heading), *prose(section.blocks)]
    told = sum(asked.truth is not None for asked in one.asked)
    if one.stop is not None:
        panel, key = one.step.look.capitalize(), _KEYS[one.step.look]
        parts.append(words("look", say(language, "screen look", panel=panel, key=key)))
    new = 0
    for number, asked in enumerate(one.asked):
        if known < told == number + 1:
            new = len(parts)
        parts += _asked(asked, section.questions[asked.question.id], language)
    if one.why:
        new = len(parts)
        parts += [words("failed", say(language, "failed", why=one.why)), words("cure", say(language, "screen cure"))]
    waiting = player.open_question
    if player.phase in ("doing", "deciding"):
        stop = str(one.step.stop) if one.stop is None and one.step.stop is not None else ""
        parts.append(words("doing", _doing(player.run.doing, stop, language)))
    elif waiting is not None and waiting.offered is None:
        parts.append(words("doing", say(language, "screen deciding")))
    if player.held_up:
        parts.append(words("cure", say(language, "screen held")))
    prompt = say(language, "screen last" if player.is_last else "screen next") if player.phase == "done" else ""
    return Sheet(
        f"{player.place + 1}/{len(lesson.steps)} {lesson.titles[language]}",
        tuple(parts),
        ("step", player.place, told, bool(one.why)),
        new,
        tuple(answer_words(language, waiting.question.ask, one) for one in waiting.offered or ()) if waiting is not None else (),
        waiting is not None and waiting.offered == (),
        prompt,
    )


def _asked(asked: Asked, section: Section, language: str) -> list[Part]:
    """A question, what was answered, what the run says, and why."""
    parts = [words("question", section.heading)]
    if asked.given:
        parts.append(words("given", answer_words(language, asked.question.ask, asked.given)))
    if asked.truth is None:
        return parts
    return [*parts, *map(_said, of_answer(language, asked)), *prose(section.blocks)]


def _said(one: Said) -> Part:
    return words(one.kind, code(one.words) if one.kind in ("line", "change") else one.words)


_DOING: dict[type, str] = {
    Dismiss: "screen dismiss",
    HoldAt: "screen hold",
    Pause: "screen pause",
    Release: "screen release",
    Send: "screen send",
    Signal: "screen signal",
    Wait: "screen wait",
}


def _doing(action: Action | None, stop: str, language: str) -> str:
    """What is going on."""
    if action is None:
        return say(language, "screen stop", filter=code(stop)) if stop else say(language, "screen deciding")
    fields: dict[str, object] = {}
    match action:
        case Send(kind, count):
            fields = {"kind": kind, "count": CLIENTS[kind].count if count is None else count}
        case HoldAt(where):
            fields = {"filter": code(where)}
        case Release(label):
            fields = {"who": label or say(language, "screen everybody")}
        case Signal(name):
            fields = {"name": f"SIG{name}"}
        case Wait(check):
            fields = {"check": code(check)}
        case Pause(seconds):
            fields = {"seconds": f"{seconds:g}"}
    return say(language, _DOING[type(action)], **fields)


def end(player: Player, language: str) -> Sheet:
    """Behind the last step: what was right, and the experiments to choose from."""
    lesson, told = player.lesson, player.told
    parts = [words("heading", say(language, "finished"))]
    answered = [one for one in told if one.right is not None]
    if answered:
        right = sum(one.right is True for one in answered)
        parts.append(words("paragraph", say(language, "screen score", right=right, count=len(answered))))
    name = following(lesson.folder)
    if name:
        parts.append(words("paragraph", say(language, "following", name=code(name))))
    sections = lesson.pages[language].sections
    choices = tuple(sections[one.id].heading for one in lesson.experiments)
    if choices:
        parts.append(words("question", say(language, "experiments")))
    else:
        parts.append(words("paragraph", say(language, "screen end")))
    return Sheet(lesson.titles[language], tuple(parts), ("end",), 0, choices)


def experiment(
    lesson: Lesson,
    one: Experiment,
    language: str,
    value: str | None,
    offered: tuple[str, ...],
    tried: Sequence[Tried],
    edited: bool,
) -> Sheet:
    """An experiment: first a value is chosen (`value` None), then what will come of it; below what came of it before.

    `offered`: what may be predicted; () a number. `edited`: the student comes from the editor.
    """
    section = lesson.pages[language].sections[one.id]
    parts = [words("heading", section.heading), *prose(section.blocks)]
    new = 0
    for each in [each for each in tried if not each.why or each is tried[-1]]:  # mistakes are mended by now
        new = len(parts)
        parts += map(_said, of_trial(language, one, each))
    choices, types = tuple(answer_words(language, one.ask, each) for each in offered), False
    if value is not None:
        if one.change != SERVER:
            parts.append(words("change", code(one.changed(value))))
        parts.append(words("question", say(language, "screen predict")))
        types = not offered
    elif one.change == SERVER:
        parts.append(words("question", say(language, "screen own")))
        choices = (say(language, "screen edit"), say(language, "screen run"))
    else:
        present = say(language, "present", change=one.change, value=one.present)
        parts.append(words("question", sentences(language, present, say(language, "screen change"))))
        choices = one.to
    number = lesson.experiments.index(one) + 1
    cursor = int(edited and value is None)  # what was edited is to be run
    title = say(language, "screen experiment", number=number, count=len(lesson.experiments))
    return Sheet(title, tuple(parts), ("experiment", one.id, len(tried)), new, choices, types, cursor=cursor)
