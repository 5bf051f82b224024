"""From where a student is to what the lesson's panel says: the first page, a step, the end, an experiment."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tracer.lab.clients import KINDS as CLIENTS
from tracer.lesson.actions import Action, Dismiss, HoldAt, Pause, Release, Send, Signal, Wait
from tracer.lesson.answers import answer_words, event_words
from tracer.lesson.changes import CannotChange, value_of
from tracer.lesson.folder import SERVER
from tracer.lesson.format import Experiment, Lesson
from tracer.lesson.player import Asked, Player
from tracer.lesson.prose import Section, Span
from tracer.lesson.tried import Tried
from tracer.lesson.words import say

from ..screens.watch import PANEL_KEYS
from .sheet import Kind, Part, Sheet, code, prose, words

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
    parts, ask = [words("question", section.heading)], asked.question.ask
    if asked.given:
        parts.append(words("given", answer_words(language, ask, asked.given)))
    if asked.truth is None:
        return parts
    known = {one: answer_words(language, ask, one) for one in asked.truth.legal}
    legal = say(language, "or").join(known.values())
    others = say(language, "or").join(words for one, words in known.items() if one != asked.given)
    match asked.right:
        case True:
            also = [say(language, "also", legal=others)] if others else []
            parts.append(words("right", _sentences(language, say(language, "right"), *also)))
        case False:
            parts.append(words("wrong", say(language, "wrong", legal=legal)))
        case None if asked.given:
            parts.append(words("open", say(language, "undecided", legal=legal)))
        case None:
            parts.append(words("open", say(language, "skipped", legal=legal)))
    for proof in asked.truth.evidence:
        parts.append(words("proof", say(language, "decides", event=event_words(language, proof))))
        if proof.line:
            parts.append(words("line", code(proof.line)))
    return [*parts, *prose(section.blocks)]


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
    sections = lesson.pages[language].sections
    choices = tuple(sections[one.id].heading for one in lesson.experiments)
    if choices:
        parts.append(words("question", say(language, "experiments")))
    else:
        parts.append(words("paragraph", say(language, "screen end")))
    return Sheet(lesson.titles[language], tuple(parts), ("end",), 0, choices)


def experiment(
    lesson: Lesson, one: Experiment, language: str, value: str | None, offered: tuple[str, ...], tried: Sequence[Tried]
) -> Sheet:
    """An experiment: first a value is chosen (`value` None), then what will come of it; below what came of it before.

    `offered`: what may be predicted; () a number.
    """
    section = lesson.pages[language].sections[one.id]
    parts = [words("heading", section.heading), *prose(section.blocks)]
    new = 0
    for each in tried:
        new = len(parts)
        parts += _tried(one, each, language)
    choices, types = tuple(answer_words(language, one.ask, each) for each in offered), False
    if value is not None:
        if one.change != SERVER:
            parts.append(words("change", code(_changed(one, value))))
        parts.append(words("question", say(language, "screen predict", fact=code(one.ask))))
        types = not offered
    elif one.change == SERVER:
        parts.append(words("question", say(language, "screen own")))
        choices = (say(language, "screen edit"), say(language, "screen run"))
    else:
        parts.append(words("question", f"{_present(lesson.server, one.change, language)}{say(language, 'screen change')}"))
        choices = one.to
    number = lesson.experiments.index(one) + 1
    title = say(language, "screen experiment", number=number, count=len(lesson.experiments))
    return Sheet(title, tuple(parts), ("experiment", one.id, len(tried)), new, choices, types)


def _changed(one: Experiment, value: str) -> str:
    """The change as code says it."""
    if one.change.startswith("class "):
        return f"{one.change}({value})"
    return f"{one.change} = {value}"


@lru_cache
def _present(server: Path, change: str, language: str) -> str:
    """What the value is without a change, as far as it can be found."""
    try:
        value = value_of(server.read_text(encoding="utf-8"), change)
    except (CannotChange, OSError, UnicodeDecodeError):
        return ""
    return _sentences(language, say(language, "present", change=change, value=value), "")


def _sentences(language: str, *sentences: str) -> str:
    """Sentences, one after the other."""
    return ("" if language == "zh" else " ").join(sentences)


def _tried(one: Experiment, tried: Tried, language: str) -> list[Part]:
    """What came of it."""
    changed = SERVER if one.change == SERVER else _changed(one, tried.value)
    head = words("change", code(changed))
    if tried.why:
        return [head, words("wrong", say(language, "not tried", why=tried.why))]
    values = [
        say(language, "not known") if each is None else answer_words(language, one.ask, str(each))
        for each in (tried.before, tried.after)
    ]
    found = [head, words("proof", say(language, "result", before=values[0], after=values[1]))]
    if tried.predicted:
        kinds: dict[bool | None, tuple[Kind, str]] = {True: ("right", "right"), False: ("wrong", "screen not so"), None: ("open", "")}
        kind, verdict = kinds[tried.right]
        sentences = [say(language, verdict)] if verdict else []
        found.append(
            words(
                kind,
                _sentences(
                    language, *sentences, say(language, "predicted", predicted=answer_words(language, one.ask, tried.predicted))
                ),
            )
        )
    return found
