"""Lessons made for a test, and playing them without anybody who looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tracer.lesson.format import Lesson, load
from tracer.lesson.headless import Reading, reading
from tracer.lesson.player import Player
from tracer.lesson.progress import Progress
from tracer.lesson.run import Run

ECHO = """
    from tracer.socketserver import StreamRequestHandler, {server}


    class EchoHandler(StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline())


    with {server}(("127.0.0.1", 0), EchoHandler) as server:
        server.serve_forever()
"""


def echo(server: str) -> str:
    """A program that serves with that class of the framework."""
    return dedent(ECHO.format(server=server))


def lesson(folder: Path, server: str, steps: str) -> Lesson:
    """A lesson of these steps (`[[step]]`, `[[step.question]]` and `[[experiment]]` tables); its prose says nothing."""
    folder.mkdir()
    (folder / "server.py").write_text(dedent(server))
    head = 'minutes = 1\ntitle.en = "A lesson"\ntitle.zh = "一课"\ngoals.en = ["see"]\ngoals.zh = ["看"]\n'
    (folder / "lesson.toml").write_text(head + dedent(steps))
    page, question = "", False
    for line in dedent(steps).splitlines():
        question = "question" in line if line.startswith("[[") else question
        if line.startswith("id = "):
            page += f"\n{'###' if question else '##'} Heading {{#{line[6:-1]}}}\n\nWords.\n"
    for language, title in (("en", "A lesson"), ("zh", "一课")):
        (folder / f"lesson.{language}.md").write_text(f"# {title}\n{page}")
    return load(folder)


class Playing:
    """A lesson that is played, and the recording of its run."""

    def __init__(self, player: Player, recording: Reading) -> None:
        self.player = player
        self.recording = recording

    def until(self, done: Callable[[], bool]) -> None:
        """Go on until it is so, or the step cannot be reached."""

        def is_over(now: int) -> bool:
            self.player.poll(now)
            return done() or self.player.phase == "failed"

        self.recording.until(is_over)

    def question(self) -> None:
        """Go on until a question waits, with what there is to choose from."""
        self.until(lambda: (one := self.player.open_question) is not None and one.offered is not None)
        assert self.player.phase == "asking", self.player.reached.why

    def answer(self, given: str) -> bool | None:
        """Answer the question that waits; whether that is right."""
        self.question()
        asked = self.player.open_question
        assert asked is not None
        self.player.answer(given)
        self.until(lambda: asked.truth is not None)
        return asked.right

    def done(self) -> None:
        """Go on until nothing is left to do in the step."""
        self.until(lambda: self.player.phase == "done")
        assert self.player.phase == "done", self.player.reached.why


@contextmanager
def playing(one: Lesson, path: Path, progress: Progress | None = None, step: str = "") -> Iterator[Playing]:
    """Play a lesson, recorded at that path; with `step` the student was there before."""
    with Run(one.server, path) as run, reading(path) as recording:
        player = Player(one, run, recording.facts, progress)
        player.resume(step)
        yield Playing(player, recording)
