"""What the player says to an answer and of an experiment: the same on the screen and as plain text."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from .answers import answer_words, event_words
from .facts import Ask
from .format import Experiment
from .player import Asked
from .tried import Tried
from .words import say

Kind = Literal["right", "wrong", "open", "proof", "line", "change", "result"]


class Said(NamedTuple):
    """One paragraph."""

    kind: Kind
    words: str


def of_answer(language: str, asked: Asked) -> Iterator[Said]:
    """The verdict, and what decides; nothing as long as the truth is not known."""
    truth, ask = asked.truth, asked.question.ask
    if truth is None:
        return
    legal = _either(language, ask, truth.legal)
    match asked.right:
        case True:
            others = [one for one in truth.legal if one != asked.given]
            also = [say(language, "also", legal=_either(language, ask, others))] if others else []
            yield Said("right", sentences(language, say(language, "right"), *also))
        case False:
            yield Said("wrong", say(language, "wrong", legal=legal))
        case None:
            yield Said("open", say(language, "undecided" if asked.given else "skipped", legal=legal))
    for proof in truth.proofs(asked.given or ""):
        yield Said("proof", say(language, "decides", event=event_words(language, proof)))
        if proof.line:
            yield Said("line", proof.line)


def of_trial(language: str, experiment: Experiment, tried: Tried) -> Iterator[Said]:
    """What was changed, and what came of it."""
    yield Said("change", experiment.changed(tried.value))
    if tried.why:
        yield Said("wrong", say(language, "not tried", why=tried.why))
        return
    before, after = values(language, experiment, tried)
    yield Said("result", say(language, "result", before=before, after=after))
    if tried.predicted:
        predicted = say(language, "predicted", predicted=answer_words(language, experiment.ask, tried.predicted))
        match tried.right:
            case True:
                yield Said("right", sentences(language, say(language, "right"), predicted))
            case False:
                yield Said("wrong", sentences(language, say(language, "not so"), predicted))
            case None:
                yield Said("open", predicted)


def values(language: str, experiment: Experiment, tried: Tried) -> tuple[str, str]:
    """What was asked, before the change and after it."""
    before, after = (run.value if run is not None else None for run in (tried.before, tried.after))
    return _value(language, experiment.ask, before), _value(language, experiment.ask, after)


def sentences(language: str, *found: str) -> str:
    """Sentences, one after the other."""
    return ("" if language == "zh" else " ").join(found)


def _value(language: str, ask: Ask, value: object) -> str:
    return say(language, "not known") if value is None else answer_words(language, ask, str(value))


def _either(language: str, ask: Ask, answers: Sequence[str]) -> str:
    """Answers that are all right, those that read alike once."""
    return say(language, "or").join(dict.fromkeys(answer_words(language, ask, one) for one in answers))
