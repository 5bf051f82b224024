"""Which server object is which, and what is told of it: class, MRO, address, settings.

Only plain values found in the instance or a class are read, and no attribute is ever asked for: a property of the program's would run.
"""

import os
from _functools import partial  # type: ignore[import-not-found]
from _socket import socket as _Socket  # noqa: N812
from _thread import get_ident
from _weakref import ref

from .frames import identity
from .process import process, tell
from .writer import clock

#: Settings that decide how a server behaves, as far as they are plain values.
SETTINGS = (
    "request_queue_size",
    "timeout",
    "max_children",
    "daemon_threads",
    "block_on_close",
    "allow_reuse_address",
    "allow_reuse_port",
    "max_packet_size",
)

_FAMILIES = {1: "unix", 2: "inet", 10: "inet6"}
_STREAM = 1

#: id(server) -> [its id in the recording, the definition last written, how many constructors are open, a weak reference that
#: takes the entry away with the server].
_known: dict[int, list[object]] = {}


def look_up(item: object, name: str) -> object:
    """The attribute `name` as it lies in the instance or in one of its classes; None if it is nowhere."""
    own = getattr(item, "__dict__", None)
    return own[name] if type(own) is dict and name in own else lying_in(type(item), name)


def lying_in(cls: type, name: str) -> object:
    """What a class has by that name, unbound; None if it has nothing."""
    for owner in cls.__mro__:
        if name in owner.__dict__:
            found: object = owner.__dict__[name]
            return found
    return None


def begin(server: object) -> int:
    """A constructor of `server` begins: its id, new unless another of its constructors is open around this one."""
    entry = _known.get(id(server))
    if entry is None or not entry[2]:
        entry = _known[id(server)] = [identity("server", process.id, id(server), clock(), get_ident()), None, 0, _watch(server)]
    entry[2] += 1  # type: ignore[operator]
    return entry[0]  # type: ignore[return-value]


def _watch(server: object) -> "ref[object] | None":
    key = id(server)
    try:
        return ref(server, lambda _: _known.pop(key, None))
    except TypeError:  # a class that allows no weak references
        return None


def built(server: object) -> None:
    """A constructor of `server` has ended, by return or exception."""
    entry = _known.get(id(server))
    if entry is not None:
        entry[2] -= 1  # type: ignore[operator]
        server_id(server)


def server_id(server: object) -> int:
    """The id of `server`; its definition is written again if anything in it has changed."""
    entry = _known.get(id(server))
    if entry is None:  # built before the framework was traced
        begin(server)
        entry = _known[id(server)]
        entry[2] = 0
    try:
        definition = _describe(server)
    except Exception:  # such as a descriptor that the program has closed
        return entry[0]  # type: ignore[return-value]
    if definition != entry[1]:
        entry[1] = definition
        tell(type="server", id=entry[0], process=process.id, pid=process.pid, t=clock(), **definition)
    return entry[0]  # type: ignore[return-value]


def _describe(server: object) -> dict[str, object]:
    cls, handler = type(server), look_up(server, "RequestHandlerClass")
    definition: dict[str, object] = {
        "class": cls.__name__,
        "module": cls.__module__,
        "mro": _classes(cls),
        "handler": _name(handler),
        "handler_mro": _classes(within_partials(handler)),
        "address": address_text(look_up(server, "server_address")),
        "family": "",
        "kind": "",
        "descriptor": -1,
        "inode": 0,
        "settings": {name: value for name in SETTINGS if _is_setting(value := look_up(server, name))},
    }
    listener = look_up(server, "socket")
    if isinstance(listener, _Socket):
        definition["family"] = _FAMILIES.get(_family(listener), str(_family(listener)))
        definition["kind"] = "stream" if _type(listener) == _STREAM else "datagram"
        descriptor = definition["descriptor"] = _Socket.fileno(listener)
        if descriptor >= 0:
            definition["inode"] = os.fstat(descriptor).st_ino
    return definition


def _family(listener: _Socket) -> int:
    return _Socket.family.__get__(listener)  # type: ignore[no-any-return]


def _type(listener: _Socket) -> int:
    return _Socket.type.__get__(listener)  # type: ignore[no-any-return]


def _is_setting(value: object) -> bool:
    return type(value) in (int, bool, float, str)


def within_partials(handler: object) -> object:
    """The class (or factory) of which a partial one, or a partial of that, makes handlers."""
    while isinstance(handler, partial):
        handler = handler.func
    return handler


def _classes(cls: object) -> list[str]:
    """The names of the classes that a class is made of, but for `object`; none where it is no class."""
    return [_name(owner) for owner in cls.__mro__[:-1]] if isinstance(cls, type) else []


def _name(handler: object) -> str:
    return f"{handler.__module__}.{handler.__qualname__}" if isinstance(handler, type) else type(handler).__qualname__


def address_text(address: object) -> str:
    """An address as text, without running any code of the program's: a str subclass or an object of its own has none."""
    if type(address) is tuple and len(address) >= 2 and type(address[0]) is str and type(address[1]) is int:
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{host}:{address[1]}"
    if type(address) is str:
        return address
    if type(address) is bytes:
        return "@" + address[1:].decode("utf-8", "backslashreplace") if address[:1] == b"\0" else os.fsdecode(address)
    return "" if address is None else f"<{type(address).__name__}>"
