"""Where a student is in a lesson: steps, questions and their truth, with real servers."""

import time
from pathlib import Path

import pytest

from tests.lesson.kit import Playing, echo, lesson, playing
from tracer.lesson.answers import event_words
from tracer.lesson.facts import Facts, parse_fact
from tracer.lesson.player import GRACE, Player
from tracer.lesson.progress import Given, Progress
from tracer.recording.reader import Reader
from tracer.timeline import Timeline
from tracer.timeline.at import at
from tracer.timeline.filter import parse
from tracer.timeline.load import load as load_recording

RECORDING = Path(__file__).parents[1] / "recordings" / "forking-zombies.tracer"

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
        player.back()
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
        assert not play.player.resuming  # he has been there
        play.player.next()
        assert play.player.step.id == "handle"


def test_who_goes_back_comes_back_to_the_furthest_step(echoing, progress, tmp_path):
    with playing(echoing, tmp_path / "run.tracer", progress, "more") as play:
        play.question()
        play.player.back()
        play.player.back()
        assert (play.player.step.id, play.player.resuming) == ("accept", False)
        play.player.next()
        assert (play.player.step.id, progress.step) == ("handle", "more")
        play.player.next()
        assert play.answer("4") is True
    assert progress.answers[("more", "count")] == Given("4", True)


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
            '[[step]]\nid = "a"\ndo = ["client one 2", "wait connections = 2", "wait calls(before handle) = 1"]\n',
            "wait calls(before handle) = 1: it will not come true any more: calls(before handle) is 2",
        ),
        (
            echo("TCPServer"),
            '[[step]]\nid = "a"\ndo = ["client one", "signal TERM", "wait connections = 9"]\n',
            "wait connections = 9: the server has ended by signal 15 (SIGTERM)",
        ),
    ],
)
def test_a_step_that_cannot_be_reached_says_why(server, steps, why, tmp_path):
    with playing(lesson(tmp_path / "broken", server, steps), tmp_path / "run.tracer") as play:
        play.until(lambda: False)
        assert play.player.reached.why == why
        assert play.player.phase == "failed"


#: The children of a recording.
CHILDREN = """
    [[step]]
    id = "first"
    stop = "before handle"
    check = ["calls(before handle) = 1", "calls(before fork) = 1"]
"""


class Done:
    """A run that has done all, and that nobody holds."""

    def do(self, actions):
        pass

    def is_done(self, facts, now):
        return True

    def is_in_others_hands(self, facts):
        return False


def test_what_was_first_is_found_also_where_it_is_read_last(tmp_path):
    """What the second child has done is read first, then what the first has; what the parent has, and what is checked, at last."""
    frames = Reader().feed(RECORDING.read_bytes())
    children = [one.id for one in load_recording(RECORDING)[0].ordered.items if one.cause == "fork"]
    timeline = Timeline()
    player = Player(lesson(tmp_path / "late", echo("TCPServer"), CHILDREN), Done(), Facts(timeline))

    def read(who):
        timeline.feed((one, content) for one, content in frames if isinstance(content, dict) == (who is None) and who in (None, one))
        player.poll(read.now)
        read.now += GRACE // 2

    read.now = 1
    read(None)
    read(children[1])
    assert player.reached.found.place.context == children[1]
    read(children[0])
    assert player.reached.found.place.context == children[0]
    read(timeline.settle().root.first.id)
    assert player.phase == "doing"
    read(children[2])
    assert (player.phase, player.reached.stop.place.context) == ("done", children[0])


def test_who_is_held_by_a_student_is_not_late(echoing, tmp_path):
    """He may hold somebody for as long as he likes; when he lets go, the lesson goes on."""
    with playing(echoing, tmp_path / "run.tracer") as play:
        run, timeline = play.player.run, play.recording.timeline
        run.gate("hold", filter="before handle", once=False)
        play.until(lambda: bool(at(timeline, timeline.newest).held))
        assert run.is_in_others_hands(play.player.facts)
        now = time.monotonic_ns()
        for seconds in range(60):
            play.player.poll(now + seconds * 1_000_000_000)
        assert (play.player.phase, play.player.reached.why, play.player.held_up) == ("doing", "", True)
        run.gate("release_all")
        play.question()
        assert not play.player.held_up
        assert play.player.reached.stop is not None


def test_what_a_lesson_holds_is_in_its_own_hands(tmp_path):
    steps = '[[step]]\nid = "a"\ndo = ["hold before  handle", "client one", "wait held = 1"]\ncheck = ["held = 1"]\n'
    with playing(lesson(tmp_path / "held", echo("TCPServer"), steps), tmp_path / "run.tracer") as play:
        play.done()
        assert not play.player.run.is_in_others_hands(play.player.facts)


def test_a_hold_that_the_lesson_has_taken_away_is_the_students_when_it_comes_again(tmp_path):
    steps = '[[step]]\nid = "a"\ndo = ["hold before handle", "client one", "wait held = 1", "release"]\n'
    with playing(lesson(tmp_path / "held", echo("TCPServer"), steps), tmp_path / "run.tracer") as play:
        play.done()
        run, facts = play.player.run, play.player.facts
        run.gate("hold", filter="before handle", once=False)
        play.recording.until(lambda now: bool(at(facts.timeline, facts.timeline.newest).holds))
        run.send("one", at(facts.timeline, facts.timeline.newest).servers[0])
        play.recording.until(lambda now: bool(at(facts.timeline, facts.timeline.newest).held))
        assert run.is_in_others_hands(facts)


def test_a_students_clients_are_none_of_the_lessons(tmp_path):
    """The lesson waits for its own, whoever else comes meanwhile; and ends them all."""
    steps = '[[step]]\nid = "a"\ndo = ["client silent 2"]\n\n[[step]]\nid = "b"\ndo = ["clients leave"]\n'
    with playing(lesson(tmp_path / "poked", echo("TCPServer"), steps), tmp_path / "run.tracer") as play:
        facts = play.player.facts
        play.recording.until(lambda now: bool(facts.found(parse("after server_activate"))))
        server = at(facts.timeline, facts.timeline.newest).servers[0]
        assert play.player.run.send("one", server, 3) == range(1, 4)
        play.done()
        connected = {facts.timeline.label(one.context) for one in facts.found(parse("before connect"))}
        assert connected >= {"C4", "C5"}
        play.player.next()
        play.done()
        assert facts.value(parse_fact("clients"), facts.timeline.newest) == 0
