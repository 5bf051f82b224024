"""Facts: what a moment of a recording says, and what is said of a text that is none."""

from pathlib import Path

import pytest

from tracer.lesson.facts import Fact, FactError, Facts, First, NextHook, parse_ask, parse_check, parse_fact
from tracer.lesson.kinds import KINDS
from tracer.timeline.load import load

RECORDINGS = Path(__file__).parents[1] / "recordings"


def facts_of(name: str) -> Facts:
    """Of a recording of a real run."""
    timeline, _ = load(RECORDINGS / f"{name}.tracer")
    return Facts(timeline)


#: A recording -> what its last moment says.
SAID = {
    "failing": {
        "calls(after handle & raised)": 2,
        "calls(handle)": 4,
        "open(before serve_forever)": 0,
        "error(after handle & raised)": "ConnectionResetError",
        "error(after handle & !raised)": None,
        "outcome(before serve_forever)": "raised",
        "outcome(before verify_request)": "returned",
        "owner(before handle)": "FailingHandler",
        "owner(before setup)": "StreamRequestHandler",
        "where(before handle)": "main",
        "where(before connect)": "client",
        "connections": 4,
        "status": 0,
        "signal": None,
        "clients": 0,
        "processes": 0,
        "active_children": None,
        "queue": None,
    },
    "forking-zombies": {
        "zombies": 1,
        "children": 1,
        "active_children": 1,
        "processes": 1,
        "where(before handle)": "child",
        "where(before fork)": "main",
        "kept_threads": None,
    },
    "threading-slow": {
        "threads": 1,
        "handler_threads": 1,
        "kept_threads": 0,
        "where(before handle)": "thread",
        "outcome(before handle)": "returned",
        "open(before handle)": 1,
        "clients": 1,
        "queue": 0,
        "queue(Nobody)": None,
    },
    "held": {"held": 2},
}


@pytest.mark.parametrize(
    ("name", "fact", "value"), [(name, fact, value) for name, said in SAID.items() for fact, value in said.items()]
)
def test_what_a_moment_says(name, fact, value):
    facts = facts_of(name)
    assert facts.value(parse_fact(fact), facts.timeline.newest) == value


def test_a_fact_is_of_its_time():
    """Before the first client came nothing had been taken, and afterwards one call after the other."""
    facts = facts_of("failing")
    taken = [one.t for one in facts.found(parse_fact("calls(after get_request)").filter)]
    fact = parse_fact("connections")
    assert [facts.value(fact, t) for t in (facts.timeline.start, *taken)] == [0, 1, 2, 3, 4]
    raised = parse_fact("calls(after handle & raised)")
    assert [facts.value(raised, t) for t in taken] == [0, 0, 0, 1]


def test_what_decides_a_fact_is_its_last_call():
    facts = facts_of("failing")
    raised = facts.found(parse_fact("calls(after handle & raised)").filter)
    newest = facts.timeline.newest
    assert facts.decides(parse_fact("outcome(after handle & raised)"), newest) == raised[-1]
    assert facts.decides(parse_fact("outcome(after handle & raised)"), raised[0].t) == raised[0]
    assert facts.decides(parse_fact("outcome(after handle & raised)"), raised[0].t - 1) is None
    assert facts.decides(parse_fact("held"), newest) is None


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("connections = 3", True),
        ("connections <= 3", True),
        ("connections = 4", False),
        ("connections = 5", False),
        ("connections >= 3", False),
        ("connections < 4", True),
        ("connections < 5", False),
        ("calls(before handle & open) < 0", False),  # these become fewer
        ("queue = 0", False),
    ],
)
def test_what_was_counted_too_far_never_comes_true(text, missed):
    facts = facts_of("failing")
    check = parse_check(text)
    assert check.is_missed(facts.value(check.fact, facts.timeline.newest)) is missed


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("connections = 4", True),
        ("connections != 4", False),
        ("connections >= 4", True),
        ("connections > 4", False),
        ("calls(after handle & duration>0ms) = 4", True),
        ("calls(before handle) < 4", False),
        ("owner(before handle) = FailingHandler", True),
        ("owner(before handle) != FailingHandler", False),
        ("error(after handle & !raised) != ValueError", False),  # nothing is known of it, so nothing is true
        ("milliseconds(after serve_forever) > 10", True),
    ],
)
def test_a_check_is_true_or_not(text, true):
    facts = facts_of("failing")
    assert facts.holds(parse_check(text), facts.timeline.newest) is true


@pytest.mark.parametrize("text", ["zombies = 1", "calls(after handle & duration>5ms) >= 2", "owner(before handle) != A"])
def test_a_check_is_written_as_it_was(text):
    assert str(parse_check(text)) == text


def test_what_questions_ask():
    assert parse_ask("next") == NextHook(here=False)
    assert parse_ask(" next  here ") == NextHook(here=True)
    assert isinstance(parse_ask("first(before handle; after close)"), First)
    assert parse_ask("queue(EchoServer)") == Fact("queue", "EchoServer")


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_fact, "zombi", "there is no fact 'zombi': did you mean zombies?"),
        (parse_fact, "calls", "calls needs a filter: calls(before handle)"),
        (parse_fact, "calls(befor handle)", "in the filter 'befor handle': there is no hook 'befor'; did you mean before?"),
        (parse_fact, "zombies(handle)", "zombies takes nothing in parentheses"),
        (parse_check, "zombies", "'zombies' is no check: it needs a sign and a value, as in zombies = 1"),
        (parse_check, "zombies == 1", "in 'zombies == 1': write = and not =="),
        (parse_check, "zombies =", "'zombies =' is no check: it needs a sign and a value, as in zombies = 1"),
        (parse_check, "zombies = one", "zombies is a whole number, 0 or more, not 'one'"),
        (parse_check, "zombies = -1", "zombies is a whole number, 0 or more, not '-1'"),
        (parse_check, f"zombies = {'9' * 20}", f"zombies is a whole number, 0 or more, not '{'9' * 20}'"),
        (parse_check, "owner(before handle) > A", "owner is a word: it can be = or != to another, not >"),
        (parse_check, "outcome(before handle) = died", "outcome is never 'died': did you mean raised?"),
        (parse_ask, "first(before handle)", "first needs two filters: first(before close_request; after close)"),
        (parse_ask, "first(after handle; after  handle)", "first needs two filters that differ: both are after handle"),
    ],
)
def test_what_is_wrong_is_told_with_a_cure(parse, text, said):
    with pytest.raises(FactError) as error:
        parse(text)
    assert str(error.value) == said


def test_a_fact_that_there_is_not_is_told_with_all_there_are():
    with pytest.raises(FactError) as error:
        parse_fact("xyz")
    assert str(error.value) == f"there is no fact 'xyz': choose one of {', '.join(KINDS)}"
