"""Times that are told from the view's now: so long ago while that is the present, by the recording's clock where it is not."""

from tracer.timeline.units import clock_time, ticking

from .view import View


def when(view: View, t: int) -> str:
    """`0.4 s ago`; in a replay, where nobody's now is the present, `at 00:12.4`."""
    return f"at {tenths(t - view.start)}" if view.mode in ("ended", "replay") else f"{ticking(view.now - t)} ago"


def tenths(nanoseconds: int) -> str:
    """A time of the recording, as `00:12.4`."""
    return clock_time(nanoseconds)[:-2]


def asked(view: View, t: int | None) -> str:
    """When the kernel was asked."""
    return "kernel n/a (no sample yet)" if t is None else f"kernel asked {when(view, t)}"


def waits(nanoseconds: int) -> str:
    """How long each hook waits in slow motion: `0.5 s`."""
    return f"{nanoseconds / 1e9:g} s"
