"""The lesson's screen: prose beside the picture, questions with their keys, evidence, back and forth; over a recording and live."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.tui.kit import Clock, Stage, check, settle
from tracer.lesson.actions import parse_action
from tracer.lesson.facts import Facts, parse_check
from tracer.lesson.format import Lesson, load
from tracer.lesson.headless import Trial
from tracer.lesson.player import Player
from tracer.lesson.run import Run
from tracer.lesson.tried import Tried, Wish
from tracer.lesson.wrap import CLOSING
from tracer.timeline.load import load as load_recording
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed
from tracer.tui.lesson import sheets
from tracer.tui.lesson.app import Learn
from tracer.tui.lesson.pages import GLANCE, Pages
from tracer.tui.lesson.sheet import Sheet
from tracer.tui.offers import Offer, footer
from tracer.tui.screens.side import SIDE

EXAMPLE = Path(__file__).parents[1] / "lesson" / "example"
RECORDING = Path(__file__).parents[1] / "recordings" / "forking-zombies.tracer"


class Recorded:
    """A run that is over: what a lesson has done, the recording shows already. With `ready` false it is still being done."""

    def __init__(self, ready: bool = True) -> None:
        self.ready = ready
        self.done: list[Any] = []
        self.said = ""
        self.others = False

    @property
    def doing(self) -> Any:
        return self.done[-1] if self.done and not self.ready else None

    def do(self, actions: Sequence[Any]) -> None:
        self.done.extend(actions)

    def is_done(self, facts: Facts, now: int) -> bool:
        return self.ready

    def is_in_others_hands(self, facts: Facts) -> bool:
        return self.others


class Student(Stage):
    """Somebody in front of a lesson."""

    async def press(self, *keys: str) -> None:
        """Press keys, each when what is new on the page has been there for a glance."""
        for key in keys:
            await self.tick()
            await super().press(key)

    @property
    def player(self) -> Player:
        return self.app.pages.player

    @property
    def page(self) -> list[str]:
        """What stands in the lesson's frame."""
        panel = self.app.learning.lesson
        return ["".join(one.text for one in strip).rstrip() for strip in panel._strips]

    @property
    def words(self) -> str:
        """The same in one line."""
        return " ".join(" ".join(self.page).split())

    @property
    def keys(self) -> str:
        """The footer."""
        return self.lines[-1]

    @property
    def whole_lines(self) -> list[str]:
        """The screen, with the blanks at the ends of lines."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]


def text(sheet: Sheet) -> list[str]:
    """The words of its parts."""
    return ["".join(span.text for span in part.spans) for part in sheet.parts]


def study(
    scenario: Callable[[Student], Awaitable[None]],
    lesson: Lesson | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    language: str = "en",
    ready: bool = True,
    tried: Sequence[Tried] = (),
    at: str = "",
    ascii_marks: bool = False,
    before: Callable[[Player], None] = lambda player: None,
    controls: Controls | None = None,
) -> object:
    """Have somebody play the lesson over the recording; what the screen was left with."""
    newest = load_recording(RECORDING)[0].newest
    feed = Feed(RECORDING, "learn example", True, Clock(newest), alive=lambda *_: True)
    run: Any = Recorded(ready)
    player = Player(lesson or load(EXAMPLE), run, Facts(feed.timeline), grace=0)
    before(player)

    async def play() -> object:
        app = Learn(
            Pages(player, language, tried, at), feed, controls, ascii_marks, ticking=False, clock=count(newest, GLANCE).__next__
        )
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await scenario(Student(pilot))
        return app.return_value

    try:
        return asyncio.run(play())
    finally:
        feed.close()


async def begin(student: Student, *keys: str) -> None:
    """Read the first page and come to the first step, then press keys; between two of them the lesson goes on."""
    while student.app.pages.page == "cover":
        await student.press("enter")
    for key in keys:
        await student.press(key)
        await student.tick()
    await student.tick()


SIZES = ((80, 24), (120, 36), (200, 60))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_question_beside_the_picture(size, language):
    """The picture stands at the stop, the panel that the step is about is marked, and the question has its choices."""

    async def scenario(student):
        await begin(student, *["enter"] * student.app.learning.lesson.reads_on, "down")
        check(f"lesson/question-{size[0]}x{size[1]}-{language}", student.lines)

    study(scenario, size=size, language=language)


@pytest.mark.parametrize(("size", "language"), [((80, 24), "en"), ((120, 36), "zh")], ids=str)
def test_a_wrong_answer_is_told_with_what_decides(size, language):
    async def scenario(student):
        await begin(student, "end", "enter")
        check(f"lesson/wrong-{size[0]}x{size[1]}-{language}", student.lines)

    study(scenario, size=size, language=language)


def test_without_signs_that_the_terminal_lacks():
    async def scenario(student):
        await begin(student, "end", "down", "enter")
        check("lesson/ascii-80x24-en", student.lines)

    study(scenario, size=(80, 24), ascii_marks=True)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (90, 50), (100, 30), (116, 16), (120, 36), (150, 40), (240, 70)], ids=str)
def test_chinese_is_aligned_and_begins_no_line_with_a_mark(size):
    async def scenario(student):
        for _ in range(12):
            assert {cell_len(line) for line in student.whole_lines} == {size[0]}
            assert not [line for line in student.page if line[:1] in CLOSING - {"?"}]  # the one of a question that was skipped
            await student.press("enter")
            await student.tick()

    study(scenario, size=size, language="zh")


def test_the_lesson_leaves_the_watch_screen_a_room_that_it_knows():
    rooms = {}

    async def scenario(student):
        for size in ((80, 24), (100, 30), (115, 40), (116, 36), (148, 40), (149, 40), (200, 60), (226, 60)):
            await student.pilot.resize_terminal(*size)
            await settle(student.pilot)
            picture = student.app.learning
            calls = picture.calls.region
            arranged = next(name for name in ("-narrow", "-wide", "-very-wide") if picture.has_class(name))
            rooms[size] = (picture.lesson.region.size, arranged, calls.x, picture.room)

    study(scenario)
    assert rooms == {
        (80, 24): ((80, 11), "-narrow", 0, (80, 13)),
        (100, 30): ((100, 13), "-wide", 0, (100, 17)),
        (115, 40): ((115, 18), "-wide", 0, (115, 22)),
        (116, 36): ((38, 36), "-narrow", 38, (78, 36)),
        (148, 40): ((49, 40), "-narrow", 49, (99, 40)),
        (149, 40): ((49, 40), "-wide", 49, (100, 40)),
        (200, 60): ((56, 60), "-wide", 56, (144, 60)),
        (226, 60): ((56, 60), "-very-wide", 56, (170, 60)),
    }


# ---- the first page, and going on


def test_nothing_is_done_before_the_first_page_is_read():
    async def scenario(student):
        await student.tick()
        assert student.page[0] == "A child for each client"
        goals = "- say in which process a handler runs - count the children that the server knows"
        assert f"After this lesson you can: {goals}" in student.words
        assert not student.player.reached.begun
        await begin(student)
        assert student.player.reached.begun
        assert student.page[0] == "A client is there"

    study(scenario)


def test_enter_reads_on_before_it_answers():
    async def scenario(student):
        await begin(student)
        assert student.page[-1] == "… 5 more lines: Enter"
        assert student.keys.startswith(" Enter read on")
        await student.press("enter")
        assert student.page[-1] == "  handle"
        assert student.keys.startswith(" Enter answer  ↑↓ choose  S skip  B back")
        assert student.player.phase == "asking"
        await student.press("enter")
        assert student.player.told[0].given == "get_request"

    study(scenario, size=(80, 24))


def test_up_and_down_choose_and_scroll_what_is_not_in_sight():
    async def scenario(student):
        await begin(student)
        seen = []
        for key in ["down"] * 7 + ["up"] * 7:
            await student.press(key)
            choice = next((line for line in student.page if line.startswith("›")), "")
            seen.append(f"{student.page[0][:8]} {choice}".strip())
        assert seen == [
            "", "A client › get_request", "first of › get_request", "› get_request", "› verify_request", "› process_request",
            "› handle", "› process_request", "› verify_request", "› get_request", "first of › get_request", "A client › get_request",
            "", "A client",
        ]  # fmt: skip

    study(scenario, size=(80, 24))


def test_steps_forward_and_back():
    async def headings_of(student):
        headings = []
        for key in ("S", "enter", "S", "S", "enter", "B", "backspace", "B", "B", "enter", "enter", "enter", "S", "enter"):
            headings.append(student.page[0] if student.app.pages.page != "cover" else "cover")
            await student.press(key)
            await student.tick()
        return [*headings, student.page[0]]

    async def scenario(student):
        await begin(student)
        assert await headings_of(student) == [
            "A client is there", "A client is there", "The server forks", "The server forks", "The server forks", "Your own code runs",
            "The server forks", "A client is there", "cover", "cover", "A client is there", "The server forks", "Your own code runs",
            "Your own code runs", "This was the last step.",
        ]  # fmt: skip

    study(scenario)


def test_while_something_is_done_the_picture_is_live_and_that_is_told():
    async def scenario(student):
        await begin(student)
        assert "which calls accept. ☞ Waiting until calls(after process_request) >= 1…" in student.words
        assert student.view.mode == "live"
        student.player.run.ready = True
        await student.tick()
        assert student.view.mode == "replay"
        assert student.place == "00:00.161 main get_request"
        assert student.app.focused is student.app.learning.lesson

    study(scenario, ready=False)


def test_that_the_student_himself_holds_somebody_is_told():
    async def scenario(student):
        await begin(student)
        student.player.run.others = True
        await student.tick()
        assert student.words.endswith("You hold somebody. The lesson waits until you let them go: g one, a all.")
        student.player.run.others = False
        await student.tick()
        assert "You hold" not in student.words

    study(scenario, ready=False)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("client slow 3", "Sending clients (slow × 3)…"),
        ("client burst", "Sending clients (burst × 10)…"),
        ("clients leave", "The clients leave…"),
        ("hold before handle", "Setting a hold before handle…"),
        ("release", "Letting everybody run on…"),
        ("release T1", "Letting T1 run on…"),
        ("signal TERM", "Sending SIGTERM to the server…"),
        ("wait queue = 2", "Waiting until queue = 2…"),
        ("pause 0.5", "Waiting 0.5 s…"),
    ],
)
def test_each_action_is_told(action, words):
    run = Recorded(ready=False)
    run.do([parse_action(action)])
    run.is_done = lambda facts, now: False
    player = Player(load(EXAMPLE), run, Facts(load_recording(RECORDING)[0]))
    player.poll(0)
    run.done = [parse_action(action)]
    assert text(sheets.step(player, "en", 0))[-1] == words
    assert text(sheets.step(player, "zh", 0))[-1] != words


# ---- questions


def test_a_number_is_typed_where_one_is_asked_for():
    """Elsewhere the same keys go to panels."""

    async def scenario(student):
        await begin(student, "2")
        assert student.app.focused.id == "queue"
        await student.press("L", "S", "enter")
        await student.tick()
        await student.press("enter", "1", "2", "backspace", "backspace", "backspace", "4", "0")
        assert "› 40_  type a number, then Enter" in student.page
        await student.press("backspace", "backspace", "1", "enter")
        await student.tick()
        assert [(one.given, one.right) for one in student.player.told] == [("", None), ("1", True)]
        assert "✓ Right." in student.page

    study(scenario)


def test_enter_pressed_twice_answers_one_question():
    """What is typed ahead is not meant for a question that nobody has seen."""

    async def scenario(student):
        await begin(student, "S", "enter")
        panel = student.app.learning.lesson
        panel.action_digit("1")
        panel.action_enter()
        panel.action_enter()
        await settle(student.pilot)
        await student.tick()
        assert [one.given for one in student.player.told] == ["", "1"]
        assert student.player.phase == "asking"

    study(scenario)


def test_what_was_answered_stays_above_the_next_question():
    async def scenario(student):
        await begin(student, "S", "enter", "7", "enter")
        assert (
            "How many children does the server know of? › 7 ✗ Not so: 1. What decides: 00:00.162 main leaves process_request "
            "Each child is noted in active_children, until it is collected. The clients leave. How many connections were accepted "
            "in all? › _ type a number, then Enter"
        ) in student.words

    study(scenario)


def test_a_question_that_changes_the_run_moves_the_picture_to_where_it_ends():
    async def scenario(student):
        await begin(student, "S", "enter", "1", "enter")
        assert student.place == "00:00.162 main process_request #1"
        student.player.run.ready = False
        await student.press("4", "enter")
        await student.tick()
        assert student.view.mode == "live"
        assert "☞ The clients leave…" in student.page
        student.player.run.ready = True
        await student.tick()
        assert student.view.mode == "replay"
        assert student.view.moment.t == student.view.newest
        assert student.page.count("✓ Right.") == 2

    study(scenario)


def test_nobody_can_say_is_no_wrong_answer():
    player = Player(load(EXAMPLE), Recorded(), Facts(load_recording(RECORDING)[0]), grace=0)
    player.poll(0)
    player.answer("handle")
    player.poll(0)
    asked = player.told[0]
    asked.truth = replace(asked.truth, decided=False)
    assert text(sheets.step(player, "en", 0))[-3] == "Nobody can say: this run has not decided it. Known to be right: verify_request."
    asked.given, asked.truth = "fork", replace(asked.truth, legal=("fork", "setup"), decided=True)
    assert text(sheets.step(player, "zh", 0))[-3] == "正确。同样正确的还有：setup。"


def test_what_decides_is_shown_and_l_comes_back():
    async def scenario(student):
        await begin(student, "V")
        assert student.said == "answer the question first: V shows what decides it"
        await student.press("S", "V")
        await student.tick()
        assert student.place == "00:00.161 main verify_request #1"
        assert student.app.learning.side.panel("source").has_class("-looked")
        assert student.app.focused is student.app.learning.lesson
        assert "L: back to the moment of this step" in student.lines[-1]
        await student.press("L")
        await student.tick()
        assert student.place == "00:00.161 main get_request"
        assert student.calls.has_class("-looked")
        assert "Enter: the next step" in student.lines[-1]

    study(scenario)


@pytest.mark.parametrize("poke", [("1", "right"), ("T", "left"), ("space",), ("z", "comma"), ("6", "z"), ("slash", "escape", "p")])
def test_l_comes_back_from_everywhere(poke):
    async def scenario(student):
        await begin(student, "S")
        before = student.lines
        await student.press(*poke)
        await student.tick()
        assert student.lines != before
        await student.press("L")
        await student.tick()
        assert student.lines[:18] == before[:18]
        assert student.app.focused is student.app.learning.lesson

    study(scenario)


def test_keys_of_the_picture_work_while_the_lesson_has_the_focus():
    sent = []

    async def scenario(student):
        student.app.controls.send = sent.append
        await begin(student, "c", "x", "e", "right")
        assert student.place != "00:00.161 main get_request"
        assert student.app.focused is student.app.learning.lesson

    study(scenario)
    assert sent == ["one", "silent"]


def test_what_a_client_of_the_lesson_says_stands_above_the_footer():
    async def scenario(student):
        await begin(student)
        student.player.run.said = "client 1: sent 'hello'"
        await student.tick()
        assert student.said == "client 1: sent 'hello'"

    study(scenario)


# ---- panels


def test_enlarged_the_lesson_is_read_whole():
    async def scenario(student):
        await begin(student, "z")
        assert student.lines[3].startswith("╔═ 1/3 A child for each client ═")
        assert "  handle" in student.page
        assert not student.calls.display
        await student.press("z")
        assert student.lines[0].startswith("╔═ 1/3 A child for each client ═")
        assert student.calls.display

    study(scenario, size=(80, 24))


@pytest.mark.parametrize("size", [(20, 10), (8, 4), (1, 1)], ids=str)
def test_a_screen_on_which_there_is_no_room(size):
    """It may be so small for a moment, while somebody moves the corner of a window."""

    async def scenario(student):
        await begin(student)
        await student.pilot.resize_terminal(*size)
        await student.tick()
        await student.press("tab", "enter", "z", "z")
        await student.pilot.resize_terminal(120, 36)
        await student.tick()
        assert "1/3" in student.lines[0]

    study(scenario)


def test_one_panel_at_a_time_is_seen_where_there_is_room_for_one():
    async def scenario(student):
        await begin(student)
        picture = student.app.learning
        seen = []
        for keys in ((), ("2",), ("p",), ("T",), ("1",), ("L", "S", "enter"), ("V",)):
            await student.press(*keys)
            await student.tick()
            panels = [*(picture.side.panel(name) for name in SIDE), picture.calls, picture.query_one("#timeline")]
            seen.append([one.id for one in panels if one.region.height and one.region in picture.region])
        assert seen == [["calls"], ["queue"], ["children"], ["timeline"], ["calls"], ["children"], ["children"]]
        assert picture.lesson.region.height == 11

    study(scenario, size=(80, 24))


@pytest.mark.parametrize(("keys", "place", "told"), [(("enter", "enter"), 0, 1), (("S", "S"), 0, 1), (("S", "enter"), 0, 1)])
def test_what_is_pressed_twice_is_not_meant_for_what_comes_next(keys, place, told):
    """A verdict is read before it is gone."""

    async def scenario(student):
        await begin(student)
        await student.tick()
        before = len(student.player.told)
        for key in keys:
            await Stage.press(student, key)
        assert (student.player.place, len(student.player.told) - before) == (place, told)
        await student.press("enter")
        assert student.player.place == place + 1

    study(scenario)


def test_a_number_is_missed():
    async def scenario(student):
        await begin(student, "S", "enter")
        assert "type a number, then Enter" in student.words
        await student.press("enter")
        assert student.said == "type a number first"
        await student.press("1", "enter")
        assert student.said == ""

    study(scenario)


def test_what_is_wrong_with_a_filter_stands_below_it():
    async def scenario(student):
        await student.press("slash")
        await student.type("handel")
        line, remark = student.lines[-3], student.lines[-2]
        assert remark.index("^") == line.index("handel")

    study(scenario)


def test_the_way_back_is_never_left_out_of_the_footer():
    names = ("sends", "types", "interrupts", "servers", "one_panel", "holds", "removes", "past", "over", "filtered")
    for values in product((False, True), repeat=len(names)):
        offered = dict(zip(names, values, strict=True))
        for held in (0, 1, 2) if offered["holds"] and not offered["over"] else (0,):
            keys = footer(Offer(**offered, held=held), (("L", "lesson", ""),))
            assert keys[0][0] == "L"
            assert len(keys) <= 8
            assert keys[-1][0] == "q"


def test_help_is_in_the_language_of_the_lesson():
    async def scenario(student):
        await student.press("question_mark")
        assert any("课程告诉你看哪里，再问你看到了什么。" in line for line in student.lines)
        await student.press("escape")

    study(scenario, language="zh")


# ---- the end, experiments, and what goes wrong


def test_the_end_tells_what_was_right_and_offers_the_experiments():
    async def scenario(student):
        await begin(student, "down", "enter", "enter", "9", "enter", "S", "enter", "down", "down", "enter", "enter")
        assert student.words == (
            "This was the last step. 2 of 3 questions were answered right. "
            "Experiments: change the server, predict what it will do, and see. › A shorter queue Change the handler"
        )

    study(scenario)


def test_without_experiments_the_end_says_what_can_be_done():
    async def scenario(student):
        await begin(student, "S", "enter", "S", "S", "enter", "S", "enter")
        assert student.page[2] == "q leaves, B goes back, R begins the"
        await student.press("enter")
        assert student.app.pages.page == "end"
        await student.press("q")

    assert study(scenario, replace(load(EXAMPLE), experiments=())) == 0


EXPERIMENTS = {
    ("enter", "down", "enter", "1", "6", "enter"): Wish("try", "queue-size", "16", "16"),
    ("enter", "enter", "S"): Wish("try", "queue-size", "1", ""),
    ("enter", "enter", "B", "down", "enter", "5", "enter"): Wish("try", "queue-size", "16", "5"),
    ("down", "enter", "enter"): Wish("edit", "own-handler"),
    ("down", "enter", "down", "enter", "down", "enter"): Wish("try", "own-handler", "", "raised"),
    ("down", "enter", "B", "enter", "enter", "S"): Wish("try", "queue-size", "1", ""),
    ("R", "y"): Wish("restart"),
}


@pytest.mark.parametrize(("keys", "wish"), EXPERIMENTS.items(), ids=map(" ".join, EXPERIMENTS))
def test_the_screen_is_left_for_a_wish(keys, wish):
    async def scenario(student):
        await begin(student, "S", "enter", "S", "S", "enter", "S", "enter")
        await student.press(*keys)

    assert study(scenario) == wish


def test_restart_asks_first():
    async def scenario(student):
        await begin(student, "R")
        assert any("y  yes      n  no" in line for line in student.lines)
        await student.press("n")
        assert not student.app._exit
        await student.press("q")

    assert study(scenario) == 0


def test_it_comes_back_to_the_experiment_with_what_came_of_it():
    five, sixteen, one, returned, raised, nothing = (Trial(Path("x"), 0, value, "") for value in (5, 16, 1, "returned", "raised", None))
    tried = [
        Tried("queue-size", "16", "16", five, sixteen),
        Tried("own-handler", "", "raised", returned, raised),
        Tried("queue-size", "1", "2", five, one),
        Tried("queue-size", "1", "", five, nothing, "the server has ended with status 1: ValueError: no"),
    ]

    async def scenario(student):
        await student.tick()
        assert (
            "› request_queue_size = 16 before: 5, after: 16 ✓ Right. You predicted: 16. "
            "› request_queue_size = 1 before: 5, after: 1 ✗ Not so. You predicted: 2. "
            "› request_queue_size = 1 ✗ The experiment could not be made: the server has ended with status 1: ValueError: no "
            "In the lesson's server.py request_queue_size is 5. What do you change it to? › 1 16"
        ) in student.words

    study(scenario, tried=tried, at="queue-size")


def test_what_is_said_of_an_experiment_is_seen_when_the_screen_comes_back():
    controls = Controls()
    controls.say("line 12: invalid syntax")

    async def scenario(student):
        await student.tick()
        assert student.said == "line 12: invalid syntax"

    study(scenario, at="own-handler", before=lambda player: player.resume("accept"), controls=controls)


def test_a_step_that_cannot_be_reached_says_why_and_what_to_do():
    lesson = load(EXAMPLE)
    broken = replace(lesson, steps=(replace(lesson.steps[0], checks=(parse_check("connections = 9"),)), *lesson.steps[1:]))

    async def scenario(student):
        await begin(student)
        why = "connections = 9 is not so: it is 0"
        assert f"✗ The lesson cannot go on: {why} R starts a new server and comes back to this step;" in student.words
        assert "R try again" in student.keys
        await student.press("R")

    assert study(scenario, broken) == Wish("again")


def test_resuming_comes_to_the_step_where_the_student_was():
    async def scenario(student):
        await student.tick()
        assert student.page[0] == "☞ Coming to step 3 of 3…"
        await student.press("B")  # there is nothing to go back to
        assert student.page[0] == "☞ Coming to step 3 of 3…"
        student.player.run.ready = True
        await student.tick()
        assert student.page[0] == "Your own code runs"
        assert student.place == "00:00.164 P10171 handle #1"
        await student.press("B")
        await student.tick()
        assert "2/3" in student.lines[0]  # not on the way any more
        assert "B back" in student.keys

    study(scenario, ready=False, before=lambda player: player.resume("handler"))


def test_a_feed_that_was_shown_before_is_shown_again(tmp_path):
    """After an experiment the screen comes back, though nothing new was read."""
    feed = Feed(RECORDING, "learn example", True, Clock(load_recording(RECORDING)[0].newest), alive=lambda *_: True)
    player = Player(load(EXAMPLE), Recorded(), Facts(feed.timeline), grace=0)

    async def show() -> str:
        app = Learn(Pages(player, "en"), feed, ticking=False, clock=count(0, GLANCE).__next__)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            return "\n".join(Student(pilot).lines)

    first, second = (asyncio.run(show()) for _ in range(2))
    feed.close()
    assert "waitpid  P10178 → still running" in first
    assert second == first


# ---- live


def test_a_whole_lesson_with_a_real_server(tmp_path):
    """By keys alone, to the end: the server forks, and its children are counted."""
    lesson = load(EXAMPLE)

    async def play(run: Run, feed: Feed) -> Player:
        player = Player(lesson, run, Facts(feed.timeline))
        app = Learn(Pages(player, "en"), feed, ticking=False)
        async with app.run_test(size=(120, 36)) as pilot:
            student = Student(pilot)

            async def until(done: Callable[[], bool]) -> None:
                while not done():
                    await student.tick()
                    assert player.phase != "failed", player.reached.why
                    await asyncio.sleep(0.005)

            await begin(student)
            for keys in (("down", "enter"), ("1", "enter", "1", "enter"), ("down", "down", "enter")):
                await until(lambda: player.open_question is not None and player.open_question.offered is not None)
                for key in keys:
                    await until(lambda: app.pages.is_seen)
                    await student.press(key)
                    await until(lambda: player.phase != "deciding")
                await until(lambda: player.phase == "done" and app.pages.is_seen)
                await student.press("enter")
            assert app.pages.page == "end"
        return player

    with Run(lesson.server, tmp_path / "run.tracer") as run, closing(Feed(run.path, "learn example", follow=True)) as feed:
        player = asyncio.run(play(run, feed))
    assert [(one.given, one.right) for one in player.told] == [
        ("verify_request", True), ("1", True), ("1", True), ("child", True),
    ]  # fmt: skip
