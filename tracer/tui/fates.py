"""What became of connections, in words."""

from rich.style import Style

from tracer.timeline.moment import ConnectionMoment
from tracer.timeline.units import duration
from tracer.timeline.words import signal_name

from .marks import BAD, DIM, KILLED, PLAIN, RAISED, REFUSED, WARN


def fate(connection: ConnectionMoment) -> tuple[str, Style]:
    """How a connection ended, and how to draw it; "" while it has not."""
    match connection.state:
        case "refused":
            return f"{REFUSED} refused", WARN
        case "failed":
            return f"{RAISED} failed {connection.error.partition(':')[0]}".rstrip(), BAD
        case "killed":
            return f"{KILLED} killed {signal_name(connection.signal)}" if connection.signal is not None else f"{KILLED} killed", BAD
        case "exited":
            return "ended with its process", DIM
        case "closed":
            word = "done" if connection.descriptor is None else "closed"  # there is nothing to close for a datagram
            took = connection.ended - connection.accepted if connection.ended is not None else None
            return f"{word} in {duration(took)}" if took is not None else word, DIM
    return "", PLAIN
