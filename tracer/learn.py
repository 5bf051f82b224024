"""`tracer learn`: a lesson, its real server and its clients; on the screen, or as plain text."""

import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tracer.lab.ending import DEAF
from tracer.lesson.changes import CannotChange, edit, newer, problem_of
from tracer.lesson.facts import Facts
from tracer.lesson.format import Lesson, load
from tracer.lesson.headless import reading
from tracer.lesson.player import Player
from tracer.lesson.progress import Progress
from tracer.lesson.run import PATIENCE, NotReached, Run, how_it_ended, listens
from tracer.lesson.syllabus import key_of
from tracer.lesson.tried import Trials, Tried, Wish
from tracer.lesson.words import say
from tracer.recording.text import harmless
from tracer.supervisor.journal import new_path, program_name

if TYPE_CHECKING:
    from tracer.tui.controls import Controls

_SOON = 0.2  # seconds
_NARROWEST = 20  # cells in which a text is broken into lines


class Play:
    """One student in one lesson, for as many runs of its server as are wanted."""

    def __init__(self, lesson: Lesson, language: str) -> None:
        self.lesson = lesson
        self.language = language
        self.key = key_of(lesson.folder)
        """What is the student's own in it is kept under this."""
        self.called = shlex.quote(self.key)
        """What is typed behind `tracer learn`."""
        self.progress = Progress(self.key)
        self.path: Path | None = None
        """The recording of the newest run; None: none has begun."""

    def record(self, what: str = "") -> Path:
        """A place for a recording: of the lesson, or of `what` in it."""
        name = program_name(["-m", self.lesson.name])  # a teacher's folder may be called anything
        return new_path(f"learn-{name}{what}")

    def player(self, run: Run, facts: Facts) -> Player:
        """A player that comes to where the student was."""
        player = Player(self.lesson, run, facts, self.progress)
        steps, where = self.lesson.steps, self.progress.step
        is_behind = where in [one.id for one in self.lesson.experiments]
        player.resume(steps[-1].id if is_behind else where)
        if not where:
            self.progress.at(steps[0].id)
        return player

    def conclude(self, screen: bool) -> None:
        """Say what is to be said at the end."""
        if self.path is not None:
            _say(f"recorded; to see it: tracer {'open' if screen else 'show'} {self.path}")
        if self.progress.why:
            _say(self.progress.why)
        if self.path is not None and not self.progress.done:
            _say(f"to go on with this lesson: tracer learn {self.called}")


def learn(folder: Path, language: str, screen: bool, restart: bool) -> int:
    """Play the lesson in that folder until the student leaves it; the exit status.

    Raises Broken; and CannotRecord or NotReached where its server does not begin.
    """
    play = Play(load(folder), language)
    if restart:
        play.progress.restart()
    try:
        with nullcontext() if screen else ending_on_signals():
            while (status := _run(play, screen)) is None:
                pass
    finally:
        play.conclude(screen)
    return status


def _run(play: Play, screen: bool) -> int | None:
    """Play it with one run of its server; None: it is to begin anew."""
    path = play.record()
    with Run(play.lesson.server, path) as run, Trials(play.lesson, play.key, play.progress, play.record) as trials:
        _wait_until_it_listens(run)
        play.path = path
        return _on_screen(play, run, trials) if screen else _as_text(play, run, trials)


def _wait_until_it_listens(run: Run) -> None:
    """Raise NotReached if the server ends before; one that takes very long is the lesson's business."""
    late = time.monotonic_ns() + int(PATIENCE * 1e9)
    with reading(run.path) as recording:
        timeline = recording.timeline
        recording.until(lambda now: listens(recording.facts) or timeline.ended is not None or now > late)
        if timeline.ended is not None and not listens(recording.facts):
            raise NotReached(f"the server does not start: {how_it_ended(timeline)}")


# ---- plain text


