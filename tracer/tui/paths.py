"""The way of a connection through the hooks of a server class, in the documented order.

Where the path goes depends on who supplies process_request: BaseServer serves in the loop, ThreadingMixIn in a thread,
ForkingMixIn in a child. A class of the program's that supplies it decides for itself. Under handle_request there is no
service_actions, and where a request is refused, or raises, there are hooks that are not called else.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from typing import Literal

from tracer.probe.hooks import is_framework
from tracer.timeline.course import ORDER

Dispatch = Literal["here", "thread", "child", "own"]

_TRUNK = ("select", "get_request", "verify_request", "process_request")
_SERVED = ("finish_request", "setup", "handle", "finish", "shutdown_request", "close_request")
_INSIDE: dict[str, tuple[str, ...]] = {  # what a hook calls, which is over with it
    "process_request": (*_SERVED, "fork", "Thread.start"),
    "process_request_thread": _SERVED,
    "finish_request": ("setup", "handle", "finish"),
    "shutdown_request": ("close_request",),
}


@dataclass(frozen=True, slots=True)
class Path:
    """The hooks of the loop and, where the path forks, of the branch that serves the connection."""

    dispatch: Dispatch
    supplier: str  # the class that supplies process_request
    trunk: tuple[str, ...]
    branch: tuple[str, ...] = ()
    datagram: bool = False


_ORDER = ("select", "handle_timeout", *ORDER, "service_actions")


def under(path: Path, loop: str) -> Path:
    """The path where that hook runs the loop."""
    if loop != "handle_request":
        return path
    return replace(path, trunk=tuple(hook for hook in path.trunk if hook != "service_actions"))


def with_called(hooks: tuple[str, ...], called: Collection[str]) -> tuple[str, ...]:
    """The documented hooks with those that were called beside them, such as handle_error, in order."""
    extra = [hook for hook in called if hook not in hooks and hook in _ORDER]
    return tuple(sorted((*hooks, *dict.fromkeys(extra)), key=_ORDER.index)) if extra else hooks


def hook_after(hooks: tuple[str, ...], hook: str, *, ended: bool) -> str:
    """The next of the hooks of a loop or a branch behind one of them that was called, or has ended; "": there is none."""
    over = _INSIDE.get(hook, ()) if ended else ()
    return next((one for one in hooks[hooks.index(hook) + 1 :] if one not in over), "")


def path_of(supplier: str, datagram: bool) -> Path:
    """The path under a server class; `supplier` is the full name of the class in its MRO that supplies process_request."""
    module, _, name = supplier.rpartition(".")
    if not is_framework(module):
        return Path("own", name, (*_TRUNK, "service_actions"), _SERVED, datagram)
    trunk: tuple[str, ...]
    match name:
        case "ForkingMixIn":
            trunk = (*_TRUNK, "fork", "close_request", "service_actions")
            return Path("child", name, trunk, (*_SERVED, "_exit"), datagram)
        case "ThreadingMixIn":
            trunk = (*_TRUNK, "Thread.start", "service_actions")
            return Path("thread", name, trunk, ("process_request_thread", *_SERVED), datagram)
    return Path("here", name, (*_TRUNK, *_SERVED, "service_actions"), (), datagram)


def supplier_of(mro: tuple[str, ...], suppliers: Set[str]) -> str:
    """Who supplies process_request: the first class of `mro` among those that are known to define it.

    All names are full ones, as `socketserver.ForkingMixIn`. While none is known, the names of the framework's classes tell.
    """
    for name in mro:
        module, _, cls = name.rpartition(".")
        if name in suppliers or (is_framework(module) and cls in ("ForkingMixIn", "ThreadingMixIn", "BaseServer")):
            return name
    return "socketserver.BaseServer"
