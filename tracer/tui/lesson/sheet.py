"""What the lesson's panel says: one frozen sheet, made from where the student is, and drawn by the panel.

Rule of this file: words and no looks. What a kind of part looks like, the panel knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tracer.lesson.prose import Block, Span

Kind = Literal[
    "heading", "paragraph", "item", "code",  # prose
    "remark", "look", "doing", "failed", "cure",  # beside it, where to look, what is going on, that nothing does, what to press
    "question", "given", "right", "wrong", "open", "proof", "line",  # asked, answered, and what decides
    "change", "result",  # of an experiment
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of it: a paragraph, a question, a verdict."""

    kind: Kind
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is said now."""

    title: str  # in the frame
    parts: tuple[Part, ...]
    about: tuple[object, ...] = ()  # as long as this is the same, the student reads on where he is
    new: int = 0  # the part that is read first
    choices: tuple[str, ...] = ()  # to choose from, below the last part; (): there is nothing to choose
    types: bool = False  # a number is to be typed there
    prompt: str = ""  # what Enter does, at the lower edge of the frame, once all has been read
    cursor: int = 0  # the choice that Enter takes, until another is chosen
    note: str = ""  # what else is to be said there: then that

    @property
    def question(self) -> tuple[object, ...]:
        """What Enter is about: as long as this is the same, it does the same."""
        return self.about, self.choices, self.types, self.prompt

    @property
    def asks(self) -> bool:
        """Whether something is to be chosen or typed."""
        return self.types or bool(self.choices)


def words(kind: Kind, text: str) -> Part:
    """A part of words; what stands between two NULs is code."""
    spans = (Span(piece, "code" if place % 2 else "") for place, piece in enumerate(text.split("\0")))
    return Part(kind, tuple(span for span in spans if span.text))


def code(text: object) -> str:
    """That as code among the words of a part."""
    return f"\0{text}\0"


def prose(blocks: Iterable[Block]) -> list[Part]:
    """The parts of a page's prose."""
    return [Part(one.kind, one.spans) for one in blocks]