def _as_text(play: Play, run: Run, trials: Trials) -> int:
    from tracer.text.lesson import LessonText, Talk

    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    talk = Talk(play.language, width, _write, _read, _note if _is_terminal(sys.stderr) else None, _is_terminal(sys.stdin), _edit)
    done = play.progress.done
    with reading(run.path) as recording:
        text = LessonText(play.player(run, recording.facts), recording, trials, talk)
        try:
            text.begin(done, play.called)
            return 0 if text.play() else 1
        except KeyboardInterrupt:
            _write("\n")  # behind what was asked
            raise


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _read() -> str | None:
    """The next line; None: no more comes."""
    if sys.stdin is None:
        return None
    while sys.stdin.isatty() and not select.select([sys.stdin], [], [], _SOON)[0]:
        pass  # a Ctrl-C just before a read is seen only behind it
    return sys.stdin.readline() or None


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """While there is no screen: SIGTERM and a hang-up end us as Ctrl-C does, so that nothing is left running.

    A terminal that is closed is often followed by a SIGTERM: for a second the next one does nothing, as cleaning up is under way.
    """
    last = float("-inf")

    def end(number: int, frame: object) -> None:
        nonlocal last
        if time.monotonic() - last > DEAF:
            last = time.monotonic()
            raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- the screen


def _on_screen(play: Play, run: Run, trials: Trials) -> int | None:
    """The same on the screen, which is left, and comes back, for what cannot be done on it; None: it is to begin anew."""
    from tracer.tui.feed import Feed
    from tracer.tui.lesson.app import learn as show
    from tracer.tui.lesson.beside import show_beside

    controls = _controls(run)
    tried: list[Tried] = []
    experiment, edited = "", False  # to come back to, and from the editor
    with closing(Feed(run.path, f"learn {play.lesson.name}", follow=True)) as feed:
        player = play.player(run, Facts(feed.timeline))
        while isinstance(found := show(player, feed, controls, play.language, tried, at=experiment, edited=edited), Wish):
            experiment, edited = found.experiment, found.what == "edit"
            match found.what:
                case "again":
                    return None
                case "restart":
                    play.progress.restart()
                    return None
                case "edit":
                    controls.say(_edit_copy(play, trials))
                case "try":
                    _note(say(play.language, "trying"))
                    tried.append(trials.make(experiment, found.value, found.predicted))
                    show_beside(trials.experiment(experiment), tried[-1], controls, play.language)
    return found


def _controls(run: Run) -> "Controls":
    """What the student may do to the lesson's server, beside the lesson."""
    from tracer.lab.targets import target_of
    from tracer.tui.controls import Controls
    from tracer.tui.leaving import leave_on_sigterm

    def send(kind: str) -> None:
        if not run.send(kind, controls.server):
            controls.say("no client: the server does not listen")

    controls = Controls(send=send, reaches=lambda server: target_of(server.family, server.kind, server.address) is not None)
    controls.gate = controls.through(run.gate, "the lesson's server")
    leave_on_sigterm(controls)
    return controls


# ---- the student's server.py


def _edit_copy(play: Play, trials: Trials) -> str:
    """Have the student's own server.py edited; what there is to say of it."""
    try:
        copy = trials.copy()
    except CannotChange as error:
        return str(error)
    return _edit(copy) or problem_of(copy) or newer(copy, play.lesson.server) or say(play.language, "copy", path=copy)


def _edit(path: Path) -> str:
    """Open a file in the student's editor until that is left; why it could not be, or "". A Ctrl-C there is the editor's."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)  # no SIG_IGN: the editor would have it, too
    try:
        command = edit(path, os.environ)
        status = subprocess.run(command, check=False).returncode
    except CannotChange as error:
        return str(error)
    except OSError as error:
        return harmless(f"{command[0]}: {error.strerror}")
    finally:
        signal.signal(signal.SIGINT, before)
    return harmless(f"{command[0]} ended with status {status}") if status else ""


def _say(line: str) -> None:
    _note(f"tracer: {line}")
