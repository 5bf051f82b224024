"""What an event carries, in words: short text for a row of the call tree or a line of events."""

import signal

from .connections import Connection, peer4_words, peer_of
from .contexts import Context, string, waited
from .requests import request_at
from .timeline import Timeline


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; `signal 99` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def status_words(status: int) -> str:
    """A raw wait status in words: `exited 0`, `killed SIGKILL`."""
    code, killed = waited(status)
    return f"exited {code}" if killed is None else f"killed {signal_name(killed)}"


def peer_words(timeline: Timeline, connection: Connection) -> str:
    """Where a connection came from."""
    return peer_of(timeline.spans, connection)


def enter_words(timeline: Timeline, hook: str, payloads: dict[str, int | str]) -> str:
    """What a call was given: `P4121`, `T3`, `exit 0`, the server's address."""
    match hook:
        case "waitpid" if "pid" in payloads:
            return "any child" if payloads["pid"] == -1 else f"P{payloads['pid']}"
        case "_exit" if "status" in payloads:
            return f"exit {payloads['status']}"
        case "Thread.start" | "Thread.join" if "context" in payloads:
            context = timeline.contexts.get(int(payloads["context"]))
            if context is None or context.process is None:
                return ""
            return f"→ {timeline.label(context)}" if hook == "Thread.start" else timeline.label(context)
        case "log_request" if "reply" in payloads:
            return str(payloads["reply"])
        case "connect" if "address" in payloads:
            return f"→ {payloads['address']}"
        case "serve_forever" | "handle_request" if "server" in payloads:
            known = timeline.servers.get(int(payloads["server"]))
            return string(known[-1][2], "address") if known else ""
    return ""


def end_words(hook: str, payloads: dict[str, int | str]) -> str:
    """What came of a call: `127.0.0.1:53122`, `True`, `→ P4122`, `still running`, an error's text."""
    if "error" in payloads:
        return str(payloads["error"])
    match hook:
        case "get_request" if "peer" in payloads:
            return str(payloads["peer"])
        case "get_request" if isinstance(peer := payloads.get("peer4"), int):
            return peer4_words(peer)
        case "parse_request" if "request_line" in payloads:
            return asked_words(str(payloads["request_line"]))
        case "verify_request" if "truth" in payloads:
            return str(bool(payloads["truth"]))
        case "fork" if isinstance(pid := payloads.get("pid"), int) and pid > 0:
            return f"→ P{pid}"
        case "waitpid" if isinstance(pid := payloads.get("pid"), int):
            if pid <= 0:
                return "still running"
            status = payloads.get("status")
            return f"P{pid} {status_words(status)}" if isinstance(status, int) else f"P{pid}"
        case "connect" if "address" in payloads:
            return f"from {payloads['address']}"
        case "send" | "receive" if isinstance(size := payloads.get("bytes"), int):
            return "EOF" if size < 0 else f"{size} byte{'s' * (size != 1)}"
        case "select" if payloads.get("ready"):
            return f"{payloads['ready']} ready"
    if "children" in payloads:
        return f"believes {payloads['children']} {'child' if payloads['children'] == 1 else 'children'}"
    if "threads" in payloads:
        return f"keeps {payloads['threads']} {'thread' if payloads['threads'] == 1 else 'threads'} to join"
    return ""


def asked_words(line: str) -> str:
    """The first line of an HTTP request without its version: `GET /x`."""
    words, _, version = line.rpartition(" ")
    return words if version.startswith("HTTP/") else line


def request_words(timeline: Timeline, context: Context, span: int, until: int) -> str:
    """The HTTP request that was served last in a span, and the status of its reply: `GET /x → 200`; "" if there was none by then."""
    request = request_at(context, span, until)
    if request is None:
        return ""
    words = asked_words(timeline.spans.text(request.line))
    return f"{words} → {request.status}".lstrip() if request.status and request.replied <= until else words


def span_words(enter: str, end: str) -> str:
    """Both on one line: `P4121 → still running`."""
    if enter and end.startswith(f"{enter} "):
        end = end[len(enter) + 1 :]
    if enter.startswith("→") and end:
        return f"{enter} {end}"
    return f"{enter} → {end}" if enter and end else enter or end


def killed_by(context: Context) -> str:
    """The name of the signal that ended the context's process; "" if none did."""
    killed = context.process.signal if context.process is not None else None
    return signal_name(killed) if killed is not None else ""
