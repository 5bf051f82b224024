"""Wrapping: a probe on every hook of every class in the MRO of a server and of its handler class.

The functions in the `__dict__` of each class are replaced, so each level of a `super()` chain is a span of its own with the class
that supplied it. It is done when a server is built: a forked child has nothing left to wrap.
"""

from _functools import partial  # type: ignore[import-not-found]
from _weakref import ref

from .hooks import METHODS, is_framework
from .process import give_up
from .seams import put_into
from .servers import look_up
from .template import disguise, is_wrapper, plain_constructors, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType, ModuleType
else:
    FunctionType = type(lambda: None)

_bases: dict[str, type] = {}
#: id(class) -> [weak reference to it, name -> id of the wrapper we put there]. Weak, and ids only: a class that a program makes
#: for one request must go as it came.
_met: "dict[int, tuple[ref[type], dict[str, int]]]" = {}


def meet(cls: type, on: str) -> None:
    """Wrap the hooks in every class of `cls`'s MRO that are not wrapped yet. `on` is "server" or "handler"."""
    try:
        for owner in cls.__mro__[:-1]:
            _wrap_class(owner, on)
    except Exception:  # a class can be anything; the program goes on
        give_up()


def is_met(cls: type) -> bool:
    """Whether `cls` was met; cheap, it is asked for every request."""
    known = _met.get(id(cls))
    return known is not None and known[0]() is cls


def _wrap_class(owner: type, on: str) -> None:
    if not is_met(owner):
        _met[id(owner)] = (ref(owner, partial(_forget, id(owner))), {})
    wrappers = _met[id(owner)][1]
    module = owner.__module__ if isinstance(owner.__module__, str) else ""
    framework = is_framework(module)
    role = None if framework or issubclass(owner, _bases[on]) else _bases[on]
    for name, hook in METHODS.items():
        if name not in owner.__dict__ or hook.on != on or (name == "__init__" and not framework):
            continue
        found = owner.__dict__[name]
        kind = type(found) if isinstance(found, staticmethod | classmethod) else None
        function = found.__func__ if kind else found
        if not isinstance(function, FunctionType) or wrappers.get(name) == id(function):
            continue
        if is_wrapper(function):
            function = function.__wrapped__  # type: ignore[attr-defined]  # an alias: here it is this class that supplies it
        bound = kind is not staticmethod
        wrapper = probe(function, hook, owner.__name__, module, role if bound else None, bound)
        wrappers[name] = id(wrapper)
        type.__setattr__(owner, name, kind(wrapper) if kind else wrapper)


def _forget(key: int, reference: "ref[type]") -> None:
    if key in _met and _met[key][0] is reference:
        del _met[key]


# ---- a framework module


def instrument(module: "ModuleType") -> None:
    """Put probes on the framework in `module`, which was imported this moment, before any class derives from its classes."""
    server, handler = module.BaseServer, module.BaseRequestHandler
    _bases["server"], _bases["handler"] = server, handler
    owners = {name for hook in METHODS.values() for name in hook.defined}
    classes = [cls for name, cls in vars(module).items() if name in owners or _is_class_of(cls, (server, handler))]
    spaces = [vars(module)]
    for cls in classes:
        for item in vars(cls).values():
            space = getattr(item, "__globals__", None)
            if space is not None and not is_wrapper(item) and not any(space is known for known in spaces):
                spaces.append(space)
    for cls in classes:
        _wrap_class(cls, "handler" if issubclass(cls, handler) else "server")
    put_into(spaces)
    _meet_servers_of(server)
    _meet_handlers_of(handler)


def _is_class_of(item: object, bases: tuple[type, ...]) -> bool:
    return isinstance(item, type) and issubclass(item, bases)


def _meet_servers_of(base: type) -> None:
    """Meet every class of which a server is built, and the handler class it is given."""
    construct = base.__dict__["__init__"]

    def __init__(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: N807
        meet(type(self), "server")
        try:
            construct(self, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise
        handler = look_up(self, "RequestHandlerClass")
        while isinstance(handler, partial):
            handler = handler.func
        if isinstance(handler, type):
            meet(handler, "handler")

    _put_constructor(base, __init__, construct)


def _meet_handlers_of(base: type) -> None:
    """Meet every class of which a handler is built: what a factory makes is known only then."""
    construct = base.__dict__["__init__"]

    def __init__(self, request, client_address, server):  # type: ignore[no-untyped-def]  # noqa: N807
        if not is_met(self.__class__):
            meet(type(self), "handler")
        try:
            construct(self, request, client_address, server)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise

    _put_constructor(base, __init__, construct)
    plain_constructors.add(__init__)


def _put_constructor(base: type, replacement: "Callable[..., None]", construct: "Callable[..., None]") -> None:
    """Put a constructor around the one that may have a probe on it; it is no hook itself and is not to be wrapped again."""
    disguise(replacement, construct)
    type.__setattr__(base, "__init__", replacement)
    _met[id(base)][1]["__init__"] = id(replacement)
