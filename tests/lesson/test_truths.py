"""What decides an answer: the call after which it was so, or the time at which the kernel said it; and what is offered beside it."""

import pytest

from tests.lesson.test_facts import facts_of
from tracer.lesson.answers import event_words
from tracer.lesson.facts import parse_ask
from tracer.lesson.truths import Evidence, Stop, Truth, offered, truth


@pytest.mark.parametrize(
    ("recording", "ask", "answer", "decides"),
    [
        ("failing", "connections", "4", "00:00.621 main leaves get_request"),
        ("failing", "open(before handle)", "0", "00:00.621 main leaves handle by an exception"),
        ("failing", "status", "0", "00:00.702 status = 0"),  # it came to its end: no call says so
        ("forking", "status", "0", "00:00.570 status = 0"),  # its children have called _exit, but they did not end last
        ("forking-zombies", "status", "0", "00:00.292 P10178 enters _exit"),
        ("forking-zombies", "zombies", "1", "00:00.292 P10178 enters _exit"),
        ("forking-zombies", "children", "1", "00:00.288 main leaves waitpid"),
        ("threading-slow", "open(before handle)", "1", "00:00.271 T3 leaves handle"),
        ("threading-slow", "outcome(before handle)", "returned", "00:00.271 T3 leaves handle"),
        ("threading-slow", "queue", "0", "00:00.205 main leaves get_request"),
        ("threading-slow", "held", "0", "00:00.271 held = 0"),
        ("stuck", "queue", "6", "00:00.657 C4 leaves connect"),  # those behind it have not come in
    ],
)
def test_what_decides(recording: str, ask: str, answer: str, decides: str) -> None:
    facts = facts_of(recording)
    found = truth(facts, parse_ask(ask), Stop(facts.timeline.newest))
    assert found is not None
    assert (found.legal, [event_words("en", one) for one in found.evidence]) == ((answer,), [decides])


@pytest.mark.parametrize(
    ("ask", "classes"),
    [
        ("owner(before setup)", ("BaseRequestHandler", "DatagramRequestHandler", "FailingHandler", "StreamRequestHandler")),
        ("owner(before process_request)", ("BaseServer", "ForkingMixIn", "TCPServer", "ThreadingMixIn")),
    ],
)
def test_of_a_hook_of_handlers_only_handlers_are_offered(ask: str, classes: tuple[str, ...]) -> None:
    facts = facts_of("failing")
    assert offered(facts, parse_ask(ask), Stop(facts.timeline.newest), ()) == classes


def test_of_several_right_answers_the_one_that_was_given_is_shown() -> None:
    events = tuple(Evidence(None, f"00:00.00{number}", "enters", "main", hook) for number, hook in enumerate("abcd"))
    found = Truth(("a", "b", "c", "d"), True, events)
    assert found.proofs("c") == events[2:3]
    assert found.proofs("x") == found.proofs("") == events[:3]
