"""The call tree of each kind of server, as one literal each."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any


def accept(main: Any, descriptor: int = 5, peer: str = "127.0.0.1:50001") -> None:
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=descriptor, peer=peer)


def serve(recording: Any) -> Any:
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    return main


def close(hand: Any, descriptor: int = 5) -> None:
    with hand.call("shutdown_request", descriptor=descriptor), hand.call("close_request", descriptor=descriptor):
        pass


def next_turn(main: Any) -> None:
    main.leave("_handle_request_noblock")
    main.do("service_actions")
    main.enter("select", "select")
    main.flush()


def test_a_synchronous_request(scenarios: Any, tools: Any) -> None:
    assert tools.tree(scenarios["synchronous"]().timeline) == cleandoc(
        """
        main  serve_forever 127.0.0.1:8000 ▸
        main   select ×3
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1
        main     finish_request #1
        main      setup #1
        main      handle #1
        main      finish #1
        main     shutdown_request #1
        main      close_request #1
        main   service_actions
        main   select ▶
        """
    )


def test_threaded_requests(scenarios: Any, tools: Any) -> None:
    assert tools.tree(scenarios["threaded"]().timeline) == cleandoc(
        """
        main  serve_forever 127.0.0.1:8000 ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1 keeps 1 thread to join
        main     Thread.start #1 → T1
        T1        Thread.run #1
        T1         process_request_thread #1
        T1          finish_request #1
        T1           handle #1
        T1          shutdown_request #1
        T1           close_request #1
        main   service_actions
        main   select 1 ready
        main   _handle_request_noblock #2
        main    get_request #2 127.0.0.1:50002
        main    verify_request #2 True
        main    process_request #2 keeps 2 threads to join
        main     Thread.start #2 → T2
        T2        Thread.run #2 ▸
        T2         process_request_thread #2 ▸
        T2          finish_request #2 ▸
        T2           handle #2 ▶
        main   service_actions
        main   select ▶
        """
    )


def test_a_forked_request_that_is_reaped(scenarios: Any, tools: Any) -> None:
    assert tools.tree(scenarios["forked"]().timeline) == cleandoc(
        """
        main  serve_forever 127.0.0.1:8000 ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1 believes 1 child
        main     fork #1 → P4122
        P4122     finish_request #1
        P4122      handle #1
        P4122     shutdown_request #1
        P4122      close_request #1
        P4122     _exit #1 exit 0 ⏹
        main     close_request #1
        main   service_actions
        main    collect_children believes 1 child
        main     waitpid P4122 → still running
        main   select ×1
        main   service_actions
        main    collect_children believes 0 children
        main     waitpid P4122 → exited 0
        main   select ▶
        """
    )


def test_a_killed_child(scenarios: Any, tools: Any) -> None:
    assert tools.tree(scenarios["killed"]().timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1 believes 1 child
        main     fork #1 → P4122
        P4122     finish_request #1 SIGKILL ☓
        P4122      handle #1 SIGKILL ☓
        main     close_request #1
        main   service_actions
        main    collect_children believes 0 children
        main     waitpid P4122 → killed SIGKILL
        main   select ▶
        """
    )


