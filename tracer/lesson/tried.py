"""Experiments of a lesson as a student makes them: what is wished for, and what came of it.

Rule of this file: what goes wrong in a student's program is told (`Tried.why`) and harms nothing; there is always a way back.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Self, TypeAlias

from tracer.supervisor.journal import CannotRecord

from .changes import CannotChange, problem_of, student_copy, write_changed
from .folder import SERVER
from .format import Experiment, Lesson
from .headless import Trial, trial
from .progress import Given, Progress

What: TypeAlias = Literal["again", "restart", "try", "edit"]
"""Come to the same step again with a new server; begin the lesson anew; make an experiment; edit the student's server.py for one."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a screen is left for: somebody else does it, and the screen comes back."""

    what: What
    experiment: str = ""  # its id
    value: str = ""  # what the student has chosen; "": server.py as the student has edited it
    predicted: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an experiment."""

    experiment: str  # its id
    value: str
    predicted: str
    before: Trial | None = None  # the run of the lesson's own server.py; None: there was none
    after: Trial | None = None  # and that of the changed one
    why: str = ""  # it could not be made; "": it was

    @property
    def right(self) -> bool | None:
        """Whether it was predicted; None: nothing was, or nobody can say."""
        value = self.after.value if self.after is not None else None
        return None if value is None or not self.predicted else self.predicted == str(value)

    @property
    def runs(self) -> dict[str, Trial]:
        """Those that there were, by name."""
        return {name: run for name, run in (("before", self.before), ("after", self.after)) if run is not None}


class Trials:
    """The experiments of one lesson, to be used by `with`."""

    def __init__(self, lesson: Lesson, key: str, progress: Progress, new_path: Callable[[str], Path]) -> None:
        """`key`: what the student's own things are kept under. `new_path` gives a place for a recording, by the end of its name."""
        self._lesson = lesson
        self._key = key
        self._progress = progress
        self._new_path = new_path
        self._left = ExitStack()
        self._before: dict[str, Trial] = {}  # experiment -> its run with the lesson's own server.py
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._left.close()

    def experiment(self, identity: str) -> Experiment:
        """The experiment of that id."""
        return next(one for one in self._lesson.experiments if one.id == identity)

    def copy(self) -> Path:
        """The student's own server.py, to be edited. Raises CannotChange."""
        return student_copy(self._key, self._lesson.server)

    def make(self, identity: str, value: str, predicted: str) -> Tried:
        """Make an experiment, in a few seconds; what was predicted is kept with the student's answers."""
        try:
            tried = self._make(self.experiment(identity), value, predicted)
        except (CannotChange, CannotRecord, OSError, UnicodeDecodeError) as error:
            return Tried(identity, value, predicted, why=str(error))
        if not tried.why:
            self._progress.at(identity)
            self._progress.answer(identity, "", Given(predicted, tried.right))
        return tried

    def _make(self, experiment: Experiment, value: str, predicted: str) -> Tried:
        identity = experiment.id
        server = self._server(experiment, value)
        before = self._before.get(identity) or trial(self._lesson.server, experiment, self._new_path(f"-{identity}-before"))
        if before.why:
            return Tried(identity, value, predicted, before, why=before.why)
        self._before[identity] = before
        self._count += 1
        after = trial(server, experiment, self._new_path(f"-{identity}-try{self._count}"))
        return Tried(identity, value, predicted, before, after, after.why)

    def _server(self, experiment: Experiment, value: str) -> Path:
        """The changed program. Raises CannotChange."""
        if experiment.change == SERVER:
            copy = self.copy()
            problem = problem_of(copy)
            if problem is not None:
                raise CannotChange(f"{copy}: {problem}")
            return copy
        changed = Path(self._left.enter_context(TemporaryDirectory(prefix="tracer-learn-"))) / SERVER
        write_changed(self._lesson.server, experiment.change, value, changed)
        return changed
