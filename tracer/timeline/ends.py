"""How processes came to be and how they ended, from what they say themselves, what their parents reap, and what the supervisor says.

A process's end is what the strongest word says of it: another program took it over; its parent (or the supervisor) was told its
status; it called _exit; the recording is over and nobody has seen it since.
"""

from .contexts import Context, Process, waited
from .holds import Holds
from .lifetimes import FOREVER
from .settled import Disturbed, Settled


class Ends:
    """Answers for one timeline."""

    def __init__(self, holds: Holds) -> None:
        self.holds = holds
        self.exits: dict[int, list[tuple[int, int]]] = {}  # pid -> (time, wait status), from exit facts
        self.gone: dict[int, int] = {}  # context -> when it was looked for in vain
        self.left: dict[int, int] = {}  # client -> when it was done
        self.replaced: dict[int, int] = {}  # a process's first context -> when it was seen to go on as another program
        self.over: int | None = None  # when the recording ended
        self.alive: set[int] = set()  # pids that run on when the recording has ended
        self.state = Settled()

    def derive_causes(self) -> None:
        """What an interpreter that started was: the first of all, another program in an old process, or a child."""
        for process in self.state.starts:
            cause, parent = self.cause(process)
            if (cause, parent) != (process.cause, process.parent):
                if (process.cause, process.parent) != (process.first.cause, None):
                    raise Disturbed
                process.cause, process.parent = cause, parent
                self.state.ungrafted[process.first.id] = process.first
                if cause == "exec" and parent is not None:
                    parent.replaced = min(parent.replaced, process.first.t)
                    self.state.open.update(parent.contexts)

    def cause(self, process: Process) -> tuple[str, Process | None]:
        first = process.first
        forked = first.cause == "fork"  # from a process that had no probe yet
        before = [one for one in self.state.by_pid[first.pid] if one.first.key < first.key]
        if before and not forked:
            born = before[-1].first.born
            if born == first.born != 0 or (not born and self.process_end(before[-1], replaced=False)[0] > first.t):
                return "exec", before[-1]
        for pid in first.ancestors:
            parents = [one for one in self.state.by_pid.get(pid, ()) if one.first.key < first.key and one is not process]
            if parents and self.process_end(parents[-1], replaced=False)[0] > first.t:  # whatever it executes by now
                return "fork" if forked else "spawn", parents[-1]
        return first.cause, None

    def reap_of(self, parent: int, pid: int, begin: int) -> tuple[int, int]:
        """(time, wait status) of the first waitpid in process `parent` that found `pid` at or after `begin`."""
        return next((one for one in self.state.reaped.get((parent, pid), ()) if one[0] >= begin), (FOREVER, 0))

    def process_end(self, process: Process, replaced: bool = True) -> tuple[int, str, int | None, int | None]:
        """(time, how, exit status, signal) of a process's end; where `replaced` is not to count, that of all that it executed."""
        first = process.first
        taken_over = min(process.replaced, self.replaced.get(first.id, FOREVER))
        if replaced and taken_over != FOREVER:
            return taken_over, "replaced", None, None
        left = self._left(process)
        status = None
        heard = FOREVER
        parent = process.parent.pid if process.parent is not None and process.cause != "exec" else first.ppid
        heard, status = self.reap_of(parent, first.pid, first.t)
        fact = next((one for one in self.exits.get(first.pid, ()) if one[0] >= first.t), None)
        if fact is not None and fact[0] < heard:
            heard, status = fact
        if heard != FOREVER:
            code, signal = waited(status)
            return (left[0] if left else heard), ("killed" if signal else "exited"), code, signal
        if left is not None:
            return left[0], "exited", (left[1] & 0xFF if left[1] >= 0 else None), None
        if first.id in self.gone:
            return self.gone[first.id], "gone", None, None
        if self.over is not None and first.pid not in self.alive:
            return self.over, "gone", None, None
        return FOREVER, "open", None, None

    def _left(self, process: Process) -> tuple[int, int] | None:
        """(time, status) of its call of _exit; None: it made none, or is held before it."""
        if not process.exits:
            return None
        t, status = min(process.exits)
        t = max(self.holds.left(context, t) for context in process.contexts)
        return (t, status) if t != FOREVER else None

    def settle(self, dirty: list[Context]) -> None:
        state = self.state
        state.open.update(dirty)
        changed = {context.process for context in state.open if context.process is not None}
        for process in changed:
            before = process.ended
            ended, how, process.status, process.signal = self.process_end(process)
            process.ended, process.how = ended, how  # type: ignore[assignment]
            if ended != before:
                state.open.update(process.contexts)
                if before != FOREVER:
                    state.contexts.forget()
                    state.connections.forget()
        for context in state.open:
            assert context.process is not None
            before = context.ended
            over = context.process.ended
            returned = self.left.get(context.id, context.returned)
            vanished = self.gone.get(context.id, FOREVER) if context.kind == "thread" else FOREVER
            if returned <= over and returned != FOREVER:
                context.ended, context.end_how = returned, "returned"
            elif vanished <= over and vanished != FOREVER:
                context.ended, context.end_how = max(vanished, context.last, context.t), "gone"
            elif over == FOREVER:
                context.ended, context.end_how = FOREVER, "open"
            else:
                context.ended, context.end_how = max(over, context.last, context.t), context.process.how
            if before not in (FOREVER, context.ended):
                state.contexts.forget()
        state.open.clear()
