"""Answers of the run, and what decides them, in the words of a language. Names of hooks and classes are the same in all."""

from tracer.timeline.filter import Filter, Joined, Point

from .facts import Ask, Fact, First
from .truths import Evidence
from .words import WORDS, say


def answer_words(language: str, ask: Ask, answer: str) -> str:
    """An answer to that question, as a person reads it."""
    if isinstance(ask, First):
        return _event(language, ask.one if answer == str(ask.one) else ask.other)
    key = f"{ask.name} {answer}" if isinstance(ask, Fact) else ""
    return say(language, key) if key in WORDS else answer


def _event(language: str, filter_: Filter) -> str:
    """What a filter finds: `the end of serve_forever (nth:3)`; a filter that is not so simple is itself."""
    root = filter_.root
    first, *others = root.parts if isinstance(root, Joined) and root.sign == "&" else (root,)
    if not isinstance(first, Point) or not first.hook:
        return str(filter_)
    words = say(language, "an end" if first.when == "after" else "a begin", hook=first.hook)
    return f"{words} ({' & '.join(map(str, others))})" if others else words


def event_words(language: str, evidence: Evidence) -> str:
    """What decides an answer: `00:00.512 main enters verify_request`."""
    return say(language, evidence.what, time=evidence.time, label=evidence.label, hook=evidence.hook, fact=evidence.fact)
