"""Lessons from their first page to their end, on real terminals and as text. The student reads what is there, and presses keys."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.terminal import Tmux
from tests.test_cli import tracer
from tests.test_learn import play
from tracer.lesson.progress import Given, Progress

SIZES = [(80, 24), (120, 36)]

ANSWERS = {
    "01-one-request": {
        ("listening", "loop-or-listen"): Given("after server_activate", True),
        ("accept", "after-accept"): Given("process_request", False),
        ("dispatch", "serves"): Given("finish_request", True),
        ("handler", "which-thread"): Given("child", False),
        ("handler", "whose-setup"): Given("StreamRequestHandler", True),
        ("end-of-handle", "after-handle"): Given("", None),
        ("close", "who-closes"): Given("server_close", False),
        ("next-turn", "again"): Given("select", True),
    },
    "07-accept-queue": {
        ("listen", "after-listen"): Given("serve_forever", True),
        ("busy", "second"): Given("2", False),
        ("connected", "how-many-fit"): Given("3", True),
        ("full", "next-one"): Given("open", True),
        ("room", "order"): Given("after get_request & connection:3", False),
    },
    "13-fork": {
        ("fork", "who-is-next"): Given("finish_request", True),
        ("parent", "after-its-copy"): Given("waitpid", False),
        ("child", "still-connected"): Given("open", True),
        ("exit", "back-to-the-loop"): Given("_exit", True),
        ("exit", "how-often-closed"): Given("10", False),
        ("in-vain", "fourth-client"): Given("", None),
        ("error", "after-error"): Given("shutdown_request", True),
        ("error", "its-status"): Given("1", True),
        ("hasty", "how-handle-ends"): Given("raised", True),
        ("lost-reply", "both-call-it"): Given("0", False),
    },
    "16-datagrams": {
        ("one-datagram", "who-sets-up"): Given("DatagramRequestHandler", True),
        ("reply", "received"): Given("1", False),
        ("nothing-to-close", "three"): Given("4", True),
        ("empty", "reply-to-nothing"): Given("", None),
        ("cut", "after-the-error"): Given("handle_error", False),
        ("nameless", "with-a-name"): Given("returned", True),
        ("shared", "taken"): Given("9", True),
    },
}
"""What is answered in each lesson, and whether that is right, by the ids of step and question; "": skipped."""

SCORES = {
    "01-one-request": "4 of 7 questions were answered right.",
    "07-accept-queue": "3 of 5 questions were answered right.",
    "13-fork": "6 of 9 questions were answered right.",
    "16-datagrams": "共回答 6 个问题，答对 4 个。",
}
CHINESE = "16-datagrams"


class Words(NamedTuple):
    """What a student knows the screen by, in one language."""

    answer: str  # among the keys
    number: str
    verdicts: Mapping[bool | None, str]
    choices: Mapping[str, str]  # those that are told in words
    end: str


ENGLISH = Words(
    "Enter answer",
    "0-9 number",
    {True: "Right.", False: "Not so: ", None: "Skipped. The answer: "},
    {
        "after server_activate": "the end of server_activate",
        "after get_request & connection:3": "the end of get_request (connection:3)",
        "child": "in a child process",
        "open": "it has not ended",
        "raised": "an exception has left it",
    },
    "This was the last step.",
)
WORDS = {
    "en": ENGLISH,
    "zh": Words(
        "Enter 回答",
        "0-9 输入",
        {True: "正确。", False: "不对。答案：", None: "已跳过。答案："},
        {"returned": "已经返回"},
        "这是最后一步。",
    ),
}
MARKS = {True: "✓ ", False: "✗ ", None: "? "}


def language_of(name: str) -> str:
    return "zh" if name == CHINESE else "en"


class Page(NamedTuple):
    """What the lesson says on the screen."""

    title: str
    words: str  # below it, in one line
    keys: str  # in the footer


def page_of(screen: str) -> Page:
    """The lesson's frame is drawn in double lines: the student is in it."""
    rows = screen.splitlines() or [""]
    lines = [found[1].strip("═ ") for row in rows if (found := re.match("[╔║╚](.*?)[╗║╝]", row))] or [""]
    return Page(lines[0], " ".join(filter(None, lines[1:])), re.sub("^╚.*?╝", "", rows[-1]))


class Student(Tmux):
    """Somebody who learns at a terminal."""

    def __init__(self, folder: Path, name: str, size: tuple[int, int]) -> None:
        self.words = WORDS[language_of(name)]
        super().__init__(folder / f"tmux-{size[0]}", folder, "learn", name, "--lang", language_of(name), size=size)

    def reads(self, wanted: Callable[[Page], object]) -> Page:
        """Wait until the lesson says what is wanted."""
        before, end = None, time.monotonic() + 60
        while (page := page_of(screen := self._do("capture-pane", "-p"))) != before or not wanted(page):  # it may be half drawn
            assert time.monotonic() < end, screen
            before = page
            time.sleep(0.03)  # a terminal tells nobody that it was drawn on
        return page

    def goes_through(self, answers: Iterator[Given], title: str = "") -> Page:
        """Read, answer and go on, up to the page of that title, or to the end of the lesson."""
        page = self.reads(can_go_on)
        while " R " not in page.keys and not (title and page.title.startswith(title)):
            if self.words.answer in page.keys:
                self.answers(page, next(answers))
                page = self.reads(can_go_on)
            else:
                self.types("Enter")
                page = self.reads(lambda now, before=page: now[:2] != before[:2] and can_go_on(now))
        return page

    def answers(self, page: Page, given: Given) -> None:
        """Give that answer, and wait until the run has told what is so."""
        verdict = MARKS[given.right] + self.words.verdicts[given.right]
        if not given.answer:
            self.types("S")
            self.reads(lambda now: verdict in now.words)
            return
        words = self.words.choices.get(given.answer, given.answer)
        if self.words.number in page.keys:
            self.types(*words)
            self.reads(lambda now: f"› {words}_" in now.words)
        while self.words.number not in page.keys and f"› {words}" not in page.words:
            assert words in page.words
            self.types("Down")
            page = self.reads(lambda now, before=page: now.words != before.words)
        self.types("Enter")
        self.reads(lambda now: f"› {words} {verdict}" in now.words)


