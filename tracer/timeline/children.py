"""The children of a process: what its own calls say of each, beside what the kernel says, at the time of a sample.

Rules of this file:
1. Both are compared at the sample's time. A sample is no instant: what changed while it was taken may be in it or not.
2. A difference is told only where it is certain.
"""

from bisect import bisect_right

from tracer.probe.hooks import LOOPS

from .contexts import Context, Fork, Process, waited
from .moment import Child
from .samples import SampledChild, SampledProcess
from .timeline import Timeline

REAPED = 3  # so many of those that were waited for are kept in sight
RECENTLY = 10_000_000_000  # of what ended within these nanoseconds nothing is passed over, however long ago it began
_LOOK_BACK = 32  # of what ended before that: so many of the newest are looked at
_OVERDUE = 250_000_000  # a zombie of a loop that calls no service_actions is told of when it is so old
_TURNS = 500  # calls that are looked at for two turns of a loop


def children_at(timeline: Timeline, process: Process, sample: SampledProcess | None, t: int) -> tuple[Child, ...]:
    """The children that the process had at the time of its sample, by pid; then those that were born since and live at `t`."""
    when = sample.end if sample is not None else t
    forked = {fork.pid: fork for fork in process.forked.at(when)}
    listed = {child.pid: child for child in sample.children} if sample is not None else {}
    being_forked = _being_forked(timeline, process, sample) if sample is not None else set()
    children = []
    for pid in sorted(forked.keys() | listed.keys()):
        child, fork = listed.get(pid), forked.get(pid)
        if fork is None and sample is not None:
            fork = _fork_of(process, pid, sample)
        believed = fork is not None or pid in being_forked
        children.append(_child(timeline, process, pid, fork, child, believed, when, t))
    born = process.forked.items[process.forked.before(when) : process.forked.before(t)]
    return (*children, *(_child(timeline, process, one.pid, one, None, True, t, t) for one in born if one.reaped > t))


def reaped_at(timeline: Timeline, process: Process, listed: tuple[Child, ...], t: int) -> tuple[Child, ...]:
    """The newest of the children that were waited for by `t`, the last one last, but for those that are `listed`."""
    forked = process.forked
    count = forked.before(t)
    known = {child.pid for child in listed if child.reaped is not None}
    found = {id(fork): fork for fork in (*forked.items[max(0, count - _LOOK_BACK) : count], *forked.at(t - RECENTLY))}
    reaped = sorted((fork for fork in found.values() if fork.reaped <= t and fork.pid not in known), key=lambda fork: fork.reaped)
    return tuple(_child(timeline, process, fork.pid, fork, None, True, fork.reaped, t) for fork in reaped[-REAPED:])


def _child(
    timeline: Timeline, process: Process, pid: int, fork: Fork | None, child: SampledChild | None, believed: bool, when: int, t: int
) -> Child:
    context = _context(timeline, process, pid, when)
    since = (fork.returned if fork.returned <= t else fork.begin) if fork is not None else None
    status, signal = (child.exit, child.signal) if child is not None else (None, None)
    if child is not None and child.state == "zombie":
        since = timeline.samples.zombie_since(child)
    reaped = fork.reaped if fork is not None and fork.reaped <= t else None
    if fork is not None and reaped is not None:
        known = timeline.settle().reaped.get((process.pid, pid), ())
        status, signal = next((waited(raw) for at, raw in known if at == reaped), (status, signal))
    return Child(
        pid,
        timeline.label(context) if context is not None else None,
        timeline.number(timeline.carried.connection(fork.context, fork.span)) if fork is not None else None,
        believed,
        child.state if child is not None else None,
        status,
        signal,
        since,
        reaped,
        _reaped_by(timeline, process, fork) if fork is not None and reaped is not None else "",
    )


def _context(timeline: Timeline, parent: Process, pid: int, t: int) -> Context | None:
    for process in reversed(timeline.settle().by_pid.get(pid, [])):
        if process.first.t <= t and (process.parent is parent or process.cause == "exec"):
            return process.first
    return None


def _fork_of(process: Process, pid: int, sample: SampledProcess) -> Fork | None:
    """The fork that made a child which the kernel lists and which was waited for, or whose fork returned, while it was asked."""
    known = process.forks.get(pid, [])
    return next((fork for fork in reversed(known) if fork.begin <= sample.end and fork.reaped > sample.begin), None)


def _being_forked(timeline: Timeline, process: Process, sample: SampledProcess) -> set[int]:
    """The children that the kernel lists and whose forks have not returned yet: at most as many as there are such forks.

    A program may have children of its own, too.
    """
    forks = [begin for hook, begin in _innermost(timeline, process, sample.end) if hook == "fork"]
    if not forks:
        return set()
    before = timeline.samples.process(process.pid, process.first.t, min(forks))
    known = {(child.pid, child.born) for child in before.children} if before is not None else set()
    found = [
        child for child in sample.children if (child.pid, child.born) not in known and _fork_of(process, child.pid, sample) is None
    ]
    return {child.pid for child in sorted(found, key=lambda child: (child.born, child.pid))[-len(forks) :]}


