"""Wrapping: a probe on every hook of every class in the MRO of a server and of its handler class.

What stands in the `__dict__` of each class is replaced, so each level of a `super()` chain is a span of its own with the class that
supplied it. It is done when a server is built: a forked child has nothing left to wrap. What is set later, on a class or on an
object, is found when the next connection comes (see `look_again`).
"""

from _functools import partial  # type: ignore[import-not-found]
from _operator import attrgetter
from _weakref import ref

from . import named
from .described import Described, Standing, can_stand_for, is_standing, stand, within
from .hooks import FAMILIES, METHODS, Hook, is_framework
from .process import give_up, process
from .seams import put_into
from .servers import look_up, lying_in, within_partials
from .stdlib import FunctionType, GetSetDescriptorType, MethodType, ModuleType
from .template import bare, disguise, hide, innermost, is_asynchronous, is_wrapper, probe, provide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ASK: object = type.__getattribute__
_bases: dict[str, list[type]] = {"server": [], "handler": []}  # BaseServer and BaseRequestHandler of each framework that is there


class _Met:
    """A class that was met. It keeps nothing alive: a class that a program makes for one request must go as it came."""

    __slots__ = ("__weakref__", "find", "found", "missing", "names", "reference", "space_of", "standing", "steady")

    def __init__(self, cls: type) -> None:
        self.reference = ref(cls, partial(_forget, id(cls)))
        self.standing: dict[str, ref[Any]] = {}  # hook -> what we put there
        # The rest is for classes of which there are objects, see `note`.
        self.names: frozenset[str] = frozenset()  # hooks that such an object may have
        self.find: Callable[[Any], object] = id  # asks the class for its hooks
        self.found: int | None = None  # hash of what it then said; None: it must be asked anew
        self.steady: list[ref[Any]] = []  # what it then said: where one of them goes, its number may be another's
        self.missing: tuple[str, ...] = ()  # hooks that it had not
        self.space_of: Callable[[object], dict[str, object]] | None = None  # an object's own attributes; None: they have none

    def note(self, cls: type, kin: dict[str, type]) -> None:
        """Note what the class looks like now, so that a change is noticed cheaply."""
        names = [name for name, hook in METHODS.items() if hook.family in kin and name != "__init__"]
        self.names = frozenset(names)
        lying = {name: lying_in(cls, name) for name in names}
        # Of plain functions alone: to ask for anything else may run the program's code, or make a new object each time.
        steady = {name: item for name, item in lying.items() if isinstance(item, FunctionType)} if _is_plain(type(cls)) else {}
        self.find = attrgetter(*steady) if steady else _nothing
        self.missing = tuple(name for name, item in lying.items() if steady and item is None and METHODS[name].family in FAMILIES)
        self.found = hash(self.find(cls))
        self.steady = [ref(item, self._lose) for item in steady.values()]
        spaces = [owner.__dict__["__dict__"] for owner in cls.__mro__ if "__dict__" in owner.__dict__]
        self.space_of = spaces[-1].__get__ if spaces and isinstance(spaces[-1], GetSetDescriptorType) else None

    def _lose(self, reference: "ref[Any]") -> None:
        self.found = None

    def is_as_it_was(self, cls: type) -> bool:
        """Whether the class has the hooks that it had."""
        if self.found is None or hash(self.find(cls)) != self.found or self.reference() is not cls:
            return False
        return not self.missing or not any(hasattr(cls, name) for name in self.missing)


_met: dict[int, _Met] = {}  # by id(class)


def _forget(key: int, reference: "ref[type]") -> None:
    if key in _met and _met[key].reference is reference:
        del _met[key]


def _is_plain(metaclass: type) -> bool:
    """Whether to ask one of its classes for an attribute runs no code of the metaclass's."""
    if metaclass.__getattribute__ is not _ASK or hasattr(metaclass, "__getattr__"):
        return False
    return not any(METHODS.keys() & owner.__dict__.keys() - {"__init__"} for owner in metaclass.__mro__[:-1])


def _nothing(cls: type) -> None:
    return None


def meet(cls: type, on: str) -> None:
    """Wrap the hooks in every class of `cls`'s MRO that are not wrapped yet. `on` is "server" or "handler"."""
    try:
        kin = {on: _base_of(cls, on)} | {owner.__name__: owner for owner in cls.__mro__ if _is_of_a_family(owner)}
        for owner in cls.__mro__[:-1]:
            _wrap_class(owner, kin)
        _met[id(cls)].note(cls, kin)
        named.look()
    except RecursionError:  # the program's own: at the next connection it may be over
        return
    except Exception:  # a class can be anything; the program goes on
        give_up()


def _base_of(cls: type, on: str) -> type:
    """The framework's own class that `cls` derives from: a handler of http.server may be served by a server of the other framework."""
    return next((base for base in _bases[on] if base in cls.__mro__), _bases[on][-1])


def _is_of_a_family(owner: type) -> bool:
    """Whether the class is one of FAMILIES; `python -m http.server` has it in __main__."""
    module = owner.__module__
    if module == "__main__":
        module = named.module_of_main()
    return owner.__name__ in FAMILIES and FAMILIES[owner.__name__] == module


