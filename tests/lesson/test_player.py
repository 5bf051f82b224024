"""Where a student is in a lesson: steps, questions and their truth, with real servers."""

from pathlib import Path

import pytest

from tests.lesson.kit import Playing, echo, lesson, playing
from tracer.lesson.answers import event_words
from tracer.lesson.progress import Given, Progress

STEPS = """
    [[step]]
    id = "accept"
    do = ["client one", "wait calls(after close_request) = 1"]
    stop = "before get_request"
    check = ["connections = 0"]

    [[step.question]]
    id = "next"
    ask = "next here"

    [[step.question]]
    id = "where"
    ask = "where(before get_request)"

    [[step]]
    id = "handle"
    stop = "before handle"
    check = ["connections = 1"]

    [[step]]
    id = "more"
    do = ["client one", "wait calls(after close_request) = 2"]

    [[step.question]]
    id = "count"
    ask = "connections"
    do = ["client one 2", "wait calls(after close_request) = 4"]
"""


@pytest.fixture
def echoing(tmp_path: Path):
    return lesson(tmp_path / "one", echo("TCPServer"), STEPS)


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress("one", tmp_path / "state")


def verdicts(play: Playing) -> list[bool | None]:
    return [asked.right for asked in play.player.reached.asked]


def test_a_lesson_from_begin_to_end(echoing, progress, tmp_path):
    with playing(echoing, tmp_path / "run.tracer", progress) as play:
        player = play.player
        assert (player.step.id, player.phase) == ("accept", "doing")
        assert not player.next()  # nothing can be left out
        assert play.answer("verify_request") is True
        assert play.answer("thread") is False
        play.done()
        assert player.next()
        play.done()
        assert player.step.id == "handle"
        stops = [player.reached.stop]
        assert player.back()
        assert (player.step.id, player.phase, verdicts(play)) == ("accept", "done", [True, False])
        stops.insert(0, player.reached.stop)
        assert stops[0].t < stops[1].t
        assert player.next()
        assert player.next()
        assert (player.step.id, player.is_last) == ("more", True)
        play.question()
        assert player.open_question.offered == ()  # to be typed
        assert progress.done is False
        assert play.answer("4") is True  # it is counted when what the question has done is done
        play.done()
        assert not player.next()
    assert progress.done is True
    assert progress.answers == {
        ("accept", "next"): Given("verify_request", True),
        ("accept", "where"): Given("thread", False),
        ("more", "count"): Given("4", True),
    }


def test_the_truth_has_its_event_and_its_line(echoing, tmp_path):
    with playing(echoing, tmp_path / "run.tracer") as play:
        play.answer("get_request")
        play.answer("main")
        one, other = play.player.reached.asked
    assert (one.right, one.truth.legal) == (False, ("verify_request",))
    (proof,) = one.truth.evidence
    assert event_words("en", proof) == f"{proof.time} main enters verify_request"
    assert event_words("zh", proof) == f"{proof.time} main 进入 verify_request"
    assert proof.line.startswith("socketserver/base.py:")
    assert "self.verify_request(request, client_address)" in proof.line
    assert (other.right, other.truth.evidence[0].place) == (True, play.player.reached.stop.place)


def test_a_skipped_question_has_its_truth_and_does_what_it_has_done(echoing, progress, tmp_path):
    with playing(echoing, tmp_path / "run.tracer", progress) as play:
        for _ in range(2):
            assert play.answer("") is None
        for _ in range(2):
            play.done()
            play.player.next()
        assert play.answer("") is None
        play.done()
        assert play.player.reached.asked[0].truth.legal == ("4",)
    assert progress.answers[("more", "count")] == Given("", None)


def test_a_student_comes_back_to_where_he_was(echoing, progress, tmp_path):
    with playing(echoing, tmp_path / "run.tracer", progress) as play:
        play.answer("handle")
        play.answer("main")
        play.done()
        play.player.next()
        play.done()
    assert progress.step == "handle"
    with playing(echoing, tmp_path / "again.tracer", progress, progress.step) as play:
        assert play.player.resuming
        play.until(lambda: not play.player.resuming)
        play.done()
        assert play.player.step.id == "handle"
        play.player.back()
        assert verdicts(play) == [False, True]
        assert play.player.reached.asked[0].given == "handle"


#: Two clients, each held before its handle; the one is let go before the other.
RACE = """
    [[step]]
    id = "race"
    do = [
      "hold before handle", "client one 2", "wait held = 2", "release {first}", "wait calls(after handle) = 1", "release",
      "wait calls(after close_request) = 2",
    ]
    stop = "before handle & context:T2"

    [[step.question]]
    id = "next"
    ask = "next"

    [[step.question]]
    id = "first"
    ask = "first(after handle & context:T1; after handle & context:T2)"
"""


@pytest.mark.parametrize("first", ["T1", "T2"])
def test_no_legal_interleaving_is_wrong(first, tmp_path):
    """Whichever thread was let go first, all that either may do next is right, and either may have been first."""
    one = lesson(tmp_path / "race", echo("ThreadingTCPServer"), RACE.format(first=first))
    with playing(one, tmp_path / "run.tracer") as play:
        play.question()
        asked = play.player.open_question
        assert {"finish", "service_actions"} <= set(asked.offered)
        assert play.answer("finish") is True
        assert [asked.truth.verdict(hook) for hook in ("finish", "service_actions")] == [True, True]
        assert asked.truth.verdict("server_bind") is not True
        assert play.answer("after handle & context:T1") is True
        assert set(play.player.reached.asked[1].truth.legal) == {"after handle & context:T1", "after handle & context:T2"}


@pytest.mark.parametrize(
    ("server", "steps", "why"),
    [
        (
            "import tracer.socketserver\n\nraise SystemExit(3)",
            '[[step]]\nid = "a"\ndo = ["client one"]\ncheck = ["connections = 1"]\n',
            "client one: the server has ended with status 3",
        ),
        (
            "import tracer.socketserver\n\nprint('listening')\n1 / 0",
            '[[step]]\nid = "a"\ndo = ["client one"]\n',
            "client one: the server has ended with status 1: ZeroDivisionError: division by zero",
        ),
        (
            echo("TCPServer"),
            '[[step]]\nid = "a"\ndo = ["client one"]\nstop = "before handle"\ncheck = ["connections = 2"]\n',
            "connections = 2 is not so: it is 1",
        ),
        (
            echo("TCPServer"),
            '[[step]]\nid = "a"\ndo = ["wait calls(before select) >= 1", "release T7"]\n',
            "T7 is not held, so it cannot be released",
        ),
        (
            echo("TCPServer"),
            '[[step]]\nid = "a"\ndo = ["client one", "signal TERM", "wait connections = 9"]\n',
            "wait connections = 9: the server has ended",
        ),
    ],
)
def test_a_step_that_cannot_be_reached_says_why(server, steps, why, tmp_path):
    with playing(lesson(tmp_path / "broken", server, steps), tmp_path / "run.tracer") as play:
        play.until(lambda: False)
        assert play.player.reached.why == why
        assert play.player.phase == "failed"
