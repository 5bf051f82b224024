"""Any moment is what a naive replay up to its time says: of recordings that nobody thought of, and of real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.timeline.replay import Replay, shown, times
from tracer.recording.reader import Reader
from tracer.timeline import Timeline
from tracer.timeline.at import at

RECORDINGS = sorted((Path(__file__).parents[1] / "recordings").glob("*.tracer"))
MOST = 100  # moments that are compared of one recording


def compare(data: bytes) -> None:
    """Compare at every event's time, or at every nth; and just before, where that is another time."""
    frames = Reader().feed(data)
    timeline = Timeline()
    timeline.feed(frames)
    found = times(frames)
    for t in found[:: len(found) // MOST + 1]:
        for when in (t - 1, t):
            replay = Replay(frames, when)
            assert shown(at(timeline, when)) == replay.told(), when - timeline.start


@pytest.mark.parametrize("name", ["synchronous", "threaded", "forked", "killed", "held"])
def test_a_moment_of_a_scenario(name: str, scenarios: Any) -> None:
    recording = scenarios[name]()
    recording.end()
    compare(recording.data)


@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_a_moment_of_a_real_run(path: Path) -> None:
    compare(path.read_bytes())


class Chance:
    """Writes a recording of what a program might do: chosen contexts do chosen things, as far as they make sense."""

    def __init__(self, recording: Any, draw: Any) -> None:
        self.recording, self.draw = recording, draw
        self.pids = iter(range(4122, 10_000))
        self.connections = 0
        self.open: dict[Any, dict[int, int]] = {}  # process -> descriptor -> connection
        self.born: dict[Any, dict[int, Any]] = {}  # process -> pid -> child that was not waited for
        self.stacks: dict[Any, list[tuple[str, int | None]]] = {}  # of hands that live: hooks, and the connection of each that has one
        self.forking: dict[Any, Any] = {}  # hand -> the child that it has forked, as soon as fork returns
        self.inherited: dict[Any, int | None] = {}  # hand -> the connection that it was born for
        self.held: set[Any] = set()
        main = recording.process(100)
        recording.server(main)
        self._begin(main, {})
        self._enter(main, "serve_forever", server=7)

    def happen(self) -> None:
        """One thing."""
        hand = self.draw(st.sampled_from(list(self.stacks)))
        stack = self.stacks[hand]
        if hand in self.held:
            self.recording.release(hand)
            self.held.discard(hand)
        if stack and stack[-1][0] == "fork":  # nothing else can be done in it
            child = self.forking.pop(hand)
            self._leave(hand, pid=child.pid)
            self.born[hand.process][child.pid] = child
            return
        things = [self.call, self.take, self.sample, self.flush, self.fork, self.start, self.hold]
        things += [self.leave, self.leave, self.fail, self.believe] * bool(stack)
        things += [self.lose] * (len(stack) > 2)
        things += [self.serve, self.close, self.close] * bool(self.open[hand.process])
        things += [self.reap] * bool(self.born[hand.process])
        things += [self.exit] * (hand.parent is not None)
        self.draw(st.sampled_from(things))(hand)

    def call(self, hand: Any) -> None:
        self._enter(hand, self.draw(st.sampled_from(["service_actions", "process_request", "handle", "setup"])))

    def take(self, hand: Any) -> None:
        """A turn of the loop that takes a connection, and is not over."""
        known = self.open[hand.process]
        descriptor = min(set(range(5, 13)) - set(known), default=0)
        if descriptor and all(hook != "_handle_request_noblock" for hook, _ in self.stacks[hand]):
            self.connections += 1
            known[descriptor] = self.connections
            self._enter(hand, "_handle_request_noblock", self.connections)
            hand.do("get_request", descriptor=descriptor, peer="127.0.0.1:50001")

    def serve(self, hand: Any) -> None:
        descriptor, connection = self.draw(st.sampled_from(sorted(self.open[hand.process].items())))
        self._enter(hand, "finish_request", connection, descriptor=descriptor)

    def close(self, hand: Any) -> None:
        descriptor = self.draw(st.sampled_from(sorted(self.open[hand.process])))
        with hand.call("close_request", descriptor=descriptor):
            del self.open[hand.process][descriptor]

    def leave(self, hand: Any) -> None:
        self._leave(hand)

    def believe(self, hand: Any) -> None:
        self._leave(hand, **{self.draw(st.sampled_from(["children", "threads"])): self.draw(st.integers(0, 3))})

    def fail(self, hand: Any) -> None:
        hand.fail(self.stacks[hand].pop()[0], "ValueError: no")

    def lose(self, hand: Any) -> None:
        """The end of a hook without those of the hooks in it."""
        stack = self.stacks[hand]
        hook = self.draw(st.sampled_from([hook for hook, _ in stack[1:]]))
        while stack.pop()[0] != hook:
            pass
        hand.leave(hook)

    def fork(self, hand: Any) -> None:
        """A child, which uses the connection that it is forked for and no other."""
        about = self._about(hand)
        inherited = {descriptor: connection for descriptor, connection in self.open[hand.process].items() if connection == about}
        if about is not None and not inherited:
            return  # no server forks for a connection that it has closed
        self._enter(hand, "fork")
        self.forking[hand] = hand.fork(next(self.pids))
        self._begin(self.forking[hand], inherited)

    def start(self, hand: Any) -> None:
        hand.enter("Thread.start", context=self.recording.next_id())
        thread = self.recording.thread(hand, next(self.pids))
        self.stacks[thread], self.inherited[thread] = [], self._about(hand)
        self._enter(thread, "Thread.run")
        hand.leave("Thread.start")

    def exit(self, hand: Any) -> None:
        """A thread returns, or a child process leaves with all its threads."""
        if hand.id != hand.process:
            hand.leave("Thread.run")
            self._end(hand)
            return
        hand.enter("_exit", status=0)
        self._end_all(hand)

    def reap(self, hand: Any) -> None:
        """A child is waited for; if it has not left, a signal has ended it."""
        pid = self.draw(st.sampled_from(sorted(self.born[hand.process])))
        child = self.born[hand.process].pop(pid)
        hand.do("waitpid", pid=pid, status=9 if child in self.stacks else 0)
        self._end_all(child)

    def sample(self, hand: Any) -> None:
        queue = {"server": 7, "depth": self.draw(st.integers(0, 6)), "limit": 5, "drops": 0, "bytes": None, "why": {}}
        self.recording.sample({"pid": hand.pid, "children": [], "threads": []}, queues=[queue])

    def flush(self, hand: Any) -> None:
        hand.flush()

    def hold(self, hand: Any) -> None:
        """Held before its next hook, until it is chosen again."""
        self._enter(hand, "handle")
        self.recording.held(hand, "handle", hold=0, step="in")
        self.held.add(hand)

    def _about(self, hand: Any) -> int | None:
        """The connection that the hand's innermost hook is about, in it or where it was born."""
        inner = [connection for _, connection in self.stacks[hand] if connection is not None]
        return inner[-1] if inner else self.inherited[hand]

    def _begin(self, hand: Any, descriptors: dict[int, int]) -> None:
        self.stacks[hand] = []
        self.open[hand.process], self.born[hand.process] = descriptors, {}
        self.inherited[hand] = next(iter(descriptors.values()), None)

    def _end(self, hand: Any) -> None:
        del self.stacks[hand]
        self.held.discard(hand)

    def _end_all(self, hand: Any) -> None:
        for one in [one for one in self.stacks if one.process == hand.process]:
            self._end(one)

    def _enter(self, hand: Any, hook: str, connection: int | None = None, **payloads: int) -> None:
        hand.enter(hook, **payloads)
        self.stacks[hand].append((hook, connection))

    def _leave(self, hand: Any, **payloads: int) -> None:
        hand.leave(self.stacks[hand].pop()[0], **payloads)


def test_a_moment_of_anything_that_may_happen(new: Any) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def check(data: st.DataObject) -> None:
        recording = new()
        chance = Chance(recording, data.draw)
        for _ in range(data.draw(st.integers(1, 40))):
            chance.happen()
        recording.end()
        compare(recording.data)

    check()
