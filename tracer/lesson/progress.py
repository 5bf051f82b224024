"""What a student has done in a lesson: kept in a file of that lesson in the state directory, written at once.

Rules of this file:
1. What cannot be kept never stops a lesson: it lives as long as the player, and `why` says so.
2. Nothing is lost: a file that cannot be understood is put aside, and one that may not be read is not written over.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tracer.recording.private import make_folder, read, write
from tracer.recording.text import harmless
from tracer.supervisor.journal import recordings_folder

_VERSION = 1
_LARGEST = 1 << 20  # bytes of a file that is read
LONGEST = 200  # letters of an answer
_PLAIN = re.compile("[a-z0-9][a-z0-9_-]{0,63}")


class Given(NamedTuple):
    """What a student answered, and whether the run agreed; None: it was skipped, or the run did not decide."""

    answer: str
    right: bool | None


class _NotOurs(Exception):  # noqa: N818 - it says what is there instead
    """The file is no progress of a lesson; the message says what it is instead."""


@dataclass(frozen=True)
class Kept:
    """What a student has done in a lesson: where he is, whether he came to the end, where he has been, what he answered."""

    step: str = ""
    done: bool = False
    reached: tuple[str, ...] = ()
    answers: Mapping[tuple[str, str], Given] = field(default_factory=dict)

    def at(self, step: str) -> "Kept":
        reached = self.reached if step in ("", *self.reached) else (*self.reached, step)
        return replace(self, step=step, reached=reached)


def learn_folder() -> Path:
    """Where lessons keep what is the student's: beside the recordings in the user's state directory."""
    return recordings_folder().with_name("learn")


def file_name(key: str) -> str:
    """A safe name, its own, for what is kept of the lesson of that key (see `syllabus.key_of`)."""
    if _PLAIN.fullmatch(key):
        return key
    word = re.sub("[^a-z0-9]+", "-", Path(key).name.lower())[:40].strip("-")
    return f"{word or 'lesson'}@{sha256(os.fsencode(key)).hexdigest()[:16]}"  # no plain name has an @


def kept(key: str, folder: Path | None = None) -> Kept:
    """What is kept of the lesson of that key; nothing, where that cannot be read."""
    try:
        return _read(_path(key, folder))
    except (OSError, _NotOurs):
        return Kept()


class Progress:
    """The progress of one lesson. Two players of it do not lose each other's answers: what stands in the file counts."""

    def __init__(self, key: str, folder: Path | None = None) -> None:
        """Take up the lesson of that key (see `syllabus.key_of`) where it was left."""
        self.why = ""  # one line for the student: why progress is not kept, or what was put aside; "": all is well
        self._path = _path(key, folder)
        self._keeps = True
        self._kept = Kept()
        self._load()

    @property
    def step(self) -> str:
        """The id of the step (or experiment) where the student is; "": at the beginning."""
        return self._kept.step

    @property
    def done(self) -> bool:
        """Whether the student came to the end."""
        return self._kept.done

    @property
    def reached(self) -> tuple[str, ...]:
        """The ids of all steps and experiments where the student has been, in the order in which they were first reached."""
        return self._kept.reached

    @property
    def answers(self) -> Mapping[tuple[str, str], Given]:
        """The last answer to each question, by the ids of its step and of the question."""
        return MappingProxyType(dict(self._kept.answers))

    def at(self, step: str) -> None:
        """The student is at this step now."""
        self._change(lambda kept: kept.at(step))

    def answer(self, step: str, question: str, given: Given) -> None:
        """The student gave this answer; an earlier one to the same question is forgotten."""
        short = given._replace(answer=given.answer[:LONGEST])
        self._change(lambda kept: replace(kept, answers={**kept.answers, (step, question): short}))

    def finish(self) -> None:
        """The student came to the end."""
        self._change(lambda kept: replace(kept, done=True))

    def restart(self) -> None:
        """Forget it all: the student begins anew."""
        self._change(lambda kept: Kept())

    def _change(self, change: Callable[[Kept], Kept]) -> None:
        self._load()
        self._kept = change(self._kept)
        if not self._keeps:
            return
        try:
            make_folder(self._path.parent)
            write(self._path, _written(self._kept))
        except OSError as error:
            self._give_up(error)

    def _load(self) -> None:
        """Take what stands in the file, unless nothing is kept there."""
        if not self._keeps:
            return
        try:
            self._kept = _read(self._path)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._give_up(error)
        except _NotOurs as reason:
            self._put_aside(reason)

    def _put_aside(self, reason: _NotOurs) -> None:
        try:
            aside = _put_aside(self._path)
        except OSError as error:
            self._give_up(error)
        else:
            self.why = harmless(f"your progress in this lesson could not be read ({reason}): the file is now {aside}")

    def _give_up(self, error: OSError) -> None:
        self._keeps = False
        self.why = harmless(f"progress is not kept: {self._path}: {error.strerror}")


def _path(key: str, folder: Path | None) -> Path:
    return (folder or learn_folder()) / f"{file_name(key)}.json"


def _put_aside(path: Path) -> Path:
    """Give the file another name, which nothing has: that name. Raises OSError."""
    names = (f"{path.name}.broken" + (f"-{number}" if number > 1 else "") for number in count(1))
    return path.rename(next(aside for name in names if not os.path.lexists(aside := path.with_name(name))))


def _read(path: Path) -> Kept:
    """What is kept in that file. Raises OSError and _NotOurs."""
    content = read(path, _LARGEST + 1)
    if len(content) > _LARGEST:
        raise _NotOurs("it is too large")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise _NotOurs("it is damaged") from None
    if not isinstance(found, dict) or found.get("tracer") != "progress":
        raise _NotOurs("it is something else")
    if found.get("version") != _VERSION:
        raise _NotOurs("it is of another version")
    return _understood(found)


def _understood(found: dict[str, object]) -> Kept:
    match found:
        case {"step": str(step), "done": bool(done), "reached": list(reached), "answers": list(answers)}:
            if all(isinstance(entry, str) for entry in reached):
                return Kept(step, done, tuple(reached), dict(map(_answer, answers)))
    raise _NotOurs("it is damaged")


def _answer(entry: object) -> tuple[tuple[str, str], Given]:
    match entry:
        case [str(step), str(question), str(answer), bool() | None as right]:
            return (step, question), Given(answer, right)
    raise _NotOurs("it is damaged")


def _written(kept: Kept) -> bytes:
    answers = [[*place, *given] for place, given in kept.answers.items()]
    fields = {"step": kept.step, "done": kept.done, "reached": kept.reached, "answers": answers}
    return json.dumps({"tracer": "progress", "version": _VERSION, **fields}).encode()