def _innermost(timeline: Timeline, process: Process, t: int) -> list[tuple[str, int]]:
    """The hooks in which the process's contexts were at `t`, and since when."""
    stacks = [timeline.spans.stack_at(one, t) for one in timeline.ordered.at(t) if one.process is process]
    return [(timeline.code(stack[-1][1]).hook, stack[-1][2]) for stack in stacks if stack]


def _reaped_by(timeline: Timeline, process: Process, fork: Fork) -> str:
    """The hook that waited for the child, and the one around that: "collect_children in service_actions"; "" if it is not known."""
    t = fork.reaped - 1
    others = [one for one in timeline.ordered.at(t) if one.process is process and one is not fork.context]
    for context in (fork.context, *others):
        hooks = [timeline.code(code).hook for _, code, _ in timeline.spans.stack_at(context, t)]
        if hooks[-1:] == ["waitpid"]:
            around = list(dict.fromkeys(reversed(hooks[:-1])))  # a super() chain is one hook
            return " in ".join(hook for hook in around[:2] if hook not in LOOPS)
    return ""


# -- belief beside truth -------------------------------------------------------------------------------------------------------


def compared(
    timeline: Timeline, process: Process, sample: SampledProcess, children: tuple[Child, ...], told: int
) -> tuple[int, tuple[str, ...]]:
    """How many children the server believed when the kernel was asked, and where both certainly differed, in words.

    `told` is what it said last.

    The process has one server that forks: where there are more, nobody tells which of them has said what it believes.
    """
    own = [child for child in children if child.state is not None and child.believed]
    overdue = _overdue(timeline, process, sample, own)
    bounds = _believed(timeline, process, sample)
    if bounds is None:  # it has said so for the first time while the kernel was asked
        return told, overdue
    believed = min(max(len(own), bounds[0]), bounds[1])
    if believed == len(own):
        return believed, overdue
    return believed, (f"the server believes {believed} active, the kernel has {len(own)}", *overdue)


def _believed(timeline: Timeline, process: Process, sample: SampledProcess) -> tuple[int, int] | None:
    """How many children the server believed at least, and at most, while the kernel was asked; None: it has never said.

    What it said last, and what its own calls have changed since.
    """
    told, forked = process.believed_children, process.forked
    place = bisect_right(told.times, sample.begin)
    if not place:
        return None
    said, number = told.times[place - 1], told.numbers[place - 1]
    born = forked.items[forked.before(said) : forked.before(sample.begin)]
    known = [*forked.at(said), *born]
    number += len(born) - sum(fork.reaped <= sample.begin for fork in known)
    inside = [hook for hook, _ in _innermost(timeline, process, sample.end)]
    more = forked.before(sample.end) - forked.before(sample.begin) + inside.count("fork")
    less = sum(sample.begin < fork.reaped <= sample.end for fork in known) + inside.count("waitpid")
    return number - less, number + more


def _overdue(timeline: Timeline, process: Process, sample: SampledProcess, own: list[Child]) -> tuple[str, ...]:
    """What is to be said of zombies that the loop's own hooks have passed by, or never come to."""
    left = alone = oldest = 0
    zombies = [child for child in own if child.state == "zombie" and child.since is not None]
    for child in zombies:
        fork = _fork_of(process, child.pid, sample)
        if fork is None or child.since is None or fork.reaped <= sample.end:
            continue
        loop = _loop(timeline, fork)
        if loop == "handle_request":
            alone += 1
            oldest = max(oldest, sample.end - child.since)
        elif loop == "serve_forever":
            left += _turned(timeline, fork.context, child.since, sample.begin)
    found = []
    if oldest >= _OVERDUE:
        found.append(
            f"the server believes {len(own)} active; of these {_are(alone)}: a loop of handle_request calls no service_actions, so "
            "only handle_timeout and server_close reap"
        )
    if left:
        found.append(f"the server believes {len(own)} active; of these {_are(left)} that service_actions has left")
    return tuple(found)


def _are(number: int) -> str:
    return "1 is a zombie" if number == 1 else f"{number} are zombies"


def _loop(timeline: Timeline, fork: Fork) -> str:
    """The loop that a child was forked in."""
    span = fork.span
    while (span := timeline.spans.parent(fork.context, span)) >= 0:
        if (hook := timeline.carried.hook(fork.context, span)) in LOOPS:
            return hook
    return ""


def _turned(timeline: Timeline, context: Context, since: int, until: int) -> bool:
    """Whether the loop began to wait twice between two times: then it has been through a whole turn, service_actions and all."""
    first = timeline.spans.count_at(context, since)
    last = min(timeline.spans.count_at(context, until), first + _TURNS)
    waits = 0
    for span in range(first, last):
        waits += timeline.carried.hook(context, span) == "select"
        if waits == 2:
            return True
    return False