def look_again(item: object, on: str = "server") -> None:
    """Wrap what was set on the class of `item`, or on `item` itself, since its class was met. It is asked for every connection."""
    cls = type(item)
    try:
        same = _met[id(cls)].is_as_it_was(cls)
    except Exception:  # it was not met, or has something odd for a hook now
        same = False
    if not same:
        meet(cls, on)
    elif named.wanted:
        named.look()
    look_at(item)


def look_at(item: object) -> None:
    """Wrap the hooks that were set on `item` itself."""
    try:
        met = _met.get(id(type(item)))
        if met is not None and met.space_of is not None and not met.names.isdisjoint(space := met.space_of(item)):
            for name in met.names & space.keys():
                _wrap_own(type(item), space, name)
    except RecursionError:
        return
    except Exception:
        give_up()


def _wrap_own(cls: type, space: dict[str, object], name: str) -> None:
    value: Any = space[name]
    function = value.__func__ if isinstance(value, MethodType) else value
    if not callable(value) or is_wrapper(function) or is_standing(value) or is_asynchronous(function):
        return
    module = getattr(inner, "__module__", "") if isinstance(inner := innermost(value), FunctionType) else ""
    owner, module = f"{cls.__name__} object", module or ""
    if isinstance(value, FunctionType):
        space[name] = probe(value, METHODS[name], owner, module, bound=False)
    else:
        space[name] = Standing(value, stand(value, METHODS[name], owner, module))


def _wrap_class(owner: type, kin: dict[str, type]) -> None:
    met = _met.get(id(owner))
    if met is None or met.reference() is not owner:
        met = _met[id(owner)] = _Met(owner)
    module = owner.__module__ if isinstance(owner.__module__, str) else ""
    framework = is_framework(module)
    for name, hook in METHODS.items():
        if name not in owner.__dict__ or hook.family not in kin or (name == "__init__" and not framework):
            continue
        found = owner.__dict__[name]
        if name in met.standing and met.standing[name]() is within(found):
            continue
        # A mix-in's method may be called on objects that are no servers or handlers.
        role = None if framework or issubclass(owner, kin[hook.family]) else kin[hook.family]
        standing = _wrapped(found, hook, owner.__name__, module, role)
        if standing is not None:
            met.standing[name] = ref(within(standing))
            type.__setattr__(owner, name, standing)


def _wrapped(found: object, hook: Hook, owner: str, module: str, role: type | None) -> object:
    """What is to stand in a class for `found`; None if nothing can."""
    kind = type(found)
    function: Any = within(found)
    if is_standing(function):
        function = function.real
    function = bare(function)  # without the probe of another class: here it is this class that supplies it
    if is_asynchronous(function):
        return None  # the call only makes a coroutine or generator: to show that as the work would be untrue
    if kind in (staticmethod, classmethod):
        bound = kind is classmethod
        return kind(probe(function, hook, owner, module, role if bound else None, bound)) if callable(function) else None
    if isinstance(function, FunctionType):
        return probe(function, hook, owner, module, role)
    return Described(function, hook, owner, module, role) if can_stand_for(function) else None


# ---- a framework module


def instrument(module: "ModuleType") -> None:
    """Put probes on the framework in `module`, which was imported this moment, before any class derives from its classes."""
    provide(page=process.page.bytes)
    server, handler = module.BaseServer, module.BaseRequestHandler
    _bases["server"].append(server)
    _bases["handler"].append(handler)
    owners = {name for hook in METHODS.values() for name in hook.defined}
    classes = [cls for name, cls in vars(module).items() if name in owners or _is_class_of(cls, (server, handler))]
    spaces = [vars(module)]
    for cls in classes:
        for item in vars(cls).values():
            space = getattr(item, "__globals__", None)
            if space is not None and not is_wrapper(item) and not any(space is known for known in spaces):
                spaces.append(space)
    for cls in classes:
        on, base = ("handler", handler) if issubclass(cls, handler) else ("server", server)
        _wrap_class(cls, {on: base})
    put_into(spaces)
    provide(look_again=look_again, look_at=look_at, builds_plainly=_builds_plainly)
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
            hide(error)
            raise
        handler = within_partials(look_up(self, "RequestHandlerClass"))
        if isinstance(handler, type):
            meet(handler, "handler")

    _put_constructor(base, __init__, construct)


#: The constructors of handlers that are the framework's own.
_plain_constructors: "set[Callable[..., None]]" = set()


def _builds_plainly(server: object) -> bool:
    """Whether finish_request, in building the handler, runs nothing of the program's but hooks."""
    handler = look_up(server, "RequestHandlerClass")
    return isinstance(handler, type) and _is_plain(type(handler)) and lying_in(handler, "__init__") in _plain_constructors


def _meet_handlers_of(base: type) -> None:
    """Meet every class of which a handler is built: what a factory makes is known only then."""
    construct = base.__dict__["__init__"]

    def __init__(self, request, client_address, server):  # type: ignore[no-untyped-def]  # noqa: N807
        look_again(self, "handler")
        try:
            construct(self, request, client_address, server)
        except BaseException as error:
            hide(error)
            raise

    _put_constructor(base, __init__, construct)
    _plain_constructors.add(__init__)


def _put_constructor(base: type, replacement: "Callable[..., None]", construct: "Callable[..., None]") -> None:
    """Put a constructor around the one that may have a probe on it; it is no hook itself and is not to be wrapped again."""
    disguise(replacement, construct)
    type.__setattr__(base, "__init__", replacement)
    _met[id(base)].standing["__init__"] = ref(replacement)
