"""What an event carries beside its time, read without running any code of the program's.

Each function here is called from a wrapper (see template.py), where an exception would reach the program: they look at exact types
only, and ask nothing of objects that the program may have made.
"""

from _socket import inet_aton
from _socket import socket as Socket  # noqa: N812

from .frames import payload, text
from .servers import address_text, look_up
from .stdlib import FunctionType
from .writer import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTOR, REQUEST, TRUTH, SERVER = payload("descriptor"), payload("request"), payload("truth"), payload("server")
CHILDREN, THREADS, CONTEXT, READY = payload("children"), payload("threads"), payload("context"), payload("ready")
PID, STATUS, OPTIONS, PEER4 = payload("pid"), payload("status"), payload("options"), payload("peer4")
REPLY = payload("reply")
_LONGEST_TEXT = 500
_MOST_HOSTS = 1000

fileno = Socket.fileno  # of the C class: a subclass's own would be the program's code
_hosts: dict[str, int] = {}


def told(add: "Callable[[object], None]", raised: int, error: BaseException) -> None:
    """Record that the hook raised `error`."""
    now = clock()
    try:
        said = text("error", describe(error)[:_LONGEST_TEXT])
    except Exception:  # an exception class can be anything
        said = []
    add((raised, now, *said))


def describe(error: BaseException) -> str:
    """Type and message. The message only where making it runs no code of the program's."""
    name = type(error).__name__
    if isinstance(type(error).__str__, FunctionType) or not all(_is_plain(item) for item in _arguments(error)):
        return name
    try:
        message = str(error)
    except Exception:
        return name
    return f"{name}: {message}" if message else name


def _arguments(error: BaseException) -> tuple[object, ...]:
    """The exception's arguments; its class may call something else `args`."""
    found: tuple[object, ...] = BaseException.args.__get__(error)  # type: ignore[attr-defined]
    return found


def _is_plain(value: object) -> bool:
    return value is None or type(value) in (str, int, float, bool, bytes)


def told_connection(add: "Callable[[object], None]", returned: int, result: object) -> None:
    """Record that get_request returned, and what: the request's identity and the address of its peer.

    An event and what it carries are added at once: a signal handler's hooks may write the batch at any moment between two calls.
    """
    now = clock()
    if type(result) is not tuple or len(result) != 2:
        add((returned, now))
        return
    request, address = result
    which, number = (DESCRIPTOR, fileno(request)) if isinstance(request, Socket) else (REQUEST, id(request))
    if type(address) is tuple and len(address) == 2 and type(address[0]) is str and type(address[1]) is int:
        host = _hosts.get(address[0])
        if host is not None:
            add((returned, now, which, number, PEER4, host | address[1]))  # a quarter of the cost of text, at every request
            return
        _learn_host(address[0])
    add((returned, now, which, number, *text("peer", address_text(address)[:_LONGEST_TEXT])))


def _learn_host(host: str) -> None:
    """Remember an IPv4 address as a number, for the next time."""
    if len(_hosts) < _MOST_HOSTS:
        try:
            _hosts[host] = int.from_bytes(inet_aton(host), "big") << 16
        except OSError:
            return


def told_request_line(add: "Callable[[object], None]", returned: int, handler: object) -> None:
    """Record that parse_request returned, and the line it has parsed. No more of a request is ever recorded."""
    now = clock()
    line = look_up(handler, "requestline")
    add((returned, now, *text("request_line", line[:_LONGEST_TEXT])) if type(line) is str and line else (returned, now))


def reply(code: object) -> tuple[int, ...]:
    """The status code of an HTTP reply, given as a number or (by wsgiref) as its digits; nothing if it is neither."""
    if isinstance(code, int):
        number = int.__index__(code)  # of an HTTPStatus, too
    elif type(code) is str and code.isdecimal():
        number = int(code[:3])
    else:
        return ()
    return (REPLY, number) if 100 <= number <= 999 else ()


def truth(result: object) -> tuple[int, ...]:
    """Whether a plain value is true; nothing for an object of the program's, whose __bool__ would run."""
    return (TRUTH, bool(result)) if _is_plain(result) else ()


def kept_threads(server: object) -> tuple[int, ...]:
    """How many threads the server keeps to join; nothing where it keeps none (daemon threads, block_on_close off)."""
    threads = look_up(server, "_threads")
    return (THREADS, len(threads)) if isinstance(threads, list) else ()


def whole(value: object) -> int:
    """`value` if it is a whole number that a record can hold, else -1."""
    return value if type(value) is int and -(1 << 63) <= value < 1 << 63 else -1