def can_go_on(page: Page) -> bool:
    """Whether there is something to press: Enter; or R, at the end, or where it cannot go on. Page and keys agree what Enter does."""
    is_more = re.search(r"(more lines: |行，按 )Enter", page.words) is not None
    reads_on = re.match(" Enter (read on|往下读)", page.keys) is not None
    return is_more == reads_on and (page.keys.startswith(" Enter ") or " R " in page.keys)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for what runs leave for a while: its path is short, as sockets lie in it. All of a run know it by their environment."""
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def alive(temporary: Path) -> list[int]:
    """The processes that run with that folder, without tmux."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # somebody else's, or gone
            environment = (path / "environ").read_bytes().split(b"\0")
            if f"TMPDIR={temporary}".encode() in environment and (path / "comm").read_text() != "tmux: server\n":
                found.append(int(path.name))
    return found


def is_gone(temporary: Path) -> bool:
    """Whether nothing is left of a run: no process, no folder."""
    return (alive(temporary), [*temporary.iterdir()]) == ([], [])


def leave(person: Student, temporary: Path) -> None:
    """Press q: the lesson ends as it should, and nothing is left of its run."""
    assert len(alive(temporary)) >= 3, "the command, the supervisor and the server are there"
    person.types("q")
    assert person.is_gone() == 0
    assert is_gone(temporary)


needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


@needs_tmux
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ANSWERS)
def test_by_keyboard_alone(name: str, size: tuple[int, int], tmp_path: Path, temporary: Path) -> None:
    """Through every page, with every question answered: the verdicts, the end, and what is kept of it."""
    answers = iter(ANSWERS[name].values())
    with Student(tmp_path, name, size) as person:
        end = person.goes_through(answers)
        assert person.words.end in end.words
        assert SCORES[name] in end.words
        leave(person, temporary)
    assert list(answers) == []
    progress = Progress(name, tmp_path / "state" / "tracer" / "learn")
    assert (progress.done, progress.answers) == (True, ANSWERS[name])


@needs_tmux
def test_leaving_in_the_middle_and_coming_back(tmp_path: Path, temporary: Path) -> None:
    """While a child is held; then to that step, on a terminal of another size. What was answered before counts."""
    answers = iter(ANSWERS["13-fork"].values())
    folder = tmp_path / "state" / "tracer" / "learn"
    with Student(tmp_path, "13-fork", SIZES[0]) as person:
        person.goes_through(answers, "3/8 ")
        leave(person, temporary)
    progress = Progress("13-fork", folder)
    assert (progress.done, progress.step, len(progress.answers)) == (False, "child", 2)
    with Student(tmp_path, "13-fork", SIZES[1]) as person:
        assert person.reads(can_go_on).title.startswith("3/8 ")
        assert SCORES["13-fork"] in person.goes_through(answers).words
        leave(person, temporary)
    progress = Progress("13-fork", folder)
    assert (progress.done, progress.answers) == (True, ANSWERS["13-fork"])


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - {CHINESE}))
def test_as_text(name: str, tmp_path: Path, temporary: Path) -> None:
    """The same answers, typed."""
    status, printed, _ = play(tmp_path, name, typed="".join(f"{given.answer or 's'}\n" for given in ANSWERS[name].values()))
    assert status == 0
    said = re.findall("|".join(f"^{re.escape(words)}" for words in ENGLISH.verdicts.values()), printed, re.MULTILINE)
    assert said == [ENGLISH.verdicts[given.right] for given in ANSWERS[name].values()]
    progress = Progress(name, tmp_path / "tracer" / "learn")
    assert (progress.done, progress.answers) == (True, ANSWERS[name])
    assert is_gone(temporary)


def test_as_text_without_answers(tmp_path: Path, temporary: Path) -> None:
    """Who types nothing is told all answers, to the end."""
    done = tracer("learn", CHINESE, "--lang", "zh", "--text", cwd=tmp_path)
    assert done.returncode == 0
    assert len(re.findall("^已跳过。答案：", done.stdout, re.MULTILINE)) == len(ANSWERS[CHINESE])
    progress = Progress(CHINESE, tmp_path / "tracer" / "learn")
    assert (progress.done, progress.answers) == (True, dict.fromkeys(ANSWERS[CHINESE], Given("", None)))
    assert is_gone(temporary)
