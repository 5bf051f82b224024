"""The filter language: what is read, what it matches, what is said of a mistake; and the calls of a recording as it sees them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.probe.hooks import HOOKS
from tracer.timeline.filter import KEYS, Call, FilterError, call_of, parse
from tracer.timeline.filter.call import WHENS
from tracer.timeline.filter.keys import quoted

NTH = "nth counts for a conjunction of the whole filter: it cannot stand in parentheses or behind '!'"

bounded = settings(max_examples=100, deadline=None)


# -- reading and writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("handle", "handle"),
        ("  before   finish_request&peer:53122 ", "before finish_request & peer:53122"),
        ("after Router.dispatch", "after Router.dispatch"),
        ("Thread.start|_exit|before", "Thread.start | _exit | before"),
        ("#7", "connection:7"),
        ("connection:#7", "connection:7"),
        ("connection >= 007", "connection>=7"),
        ("a.b & (handle | setup) & (finish & open)", "a.b & (handle | setup) & finish & open"),
        ("(handle | (setup | (finish)))", "handle | setup | finish"),
        ("handle | setup & finish", "handle | setup & finish"),
        ("!(before handle)", "!before handle"),
        ("! ! !handle & !!(raised)", "!handle & raised"),
        ("!(!(handle & open))", "handle & open"),
        ("!(handle & open)", "!(handle & open)"),
        ("duration>5ms", "duration>5ms"),
        ("duration <= 1.5ms", "duration<=1500µs"),
        ("duration>60000000us", "duration>1m"),
        ("duration>90s | duration>2\u03bcs | duration<3ns", "duration>90s | duration>2µs | duration<3ns"),
        ("raised:ValueError", "raised:ValueError"),
        ('raised:"no such file"', 'raised:"no such file"'),
        ('owner:"Handler"', "owner:Handler"),
        (r'request:"say \"a\\b\""', r'request:"say \"a\\b\""'),
        ("peer:[::1]:80 | peer:::1 | server:127.0.0.1:8000", "peer:[::1]:80 | peer:::1 | server:127.0.0.1:8000"),
        ("request | reply>=500 & connection", "request | reply>=500 & connection"),
        ("handle & nth:3 | nth>=2", "handle & nth:3 | nth>=2"),
    ],
)
def test_the_normal_form(text: str, normal: str) -> None:
    assert str(parse(text)) == normal
    assert parse(normal) == parse(text)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "a hook or a key should stand here, such as handle or peer:53122"),
        ("handle & ", 9, "a hook or a key should stand here, such as handle or peer:53122"),
        ("handle || setup", 8, "a hook or a key should stand here, such as handle or peer:53122"),
        ("handle & ()", 10, "a hook or a key should stand here, such as handle or peer:53122"),
        ("handel", 0, "there is no hook 'handel'; did you mean handle?"),
        ("before  get_requst", 8, "there is no hook 'get_requst'; did you mean get_request?"),
        ("#1 & rasied", 5, "there is no hook 'rasied'; did you mean raised?"),
        ("zzz", 0, "there is no hook 'zzz'; hooks are handle, get_request, select and so on"),
        ("handle and setup", 7, "write '&' for and"),
        ("not handle", 0, "write '!' for not"),
        ("handle setup", 7, "an '&' or '|' is missing here"),
        ("after raised", 6, "a hook's name belongs behind 'after', such as after handle; or write: after & raised"),
        ("before (handle", 7, "a hook's name belongs behind 'before', such as before handle; or write: before & (handle"),
        ("before !owner:A", 7, "a hook's name belongs behind 'before', such as before handle; or write: before & !owner:A"),
        ("before #3", 7, "a hook's name belongs behind 'before', such as before handle; or write: before & #3"),
        ("before after", 7, "a hook's name belongs behind 'before', such as before handle"),
        ("before 5", 7, "a hook's name belongs behind 'before', such as before handle"),
        ("before handle:3", 7, "there is no key 'handle'; the keys are owner, server, context, connection, peer, open, duration, "
                               "raised, request, reply, nth"),
        ("(before) handle", 9, "an '&' or '|' is missing here"),
        ("raised:a=b handle", 11, "an '&' or '|' is missing here"),
        ("(handle", 0, "this '(' is never closed"),
        ("!(handle & (setup)", 1, "this '(' is never closed"),
        ("handle)", 6, "this ')' closes nothing"),
        ("onwer:X", 0, "there is no key 'onwer'; the keys are owner, server, context, connection, peer, open, duration, raised, "
                       "request, reply, nth"),
        ("owner", 5, "owner needs a value, such as owner:EchoHandler"),
        ("owner: & handle", 7, "owner needs a value, such as owner:EchoHandler"),
        ('owner:""', 6, "owner needs a value, such as owner:EchoHandler"),
        ('peer:"a', 5, "this quotation mark is never closed"),
        ("reply=404", 5, "'=' cannot follow reply: write it like reply:404"),
        ("duration:5ms", 8, "':' cannot follow duration: write it like duration>5ms"),
        ("open:yes", 4, "':' cannot follow open: write it like open"),
        ("duration>5", 9, "a unit is missing: ns, µs (or us), ms, s or m, such as duration>5ms"),
        ("duration>5h", 9, "this unit is not known: ns, µs (or us), ms, s or m, such as duration>5ms"),
        ("duration>ms", 9, "a number with a unit belongs here, such as duration>5ms"),
        ("duration>0.5ns", 9, "this is no whole number of nanoseconds, such as duration>5ms"),
        ("#x", 1, "a whole number from 1 on belongs here, such as connection:7"),
        ("connection>0", 11, "a whole number from 1 on belongs here, such as connection:7"),
        ("handle & (nth:3 | setup)", 10, NTH),
        ("handle & !nth:3", 10, NTH),
        ("h" * 1001, 1000, "a filter has at most 1000 characters"),
        ("|".join(["#1"] * 300), 899, "a filter has at most 1000 characters when it is written out"),
        ("(" * 500, 50, "parentheses can stand 50 deep, no deeper"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_character(text: str, position: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.position, str(caught.value)) == (position, message)


def test_the_caret_stands_under_the_mistake() -> None:
    """Also behind what is wide, or not shown as it is."""
    with pytest.raises(FilterError) as caught:
        parse('raised:"错误\x1b" & handel')
    assert caught.value.pointed() == 'raised:"错误\\x1b" & handel\n                    ^'


def test_names_of_the_programs_own() -> None:
    """Where they are known, a name with a dot that is none of them is a mistake."""
    assert str(parse("before Router.dispatch", own=["Router.dispatch"])) == "before Router.dispatch"
    with pytest.raises(FilterError, match=r"no hook 'Router.dispath'; did you mean Router.dispatch\?"):
        parse("Router.dispath", own=["Router.dispatch"])
    with pytest.raises(FilterError, match=r"no hook 'Thread.strat'; did you mean Thread.start\?"):
        parse("Thread.strat", own=())


def test_every_hook_and_every_key_can_be_written() -> None:
    for hook in HOOKS:
        assert parse(f"before {hook}").hooks() == {(hook, "before")}
    for key in KEYS.values():
        assert str(parse(key.example)) == key.example
    assert not {*KEYS, "before", "after"} & set(HOOKS)


# -- matching ------------------------------------------------------------------------------------------------------------------

AFTER = Call(
    "handle", "after", "EchoHandler", ("Server", "0.0.0.0:8000"), "T3", 7, "127.0.0.1:53122", False, 6_000_000,
    "ValueError: no such file", "GET /a?b", 404,
)  # fmt: skip
BEFORE = AFTER._replace(when="before", open=True)
NOTHING = Call("select", "after", "select", (), "main", 0, "", False, 0, "", "", 0)
UNKNOWN = Call(None, "after")


@pytest.mark.parametrize(
    "text",
    [
        "handle", "after handle", "after", "owner:EchoHandler", "server:Server", "server:0.0.0.0:8000", "server:8000", "context:T3",
        "#7", "connection>6", "connection<=7", "connection", "peer:127.0.0.1:53122", "peer:127.0.0.1", "peer:53122", "peer", "server",
        "raised", "raised:ValueError", 'raised:"such file"', "duration>5ms", "duration>=6ms", "duration<1s", "request", "request:/a",
        'request:"GET /a"', "reply", "reply:404", "reply>=400", "#1 | #7", "#7 & !#1", "!(#7 & #1)", "!open", "!before",
    ],
)  # fmt: skip
def test_it_matches(text: str) -> None:
    """And its negation does not; of a call that tells nothing neither matches, but for what is said of before and after."""
    assert parse(text).matches(AFTER)
    assert not parse(f"!({text})").matches(AFTER)
    if text not in ("after", "!before"):
        assert not parse(text).matches(UNKNOWN)
        assert not parse(f"!({text})").matches(UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "setup", "before handle", "before", "owner:Echo", "owner:echohandler", "server:Serve", "server:80", "context:T", "#1",
        "connection>7", "peer:5312", "peer:127.0.0", "raised:Value", "raised:KeyError", "duration>6ms", "duration<=5ms",
        "request:POST", "reply<404", "open", "#7 & #1", "!#7 | #1",
    ],
)  # fmt: skip
def test_it_does_not_match(text: str) -> None:
    assert not parse(text).matches(AFTER)
    assert parse(f"!({text})").matches(AFTER)


@pytest.mark.parametrize(
    "text", ["connection", "connection<9", "peer:1", "server", "server:8000", "raised", "raised:x", "request", "reply<9"]
)
def test_none_is_not_unknown(text: str) -> None:
    """Of a call that has no connection, no error, no request it is known that it has none."""
    assert not parse(text).matches(NOTHING)
    assert parse(f"!{text}").matches(NOTHING)


def test_how_a_call_ended_is_not_known_before_it() -> None:
    for text in ("raised", "!raised", "duration>5ms", "!duration>5ms", "raised & duration>5ms"):
        assert not parse(text).matches(BEFORE)
    assert parse("open & (raised | #7)").matches(BEFORE)


def test_what_is_not_known_counts_for_nothing_where_the_rest_decides() -> None:
    call = AFTER._replace(peer=None)
    assert parse("peer:1 | #7").matches(call)
    assert parse("!(peer:1 & #1)").matches(call)
    assert not parse("peer:1 & #7").matches(call)


# -- the third time ------------------------------------------------------------------------------------------------------------


def asked(text: str, *calls: Call) -> list[int]:
    """Which of the calls match, from 1, asked about one after the other."""
    counter = parse(text).counter()
    return [place for place, call in enumerate(calls, 1) if counter.matches(call)]


HANDLE, SETUP = Call("handle", "before", connection=1), Call("setup", "before", connection=2)


def test_nth_counts_what_the_rest_of_its_conjunction_matches() -> None:
    calls = [HANDLE, SETUP, HANDLE, HANDLE._replace(connection=None), SETUP, HANDLE, HANDLE]
    assert asked("handle", *calls) == [1, 3, 4, 6, 7]
    assert asked("handle & nth:3", *calls) == [4]
    assert asked("nth>=2 & nth<=3 & handle", *calls) == [3, 4]
    assert asked("handle & #1 & nth:3", *calls) == [6]
    assert asked("nth:7", *calls) == [7]


def test_each_conjunction_counts_for_itself() -> None:
    """Also where another has matched already."""
    calls = [HANDLE, SETUP, HANDLE, SETUP, SETUP]
    assert asked("handle & nth:2 | setup & nth:3", *calls) == [3, 5]
    assert asked("#1 | (handle | setup) & nth:4", *calls) == [1, 3, 4]


def test_before_and_after_count_apart() -> None:
    after = HANDLE._replace(when="after")
    assert asked("handle & nth:2", HANDLE, after, HANDLE, after, HANDLE, after) == [3, 4]


def test_a_filter_itself_counts_nothing() -> None:
    """So one filter serves many users; by itself it does not know how often."""
    shared = parse("handle & nth:1 | setup")
    first, second = shared.counter(), shared.counter()
    assert [first.matches(HANDLE), first.matches(HANDLE), second.matches(HANDLE)] == [True, False, True]
    assert [shared.matches(HANDLE), shared.matches(SETUP)] == [False, True]


# -- which hooks ---------------------------------------------------------------------------------------------------------------


def hooks(when: str, *names: str) -> set[tuple[str, str]]:
    return {(name, when) for name in names}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("before finish_request & peer:53122", hooks("before", "finish_request")),
        ("handle", hooks("before", "handle") | hooks("after", "handle")),
        ("handle & nth:3 | after setup", hooks("before", "handle") | hooks("after", "handle", "setup")),
        ("handle & (raised | duration>5ms)", hooks("after", "handle")),
        ("(handle | Router.dispatch) & !after", hooks("before", "handle", "Router.dispatch")),
        ("!(!before handle | #3)", hooks("before", "handle")),
        ("handle & setup", set()),
        ("before & raised", set()),
        ("peer:53122", None),
        ("before & peer:53122", None),
        ("!handle", None),
    ],
)
def test_the_hooks_that_it_may_match(text: str, expected: set[tuple[str, str]] | None) -> None:
    assert parse(text).hooks() == expected


def test_one_hook_at_a_time() -> None:
    """Where it may match hooks that it does not name, those can still be asked about."""
    only_before = parse("before & !handle & peer:53122")
    assert only_before.may_match("setup", "before")
    assert only_before.may_match("Router.dispatch", "before")
    assert not only_before.may_match("setup", "after")
    assert not only_before.may_match("handle", "before")


# -- any filter, any call ------------------------------------------------------------------------------------------------------

POINTS = ["handle", "before handle", "after setup", "Router.dispatch", "after Router.dispatch", "before", "after"]
TERMS = [
    "#3", "connection>=2", "connection", "owner:A", "server:B", "server", "context:main", "peer:1", "peer:h", "open", "raised",
    "raised:E", "duration>5ns", "duration<=2ns", "request:/a", "request", "reply:404", "reply<404",
]  # fmt: skip
quotes = st.builds(
    lambda key, value: f"{key}:{quoted(value)}", st.sampled_from(["owner", "peer", "raised"]), st.text(min_size=1, max_size=9)
)
terms = st.sampled_from(POINTS) | st.sampled_from(TERMS) | quotes
expressions = st.recursive(
    terms,
    lambda inner: st.one_of(
        inner.map(lambda one: f"!{one}"),
        inner.map(lambda one: f"({one})"),
        st.lists(inner, min_size=2, max_size=3).map(" & ".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
    ),
    max_leaves=12,
)
counted = st.lists(st.sampled_from(["", "nth:2 & ", "nth>=2 & "]), min_size=1, max_size=3).flatmap(
    lambda starts: st.tuples(*[expressions.map(f"{start}({{}})".format) for start in starts]).map(" | ".join)
)


def maybe(*values: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


calls = st.builds(
    Call,
    hook=maybe("handle", "setup", "Router.dispatch", "select", "Other.method"),
    when=st.sampled_from(["before", "after"]),
    owner=maybe("A", "B"),
    server=maybe((), ("A", "h:1"), ("B", "/path")),
    context=maybe("main", "T1"),
    connection=maybe(0, 2, 3),
    peer=maybe("", "h:1", "[h]:2", "/path"),
    open=maybe(True, False),
    duration=maybe(0, 2, 9),
    raised=maybe("", "E", "E: x", "F: E", "?"),
    request=maybe("", "GET /a"),
    reply=maybe(0, 200, 404),
)


@bounded
@given(counted)
def test_the_normal_form_reads_as_the_same_filter(text: str) -> None:
    found = parse(text)
    assert parse(str(found)) == found
    assert str(parse(str(found))) == str(found)


@bounded
@given(counted, st.lists(calls, max_size=9))
def test_no_call_of_another_hook_is_ever_matched(text: str, those: list[Call]) -> None:
    found = parse(text)
    reach = found.hooks()
    counter = found.counter()
    for call in those:
        if counter.matches(call) or found.matches(call):
            assert reach is None or (call.hook, call.when) in reach
            assert call.hook is None or found.may_match(call.hook, call.when)


@bounded
@given(expressions, calls, calls)
def test_knowing_more_never_takes_a_match_back(text: str, call: Call, more: Call) -> None:
    found = parse(text)
    completed = call._replace(**{name: getattr(more, name) for name in Call._fields if getattr(call, name) is None})
    if found.matches(call):
        assert found.matches(completed)
    if parse(f"!({text})").matches(call):
        assert not found.matches(completed)


@bounded
@given(expressions, expressions, calls)
def test_de_morgan(one: str, other: str, call: Call) -> None:
    assert parse(f"!(({one}) & ({other}))").matches(call) == parse(f"!({one}) | !({other})").matches(call)
    assert parse(f"!(({one}) | ({other}))").matches(call) == parse(f"!({one}) & !({other})").matches(call)


def restricted(call: Call, keys: Collection[str]) -> Call:
    """A call of which nothing is known but its hook, its class and what those keys ask about."""
    return call._replace(**dict.fromkeys(set(Call._fields) - {"hook", "when", "owner", *keys}))


@bounded
@given(counted, st.lists(calls, max_size=9))
def test_what_a_filter_has_no_key_for_makes_no_difference(text: str, those: list[Call]) -> None:
    found = parse(text)
    counter, other = found.counter(), found.counter()
    for call in those:
        less = restricted(call, found.keys())
        assert found.matches(less) == found.matches(call)
        assert other.matches(less) == counter.matches(call)


pieces = st.sampled_from([*POINTS, *TERMS, *KEYS, *'()|&!:<>=#"\\ .', "nth:3", "ms", "and", "5", "  ", "\n", "é", "错"])


def mistake(text: str) -> FilterError | None:
    try:
        assert parse(str(parse(text))) == parse(text)
    except FilterError as error:
        return error
    return None


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=40) | st.lists(pieces, max_size=25).map("".join) | st.lists(pieces, max_size=25).map(" ".join))
def test_any_text_is_a_filter_or_has_one_mistake_in_it(text: str) -> None:
    error = mistake(text)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert len(str(error).splitlines()) == 1
        assert len(error.pointed().splitlines()) == 2


# -- calls of a recording ------------------------------------------------------------------------------------------------------


def seen(tools: Any, timeline: Any, when: str) -> dict[tuple[str, str], Call]:
    """(label, hook) -> the call; of several, the last."""
    spans = [(row, timeline.contexts[row.context]) for row in tools.rows(timeline)]
    return {(row.label, row.hook): call_of(timeline, context, row.span, when) for row, context in spans}  # type: ignore[arg-type]


def test_calls_of_a_connection(tools: Any, scenarios: Any) -> None:
    timeline = scenarios["forked"]().timeline
    before, after = seen(tools, timeline, "before"), seen(tools, timeline, "after")
    server = ("Server", "127.0.0.1:8000")
    assert before["P4122", "handle"] == Call(
        "handle", "before", "Handler", server, "P4122", 1, "127.0.0.1:50001", False, None, None, "", 0
    )  # fmt: skip
    assert after["P4122", "handle"] == Call(
        "handle", "after", "Handler", server, "P4122", 1, "127.0.0.1:50001", False, 12_000, "", "", 0
    )  # fmt: skip
    assert before["main", "get_request"].connection == 0, "it is not taken yet"
    assert after["main", "get_request"].connection == 1
    assert before["main", "select"] == Call("select", "before", "select", server, "main", 0, "", True, None, None, "", 0)
    assert after["main", "select"] == Call("select", "after", "select", server, "main", 0, "", False, None, None, "", 0)
    assert not before["P4122", "_exit"].open, "its process has ended"


def test_nobody_makes_a_call_slow_by_holding_it(tools: Any, scenarios: Any) -> None:
    """What a call lasted is what it would have without: the time in which its context was held is left out."""
    timeline = scenarios["held"]().timeline
    handle = next(row for row in tools.rows(timeline) if row.hook == "handle")
    assert (handle.end - handle.begin, handle.held) == (24_000, 22_000)
    assert seen(tools, timeline, "after")["T1", "handle"].duration == 2_000


def test_calls_of_a_program_without_a_server(new: Any, tools: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("handle")
    main.fail("handle", "ValueError: no")
    main.do("setup")
    timeline = recording.timeline
    after = seen(tools, timeline, "after")
    assert after["main", "handle"] == Call("handle", "after", "Server", (), "main", 0, "", False, 1000, "ValueError: no", "", 0)
    assert after["main", "setup"].raised == ""


def http(recording: Any) -> Any:
    """Two requests of a connection that nobody took."""
    main = recording.process(100)
    main.enter("handle")
    for path, status in (("/a", 200), ("/b", 404)):
        main.enter("handle_one_request")
        main.enter("parse_request")
        main.leave("parse_request", request_line=f"GET {path} HTTP/1.1")
        main.enter("do_GET")
        main.enter("log_request", reply=status)
        main.leave("log_request")
        main.leave("do_GET")
        main.leave("handle_one_request")
    main.leave("handle")
    return recording


def test_calls_of_an_http_request(new: Any, tools: Any) -> None:
    """A request is known from when its line was read; all that it is served by is about it."""
    timeline = http(new()).timeline
    before, after = seen(tools, timeline, "before"), seen(tools, timeline, "after")

    def told(those: dict[tuple[str, str], Call]) -> dict[str, tuple[str | None, int | None]]:
        return {hook: (call.request, call.reply) for (_, hook), call in those.items()}

    assert told(before) == {
        "handle": ("", 0), "handle_one_request": ("", 0), "parse_request": ("", 0), "do_GET": ("GET /b", 0),
        "log_request": ("GET /b", 404),
    }  # fmt: skip
    assert told(after) == {
        "handle": ("", 0), "handle_one_request": ("GET /b", 404), "parse_request": ("GET /b", 0), "do_GET": ("GET /b", 404),
        "log_request": ("GET /b", 404),
    }  # fmt: skip


def test_calls_as_they_were_at_a_time(new: Any) -> None:
    """What was recorded later is not known yet."""
    recording = new()
    main = recording.process(100)
    main.enter("handle")
    between = recording.now
    main.leave("handle")
    timeline = recording.timeline
    context = timeline.contexts[main.id]
    assert call_of(timeline, context, 0, "before", between).open is True
    assert call_of(timeline, context, 0, "before").open is False
    assert call_of(timeline, context, 0, "after", between).duration is None
    assert call_of(timeline, context, 0, "after").duration == 1000


def test_a_call_tells_what_it_is_asked_as_it_tells_it_with_all_else(new: Any, tools: Any, scenarios: Any) -> None:
    """Also at an earlier time, and where frames are missing."""
    recordings = [http(new()), *(scenario() for scenario in scenarios.values())]
    for recording in recordings:
        assert recording.timeline.contexts  # asked for, it has all its frames

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(recordings), st.sets(st.sampled_from(sorted(KEYS))), st.data())
    def check(recording: Any, keys: set[str], data: st.DataObject) -> None:
        frames = [one for _, one in recording.frames]
        missing = data.draw(st.none() | st.integers(0, len(frames) - 1))
        timeline = tools.load(b"".join(one for place, one in enumerate(frames) if place != missing))
        until = data.draw(st.integers(timeline.start, recording.now))
        for context in timeline.ordered.items:
            for span in range(timeline.spans.count_at(context, until)):
                for when in WHENS:
                    whole = call_of(timeline, context, span, when, until)
                    assert call_of(timeline, context, span, when, until, keys) == restricted(whole, keys)

    check()


def test_what_a_gap_may_hide_is_not_known(new: Any, tools: Any) -> None:
    """What is missing of a context may be about a connection; the same holds for its children, and for those of a missing parent."""
    recording = new()
    main = recording.process(100)
    main.do("server_bind")
    main.flush()
    gap = recording.frames[-1]
    main.enter("serve_forever", server=7)
    main.enter("select")
    child = main.fork(101)
    child.enter("setup")
    child.flush()

    def told(frames: list[tuple[int, bytes]], context: int, span: int) -> Call:
        timeline = tools.load(b"".join(one for _, one in frames))
        return call_of(timeline, timeline.contexts[context], span, "before")

    nothing = Call("setup", "before", "Server", context="P101", open=True)
    whole = recording.frames
    assert told(whole, child.id, 0) == nothing._replace(connection=0, peer="", request="", reply=0)  # nobody says what server 7 is
    assert told([one for one in whole if one is not gap], child.id, 0) == nothing
    assert told([one for one in whole if one is not gap], main.id, 1).connection is None
    assert told([one for one in whole if one[0] != main.id], child.id, 0).connection is None


def test_codes_without_a_definition_are_not_known(new: Any, tools: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.do("handle")
    main.flush()
    frames = [one for _, one in recording.frames if b'"code"' not in one]
    timeline = tools.load(b"".join(frames))
    call = call_of(timeline, timeline.contexts[main.id], 0, "before")
    assert (call.hook, call.owner) == (None, None)