def test_a_refused_request(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    accept(main)
    main.do("verify_request", "Picky", truth=0)
    close(main)
    next_turn(main)
    assert tools.tree(recording.timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 False
        main    shutdown_request #1
        main     close_request #1
        main   service_actions
        main   select ▶
        """
    )


def test_a_failing_handler(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    accept(main)
    main.do("verify_request", truth=1)
    main.enter("process_request")
    main.enter("finish_request", descriptor=5)
    main.do("setup", "Handler")
    main.enter("handle", "Handler")
    main.flush()
    main.fail("handle", "ZeroDivisionError: division by zero", "Handler")
    main.do("finish", "Handler")
    main.fail("finish_request", "ZeroDivisionError: division by zero")
    main.fail("process_request", "ZeroDivisionError: division by zero")
    main.do("handle_error")
    close(main)
    next_turn(main)
    assert tools.tree(recording.timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1 ZeroDivisionError: division by zero ✗
        main     finish_request #1 ZeroDivisionError: division by zero ✗
        main      setup #1
        main      handle #1 ZeroDivisionError: division by zero ✗
        main      finish #1
        main    handle_error #1
        main    shutdown_request #1
        main     close_request #1
        main   service_actions
        main   select ▶
        """
    )


def test_a_super_chain(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.enter("get_request", "Logged")
    main.enter("get_request", "TCPServer")
    main.leave("get_request", "TCPServer", descriptor=5, peer="a:1")
    main.leave("get_request", "Logged", descriptor=5, peer="a:1")
    with main.call("verify_request", "Logged"):
        main.do("verify_request", "BaseServer", truth=1)
    with (
        main.call("finish_request", "Logged", descriptor=5),
        main.call("finish_request", "BaseServer", descriptor=5),
        main.call("setup", "Handler"),
    ):
        main.do("setup", "StreamRequestHandler")
    close(main)
    next_turn(main)
    assert tools.tree(recording.timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 a:1
        main     get_request ↑ #1 a:1
        main    verify_request #1
        main     verify_request ↑ #1 True
        main    finish_request #1
        main     finish_request ↑ #1
        main      setup #1
        main       setup ↑ #1
        main    shutdown_request #1
        main     close_request #1
        main   service_actions
        main   select ▶
        """
    )


def test_a_pool_serves_in_threads_that_no_hook_started(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    accept(main)
    main.do("verify_request", truth=1)
    main.do("process_request", "Pool")
    next_turn(main)
    worker = recording.thread(main, 101)
    worker.enter("finish_request", descriptor=5)
    worker.enter("handle", "Handler")
    worker.flush()
    accept(main, 6, "127.0.0.1:50002")
    main.do("verify_request", truth=1)
    main.do("process_request", "Pool")
    next_turn(main)
    worker.leave("handle", "Handler")
    worker.leave("finish_request")
    close(worker)
    worker.enter("finish_request", descriptor=6)
    worker.enter("handle", "Handler")
    worker.flush()
    timeline = recording.timeline
    assert tools.tree(timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1
        main   service_actions
        main   select 1 ready
        T1      finish_request #1
        T1       handle #1
        T1      shutdown_request #1
        T1       close_request #1
        T1      finish_request #2 ▸
        T1       handle #2 ▶
        main   _handle_request_noblock #2
        main    get_request #2 127.0.0.1:50002
        main    verify_request #2 True
        main    process_request #2
        main   service_actions
        main   select ▶
        """
    )


def test_datagrams_have_no_descriptor(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    for request, peer in ((140_001, "127.0.0.1:60001"), (140_002, "127.0.0.1:60002")):
        main.leave("select", "select", ready=1)
        main.enter("_handle_request_noblock")
        main.do("get_request", "UDPServer", request=request, peer=peer)
        main.do("verify_request", truth=1)
        with main.call("finish_request", request=request):
            main.do("handle", "Handler")
        with main.call("shutdown_request", request=request), main.call("close_request", request=request):
            pass
        next_turn(main)
    timeline = recording.timeline
    assert tools.tree(timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock #1
        main    get_request #1 127.0.0.1:60001
        main    verify_request #1 True
        main    finish_request #1
        main     handle #1
        main    shutdown_request #1
        main     close_request #1
        main   service_actions
        main   select 1 ready
        main   _handle_request_noblock #2
        main    get_request #2 127.0.0.1:60002
        main    verify_request #2 True
        main    finish_request #2
        main     handle #2
        main    shutdown_request #2
        main     close_request #2
        main   service_actions
        main   select ▶
        """
    )


def test_a_gap_is_mended_at_the_next_end_that_fits(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.enter("process_request")
    main.enter("finish_request", descriptor=5)
    main.flush()
    main.leave("finish_request")
    main.leave("process_request")
    main.flush()
    del recording.frames[-1]
    next_turn(main)
    assert tools.tree(recording.timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select 1 ready
        main   _handle_request_noblock
        main    process_request ?
        main     finish_request ?
        main   service_actions
        main   select ▶
        """
    )
    assert recording.timeline.lost == 2


def test_the_tree_as_it_stood_at_a_time(scenarios: Any, tools: Any) -> None:
    recording = scenarios["threaded"]()
    timeline = recording.timeline
    (second,) = [row for row in tools.rows(timeline) if row.label == "T1" and row.hook == "handle"]
    assert tools.tree(timeline, until=second.begin) == cleandoc(
        """
        main  serve_forever 127.0.0.1:8000 ▸
        main   select 1 ready
        main   _handle_request_noblock #1 ▸
        main    get_request #1 127.0.0.1:50001
        main    verify_request #1 True
        main    process_request #1 ▸
        main     Thread.start #1 → T1 ▶
        T1        Thread.run #1 ▸
        T1         process_request_thread #1 ▸
        T1          finish_request #1 ▸
        T1           handle #1 ▶
        """
    )


def test_an_hour_of_waiting_is_one_row_and_quick_to_read(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    for _ in range(5000):
        main.leave("select", "select", ready=0)
        main.do("service_actions")
        main.enter("select", "select")
        main.flush()
    timeline = recording.timeline
    assert tools.tree(timeline) == "main  serve_forever ▸\nmain   select ×5000\nmain   select ▶"
    assert tools.tree(timeline, newest=2) == "main   select ×5000\nmain   select ▶"
    (folded,) = [row for row in tools.rows(timeline) if row.folded]
    assert folded.end is not None
    assert folded.end - folded.begin == (5000 * 4 - 1) * 1000


def test_waiting_with_children_that_run_on_is_folded_too(new: Any, tools: Any) -> None:
    recording = new()
    main = serve(recording)
    for pid in (0, 0, 0, 4122, 0):
        main.leave("select", "select", ready=0)
        with main.call("service_actions"), main.call("collect_children"):
            main.enter("waitpid", "os", pid=4122, options=1)
            main.leave("waitpid", "os", pid=pid, status=0)
        main.enter("select", "select")
        main.flush()
    assert tools.tree(recording.timeline) == cleandoc(
        """
        main  serve_forever ▸
        main   select ×4
        main   service_actions
        main    collect_children
        main     waitpid P4122 → exited 0
        main   select ×1
        main   select ▶
        """
    )


def test_a_call_ends_any_number_of_frames_later(new: Any) -> None:
    """It is open until then; its neighbours of the same depth, and those inside it, end where they do."""
    for between in range(6):
        recording = new()
        main = recording.process(100)
        main.enter("setup")
        main.enter("handle")
        main.flush()
        for _ in range(between):
            main.enter("finish")
            main.flush()
            main.leave("finish")
        main.flush()
        before = recording.timeline
        main.fail("handle", "ValueError: no")
        ended = recording.now
        main.leave("setup", descriptor=5)
        main.do("handle")
        timeline = recording.timeline
        context = timeline.contexts[main.id]
        assert before.spans.span(before.contexts[main.id], 1).end is None, between
        assert timeline.spans.span(context, 1).end == ended
        assert timeline.spans.span(context, 0).end == ended + 1000
        assert timeline.spans.end_payloads(context, 1) == {"error": "ValueError: no"}
        assert timeline.spans.end_payloads(context, 0) == {"descriptor": 5}
