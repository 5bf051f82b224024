"""Settling: what the newly folded frames mean for processes, connections and the tree of contexts.

Frames of different contexts come in any order, so a settled answer can turn out to be wrong: a child's first hooks may be read
before its parent's fork. Two rules keep the result independent of the order:

1. What is not known yet is asked again at the next settling.
2. Where an answer that was given would now be another, everything is settled anew. Files are nearly in order; this is rare.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

from . import connections, requests
from . import roles as role
from .carried import Carried
from .codes import Code
from .connections import Connection
from .contexts import Context, Fork, Process
from .ends import Ends
from .holds import Holds
from .lifetimes import FOREVER
from .settled import Disturbed, Settled
from .spans import Spans


def root_key(context: Context) -> tuple[int, int, int]:
    """What orders the contexts that stand alone: by begin; clients before all others, or as long as they may be the newest behind."""
    rank = 0 if context.kind != "client" else 1 if context.stands_in is None else -1
    return rank, *context.key


def standing(context: Context) -> tuple[int, int, int]:
    """What orders the contexts that stand in one."""
    return context.anchor, *context.key


class Settler:
    """Settles the contexts of one timeline."""

    def __init__(self, spans: Spans, contexts: dict[int, Context], codes: Mapping[int, Code], holds: Holds) -> None:
        self.spans = spans
        self.contexts = contexts
        self.codes = codes
        self.carried = Carried(spans, codes)
        self.ends = Ends(holds)
        self.dirty: dict[int, Context] = {}
        self.disturbed = False
        self.blocked: dict[int, Context] = {}  # those that stopped at a code that is not defined yet
        self.ask_again = False  # whether a question that was not answered may have an answer now
        self.state = self.ends.state = Settled()

    def unblock(self) -> None:
        """A code was defined."""
        self.dirty.update(self.blocked)

    def settle(self) -> Settled:
        """Bring everything up to date, and return it."""
        if self.dirty or self.disturbed:
            if not self.disturbed:
                try:
                    self._settle()
                except Disturbed:
                    self.disturbed = True
            if self.disturbed:
                self._anew()
        return self.state

    def _anew(self) -> None:
        """Settle everything from the beginning; nothing that was answered before can contradict it."""
        self.state = self.ends.state = Settled()
        for context in self.contexts.values():
            context.settled = 0
            context.ended, context.end_how, context.returned = FOREVER, "open", FOREVER
            context.process = context.idle = context.servers = context.accepts = context.accepted = context.grafts = None
            context.requests = context.client = None
            context.upper, context.host, context.stands_in, context.anchor = None, -1, None, -1
            if context.defined or context.chunks:
                self.dirty[context.id] = context
        self.disturbed = False
        self._settle()

    def _settle(self) -> None:
        state = self.state
        dirty = sorted(self.dirty.values(), key=lambda context: context.key)
        self.dirty.clear()
        state.fresh.clear()
        self.ask_again = bool(self.blocked)
        for context in dirty:
            if context.process is None:
                self._place(context)
        for context in dirty:
            if self._marks(context):
                self.blocked.pop(context.id, None)
            else:
                self.blocked[context.id] = context
        self._find_parents()
        self.ends.derive_causes()
        self.ends.settle(dirty)
        self._graft()
        self._receive()
        for context in dirty:
            if context.id in state.fresh and context.anchor < 0:
                insort(state.roots, context, key=root_key)
        self._hold()
        # Every connection is entered now, whichever context took it.
        if self.ask_again:
            state.touches += state.unanswered
            state.unanswered = []
        for touch in state.touches:
            if not self._touch(*touch):
                state.unanswered.append(touch)
                state.newest_unanswered = max(state.newest_unanswered, touch[3])
        state.touches = []

    # -- where contexts and processes stand --------------------------------------------------------------------------------

    def _place(self, context: Context) -> None:
        """Give a context its process, and its place among all."""
        state = self.state
        process = state.processes.get(context.process_id)
        if process is None:
            first = self.contexts.get(context.process_id) or context
            process = state.processes[context.process_id] = Process(first)
            if first.kind == "client":
                state.clients.by_pid.setdefault(first.pid, []).append(first)
                insort(state.comers, context, key=lambda one: one.key)
                self._settle_in(context, process)
                return
            alike = state.by_pid.setdefault(first.pid, [])
            insort(alike, process, key=lambda one: one.first.key)
            if first.cause != "thread" and not first.parent:  # forked, too: by a process that had no probe yet
                insort(state.starts, process, key=lambda one: one.first.key)
                if state.root is not state.starts[0] and state.visitors:
                    raise Disturbed
                state.root = state.starts[0]
            elif first.cause == "fork":
                state.orphans.append(process)
        self._settle_in(context, process)
        if context is not process.first or context.cause != "start" or context.parent:
            state.ungrafted[context.id] = context

    def _settle_in(self, context: Context, process: Process) -> None:
        """Enter a context in its process, and among all."""
        state = self.state
        state.fresh.add(context.id)
        context.process = process
        process.contexts.append(context)
        state.contexts.add(context.t, context)
        if state.contexts.items[-1] is not context:
            state.numbered = 0

    def _find_parents(self) -> None:
        """Give forked processes their parents."""
        state = self.state
        for process in state.orphans[:]:
            parent = self.contexts.get(process.first.parent)
            if parent is not None and parent.process is not None and parent.process is not process:
                process.parent = parent.process
                state.orphans.remove(process)
                if process.asked():
                    raise Disturbed

    # -- marks -------------------------------------------------------------------------------------------------------------

    def _marks(self, context: Context) -> bool:
        """Read the marks of the context's new chunks, in order; False if it had to stop at an unknown code."""
        spans, codes = self.spans, self.codes
        moves, offsets, values, chunks = spans.moves, spans.offsets, spans.values, context.chunks
        process, touches = context.process, self.state.touches
        assert process is not None
        for index in range(context.settled, len(chunks)):
            chunk = chunks[index]
            move = moves[chunk]
            meaning = move.roles or role.roles(move, codes)
            if meaning is None:
                return False
            context.settled = index + 1
            offset = offsets[chunk]
            if meaning.idle or context.idle is not None:
                self._idle(context, index, meaning.idle and not any(values[offset + zero] for zero in meaning.zeros))
            for mark in meaning.marks:
                self._mark(mark, context, process, index, offset)
            for mark in meaning.touches:
                if mark.what != role.VERIFIED or values[offset + mark.a] == 0:
                    touches.append((mark, context, index, values[offset + mark.position]))
        return True

    def _idle(self, context: Context, index: int, idle: bool) -> None:
        if context.idle is None:
            context.idle = array("q", bytes(8 * index))
        before = context.idle[-1] if index else 0
        context.idle.append((before or index + 1) if idle else 0)

    def _mark(self, mark: role.Mark, context: Context, process: Process, index: int, offset: int) -> None:
        state, values = self.state, self.spans.values
        what, t = mark.what, values[offset + mark.position]
        a = values[offset + mark.a] if mark.a >= 0 else -1
        if what == role.ACCEPTED:
            handle = values[offset + mark.own]
            if handle == -1 and mark.kind == connections.DESCRIPTOR:
                return
            span = self.spans.reference(context, index, mark.span)
            connection = Connection(context, span, t, mark.kind, handle)
            if mark.b >= 0:
                connection.peer = values[offset + mark.b]
            elif mark.a >= 0:
                connection.peer4 = a
            if context.accepts is None or context.accepted is None:
                context.accepts, context.accepted = [], []
            place = len(context.accepts)
            if place and context.accepts[-1] > span:
                place = bisect_left(context.accepts, span)
            context.accepts.insert(place, span)
            context.accepted.insert(place, connection)
            state.connections.add(t, connection)
            self._count(mark, context, index, t)
            if not connections.enter(process, connection):
                raise Disturbed
            if state.clients:
                state.clients.take(connections.peer_of(self.spans, connection), connection)
            if t <= state.newest_unanswered:
                self.ask_again = True
        elif what == role.NAMED:
            if context.servers is None:
                context.servers = {}
            context.servers[self.spans.reference(context, index, mark.span)] = a
        elif what == role.FORKED:
            if a > 0:
                span = self.spans.reference(context, index, mark.span)
                fork = Fork(context, span, a, self.spans.begin(context, span), t)
                insort(process.forks.setdefault(a, []), fork, key=lambda one: one.begin)
                process.forked.add(t, fork)
                fork.reaped = self.ends.reap_of(process.pid, fork.pid, fork.begin)[0]
        elif what == role.STARTED:
            state.started[a] = context, self.spans.reference(context, index, mark.span)
        elif what == role.JOINED:
            state.joined[a] = context, self.spans.reference(context, index, mark.span)
        elif what == role.REAPED:
            if a > 0:
                status = values[offset + mark.b] if mark.b >= 0 else 0
                insort(state.reaped.setdefault((process.pid, a), []), (t, status))
                for fork in process.forks.get(a, ()):
                    fork.reaped = self.ends.reap_of(process.pid, a, fork.begin)[0]
                for child in state.by_pid.get(a, ()):
                    state.open.update(child.contexts)
        elif what == role.EXITED:
            process.exits.append((t, a))
            state.open.update(process.contexts)
        elif what == role.RETURNED:
            context.returned = min(context.returned, t)
        elif what == role.ASKED:
            requests.ask(self.spans, context, self.spans.reference(context, index, mark.span), a, t)
        elif what == role.CONNECTED:
            if context.kind == "client":
                begin = self.spans.begin(context, self.spans.reference(context, index, mark.span))
                accepted = ((connections.peer_of(self.spans, one), one) for one in state.connections.items)
                context.client = state.clients.enter(context, begin, self.spans.text(a), accepted)
        elif what == role.SENT:
            if context.client is not None:
                context.client.sent.append(t)
        elif what == role.REPLIED:
            requests.answer(self.carried, context, self.spans.reference(context, index, mark.span), a, t)
        elif what == role.CHILDREN or what == role.THREADS:
            (process.believed_children if what == role.CHILDREN else process.believed_threads).add(t, a)

    def _count(self, mark: role.Mark, context: Context, index: int, t: int) -> None:
        """Count a connection for the server whose loop took it."""
        named = context.servers
        if named is None:
            return
        base = self.spans.bases[context.chunks[index]]
        around = [base + span for span in mark.inside] if mark.inside else []
        for span in (*around, *self.spans.around(context, index)[mark.outside :: -1]) if mark.outside >= 0 else around:
            server = named.get(span)
            if server is not None:
                times = self.state.accepted_by.get(server)
                if times is None:
                    times = self.state.accepted_by[server] = array("q")
                times.insert(bisect_right(times, t) if times and t < times[-1] else len(times), t)
                return

    def _touch(self, mark: role.Mark, context: Context, index: int, t: int) -> bool:
        """Tell a connection what a span says of it; False if the connection is not known yet."""
        chunk = context.chunks[index]
        offset = self.spans.offsets[chunk]
        found = None
        if mark.own >= 0:
            handle = self.spans.values[offset + mark.own]
            if handle != -1 or mark.kind != connections.DESCRIPTOR:
                # What it meant when the span began: closed within it, it may be another connection's before the span has ended.
                begin = self.spans.values[offset + self.spans.moves[chunk].begins[mark.span]]
                found = connections.find(context.process, mark.kind, handle, begin)
        if found is None:
            found = self.carried.connection(context, self.spans.reference(context, index, mark.span))
        if found is None:
            return False
        if mark.what == role.SERVED:
            if (t, context.id) < (found.served, found.server_context.id if found.server_context else 0):
                found.served, found.server_context = t, context
        elif mark.what == role.RELEASED:
            assert context.process is not None
            found.release(context.process, t)
        elif mark.what == role.VERIFIED:
            found.refused = min(found.refused, t)
        elif mark.what == role.FAILED and t < found.failed:
            found.failed = t
            found.error = self.spans.values[offset + mark.a] if mark.a >= 0 else -1
        return True

    # -- the tree of contexts ----------------------------------------------------------------------------------------------

    def _graft(self) -> None:
        """Find where each context was born that has no place yet, or none for certain."""
        waiting = self.state.ungrafted
        for context in list(waiting.values()):
            process = context.process
            assert process is not None
            certain = True
            upper: Context | None = None
            host = anchor = -1
            if context is not process.first or context.cause == "thread":
                started = self.state.started.get(context.id)
                if started is not None:
                    upper, host = started
                    anchor = host
                elif context.parent:
                    upper = self.contexts.get(context.parent)
                    certain = False
            elif process.cause == "fork" and context.parent:
                upper = self.contexts.get(context.parent)
                forks = process.parent.forks.get(context.pid, ()) if process.parent is not None else ()
                fork = next((one for one in reversed(forks) if one.begin <= context.t), None)
                if fork is not None:
                    upper, host = fork.context, fork.span
                    anchor = host
                else:
                    certain = False
            elif process.parent is not None:
                upper = process.parent.first
                certain = False
            if upper is not None and upper.key >= context.key:  # nobody is born in what began later: damage
                upper, host, anchor, certain = None, -1, -1, True
            if not certain and upper is not None:
                stack = self.spans.stack_at(upper, context.t)
                host = stack[-1][0] if stack else -1
                anchor = self.spans.count_at(upper, context.t) - 1
                # Once the parent is known to have gone on, nothing that is read later can change this, but a fork's return.
                certain = upper.last > context.t and not (host >= 0 and self.carried.hook(upper, host) in ("fork", "Thread.start"))
            if certain:
                del waiting[context.id]
                self.state.started.pop(context.id, None)
            if (upper, host, anchor) != (context.upper, context.host, context.anchor):
                if context.upper is not None:
                    raise Disturbed
                self._attach(context, upper, host, anchor)
                if context.id not in self.state.fresh:
                    self.ask_again = True

    def _receive(self) -> None:
        """Find where clients stand that have no place yet: behind the row that main had begun last when they began.

        What main did before that may be read later. Until main has gone on they stand behind everything, so a place that is given is
        final, unless what was taken for main is not.
        """
        state = self.state
        if state.root is None:
            return
        main = state.root.first
        known = bisect_left(state.comers, main.last, key=lambda one: one.t)
        for client in state.comers[:known]:
            self._stand(client, main, self.spans.count_at(main, client.t) - 1)
            insort(state.visitors, client, key=standing)
        del state.comers[:known]

    def _stand(self, context: Context, among: Context, anchor: int) -> None:
        """The context's rows stand behind that of a span of `among`; with -1 as anchor it stands alone."""
        stood = context.id not in self.state.fresh
        if stood:
            self.state.roots.remove(context)
        context.stands_in, context.anchor = among, anchor
        if anchor < 0:
            if stood:
                insort(self.state.roots, context, key=root_key)
            return
        if among.grafts is None:
            among.grafts = {}
        there = among.grafts.get(anchor)
        if there is None:
            among.grafts[anchor] = [context]
        else:
            insort(there, context, key=lambda one: one.key)

    def _attach(self, context: Context, upper: Context | None, host: int, anchor: int) -> None:
        context.upper, context.host = upper, host
        process = context.process
        assert process is not None
        if upper is None:
            return
        self._stand(context, upper, anchor)
        if anchor < 0:
            return
        if context is process.first and process.cause == "fork" and context.parent and host >= 0:
            if self.carried.hook(upper, host) == "fork":
                process.born_at = self.spans.begin(upper, host)
                if process.asked():
                    raise Disturbed
            self.state.unheld.append((process, upper, host))

    def _hold(self) -> None:
        """A child that was forked for a connection holds it too."""
        waiting, self.state.unheld = self.state.unheld, []
        for process, upper, host in waiting:
            connection = self.carried.connection(upper, host)
            if connection is None:
                self.state.unheld.append((process, upper, host))
                continue
            if connection.holders is None:
                connection.holders = {}
            connection.holders.setdefault(process, FOREVER)
