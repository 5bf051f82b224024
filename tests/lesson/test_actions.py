"""Actions: what a lesson has done, as it is written."""

import pytest

from tracer.lesson.actions import (
    ActionError,
    Dismiss,
    HoldAt,
    Pause,
    Release,
    Send,
    Signal,
    Wait,
    parse_action,
)
from tracer.lesson.facts import parse_check
from tracer.timeline.filter import parse_hold


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("client one", Send("one")),
        ("client half-close 3", Send("half-close", 3)),
        ("client silent 2 to EchoServer", Send("silent", 2, "EchoServer")),
        ("client http to WebServer", Send("http", None, "WebServer")),
        ("clients leave", Dismiss()),
        ("hold before handle & nth:2", HoldAt(parse_hold("before handle & nth:2"))),
        ("release", Release()),
        ("release T1", Release("T1")),
        ("signal INT", Signal("INT")),
        ("wait zombies >= 1", Wait(parse_check("zombies >= 1"))),
        ("pause 0.5", Pause(0.5)),
    ],
)
def test_an_action_is_read_and_written(text, action):
    assert parse_action(text) == action
    assert str(action) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clint one", "there is no action 'clint': did you mean client?"),
        ("client", "'client' is not understood: it is written as client KIND [COUNT] [to SERVER]"),
        ("client slwo", "there is no client 'slwo': did you mean slow?"),
        ("client one 0", "0 clients are too many or too few: from 1 to 50"),
        ("client one 51", "51 clients are too many or too few: from 1 to 50"),
        ("clients go", "'clients go' is not understood: it is written as clients leave"),
        ("hold befor handle", "in the filter 'befor handle': there is no hook 'befor'; did you mean before?"),
        ("hold before connect", "in the filter 'before connect': "),
        ("release T1 T2", "'release T1 T2' is not understood: it is written as release [LABEL]"),
        ("signal KILL", "'signal KILL' is not understood: it is written as signal INT|TERM|USR1"),
        ("wait zombies", "'zombies' is no check: it needs a sign and a value, as in zombies = 1"),
        ("pause soon", "'pause soon' is not understood: it is written as pause SECONDS"),
        ("pause 6", "a pause of 6 s is too long: at most 5 s; wait for what is to come instead"),
    ],
)
def test_what_is_wrong_is_told_with_a_cure(text, said):
    with pytest.raises(ActionError) as error:
        parse_action(text)
    assert str(error.value).startswith(said)
