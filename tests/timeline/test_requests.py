"""HTTP requests: what parse_request has read and the status that log_request was given, at the span that serves the request."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any


def ask(hand: Any, line: str, path: str = "handle_one_request") -> None:
    hand.enter(path)
    hand.enter("parse_request")
    hand.do("parse_request", "Base", request_line=line)
    hand.leave("parse_request", request_line=line)


def test_two_requests_of_one_connection(new: Any, tools: Any) -> None:
    """Each span tells its own; until the reply has a status it tells the request alone."""
    recording = new()
    main = recording.process(100)
    main.enter("handle")
    ask(main, "GET /a?b=1 HTTP/1.1")
    main.enter("do_GET")
    main.flush()
    asked = recording.now
    main.enter("log_request", reply=200)
    main.do("log_request", "Base")
    main.leave("log_request")
    main.leave("do_GET")
    main.leave("handle_one_request")
    ask(main, "nonsense")
    main.enter("log_request", reply=400)
    main.enter("log_request", reply=500)
    timeline = recording.timeline
    assert tools.tree(timeline) == cleandoc(
        """
        main  handle ▸
        main   handle_one_request GET /a?b=1 → 200
        main    parse_request GET /a?b=1
        main     parse_request ↑ GET /a?b=1
        main    do_GET
        main     log_request 200
        main      log_request ↑
        main   handle_one_request nonsense → 400 ▸
        main    parse_request nonsense
        main     parse_request ↑ nonsense
        main    log_request 400 ▸
        main     log_request ↑ 500 ▶
        """
    )
    assert tools.tree(timeline, asked) == cleandoc(
        """
        main  handle ▸
        main   handle_one_request GET /a?b=1 ▸
        main    parse_request GET /a?b=1
        main     parse_request ↑ GET /a?b=1
        main    do_GET ▶
        """
    )


def test_several_requests_in_one_span(new: Any, tools: Any) -> None:
    """A handler of the program's may loop by itself: the last request by then is told."""
    recording = new()
    main = recording.process(100)
    ask(main, "GET /a HTTP/1.1", "handle")
    main.do("log_request")
    main.enter("parse_request")
    main.leave("parse_request", request_line="GET /b HTTP/1.1")
    between = recording.now
    main.enter("log_request", reply=204)
    timeline = recording.timeline
    assert tools.tree(timeline).splitlines()[0] == "main  handle GET /b → 204 ▸"
    assert tools.tree(timeline, between).splitlines()[0] == "main  handle GET /b ▶"


def test_a_status_without_a_request(new: Any, tools: Any) -> None:
    """A line that is too long is answered before it is parsed; what comes then is another request."""
    recording = new()
    main = recording.process(100)
    main.enter("handle_one_request")
    main.enter("log_request", reply=414)
    main.do("log_request", "Base")
    assert tools.tree(recording.timeline).splitlines()[:2] == ["main  handle_one_request → 414 ▸", "main   log_request 414 ▶"]
    main.leave("log_request")
    main.enter("parse_request")
    main.leave("parse_request", request_line="GET /b HTTP/1.1")
    assert tools.tree(recording.timeline).splitlines()[0] == "main  handle_one_request GET /b ▶"


def test_a_status_that_parse_request_tells(new: Any, tools: Any) -> None:
    """What it does not understand it answers before it returns: that is the answer to this request, not to the one before."""
    recording = new()
    main = recording.process(100)
    ask(main, "GET /a HTTP/1.1", "handle")
    main.flush()
    main.enter("parse_request")
    main.enter("parse_request", "Base")
    main.flush()
    main.enter("log_request", reply=505)
    main.flush()
    main.leave("log_request")
    before = recording.now
    main.leave("parse_request", "Base", request_line="GET /b HTTP/9.0")
    main.leave("parse_request", request_line="GET /b HTTP/9.0")
    main.flush()
    assert tools.tree(recording.timeline).splitlines()[0] == "main  handle GET /b → 505 ▶"
    assert tools.tree(recording.timeline, before).splitlines()[0] in ("main  handle GET /b → 505 ▸", "main  handle → 505 ▸")
    main.leave("handle")
    main.enter("handle_one_request")
    main.enter("parse_request")
    main.do("log_request", "Base")
    assert "handle_one_request ▸" in tools.tree(recording.timeline), "a reply that nobody told says nothing"


def test_a_status_that_announces_another(new: Any, tools: Any) -> None:
    """Below 200 it is not the last."""
    recording = new()
    main = recording.process(100)
    ask(main, "GET /a HTTP/1.1")
    for status in (102, 103, 200, 500):
        main.enter("log_request", reply=status)
        main.leave("log_request")
    assert tools.tree(recording.timeline).splitlines()[0] == "main  handle_one_request GET /a → 200 ▶"


def test_a_request_whose_handler_raised_or_was_killed(new: Any, tools: Any) -> None:
    """What it was is told beside how it ended."""
    recording = new()
    main = recording.process(100)
    ask(main, "GET /a HTTP/1.1")
    main.fail("handle_one_request", "ValueError: no")
    ask(main, "GET /b HTTP/1.1")
    main.flush()
    recording.exit(main, 9)
    rows = [(row.hook, row.about, row.payload, row.outcome) for row in tools.rows(recording.timeline)]
    assert rows == [
        ("handle_one_request", "GET /a", "ValueError: no", "raised"),
        ("parse_request", "", "GET /a", "returned"),
        ("parse_request", "", "GET /a", "returned"),
        ("handle_one_request", "GET /b", "SIGKILL", "killed"),
        ("parse_request", "", "GET /b", "returned"),
        ("parse_request", "", "GET /b", "returned"),
    ]
