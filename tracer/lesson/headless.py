"""Playing without anybody who looks: a whole lesson, or an experiment's run. It ends in bounded time, whatever the server does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tracer.recording.follow import Follower
from tracer.timeline.at import at
from tracer.timeline.timeline import Timeline

from .facts import Facts
from .format import Experiment, Lesson
from .kinds import Value
from .player import Player
from .run import NotReached, Run, listens

_PAUSE = 0.01  # seconds between two looks at a recording that does not grow


class Reading:
    """A recording that is read on while it grows."""

    def __init__(self, follower: Follower) -> None:
        self.timeline = Timeline()
        self.facts = Facts(self.timeline)
        self._follower = follower

    def read(self) -> bool:
        """Take in what is new; whether there was anything."""
        frames = self._follower.read()
        self.timeline.feed(frames)
        return bool(frames)

    def until(self, done: Callable[[int], bool]) -> None:
        """Read on until `done(now)`, which is asked again and again: it gives up by itself what does not come."""
        while True:
            new = self.read()
            if done(time.monotonic_ns()):
                return
            if not new:
                time.sleep(_PAUSE)


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """The recording at that path. Raises NotARecording."""
    with Follower(path) as follower:
        yield Reading(follower)


class Answered(NamedTuple):
    """A question, and what the run says to it."""

    question: str
    legal: tuple[str, ...]
    offered: tuple[str, ...]  # to choose from; (): a number is typed
    wrong: tuple[str, ...]  # of these, those that are not right
    decided: bool
    waiting: tuple[str, ...]  # labels of those that are held, so that nothing says what they do next


class Played(NamedTuple):
    """A step of a lesson that was played."""

    step: str
    seconds: float  # that it took
    answers: tuple[Answered, ...]
    why: str  # it was not reached, or what should be is not so; "": all is well
    key: tuple[str | int, ...]  # where in its table of lesson.toml that was to be
    listens: bool  # the server has begun to


def play(lesson: Lesson, path: Path) -> Iterator[Played]:
    """Play a lesson, recorded at `path`, and skip its questions: each step as soon as it is over; the last one may have failed.

    Raises CannotRecord.
    """
    with Run(lesson.server, path) as run, reading(path) as recording:
        player = Player(lesson, run, recording.facts)
        while True:
            begin = time.monotonic()
            recording.until(lambda now: _is_over(player, now))
            yield _played(player, time.monotonic() - begin)
            if not player.next():
                return


def _is_over(player: Player, now: int) -> bool:
    """Go on; whether nothing is left to do in this step."""
    player.poll(now)
    asked = player.open_question
    if asked is not None and asked.offered is not None:
        player.answer("")
    return player.phase in ("done", "failed")


def _played(player: Player, seconds: float) -> Played:
    one, timeline = player.reached, player.facts.timeline
    answers = []
    for asked in one.asked:
        if asked.truth is not None and asked.offered is not None:
            wrong = tuple(answer for answer in asked.offered if asked.truth.verdict(answer) is False)
            held = () if asked.truth.decided else tuple(one.label for one in at(timeline, timeline.newest).held)
            answers.append(Answered(asked.question.id, asked.truth.legal, asked.offered, wrong, asked.truth.decided, held))
    return Played(one.step.id, seconds, tuple(answers), one.why, one.key, listens(player.facts))


class Trial(NamedTuple):
    """What came of an experiment's run."""

    path: Path
    t: int  # when it was asked, or given up
    value: Value | None  # of the fact that it asks; None: not known
    why: str  # it could not be played; "": it was
    key: tuple[str | int, ...] = ()  # where in its table of lesson.toml


def trial(server: Path, experiment: Experiment, path: Path) -> Trial:
    """Play an experiment with that server, recorded at `path`. Raises CannotRecord."""
    with Run(server, path) as run, reading(path) as recording:
        run.do(experiment.do)
        try:
            recording.until(lambda now: run.is_done(recording.facts, now))
        except NotReached as error:
            return Trial(path, recording.timeline.newest, None, str(error), error.key)
        t = recording.timeline.newest
        return Trial(path, t, recording.facts.value(experiment.ask, t), "")
