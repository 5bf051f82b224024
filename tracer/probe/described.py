"""Hooks that are no functions: a cached or partial method, a mock, a callable object, whatever else a class or an object may hold.

What stands for such a hook passes everything on to it, so that a program which asks it, or sets something on it, notices nothing.
"""

from .hooks import Hook
from .template import hide, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def can_stand_for(found: object) -> bool:
    """Whether `found`, the value of a hook in a class, can be called and is no property: those belong to the program alone."""
    kind = type(found)
    return (callable(found) or hasattr(kind, "__get__")) and not (hasattr(kind, "__set__") or hasattr(kind, "__delete__"))


def within(found: object) -> object:
    """What a static or class method holds; anything else itself."""
    return found.__func__ if isinstance(found, staticmethod | classmethod) else found


class Standing:
    """Stands for the callable object `real`, with a probe on its calls."""

    __slots__ = ("__weakref__", "_call", "real")

    def __init__(self, real: "Any", call: "Callable[..., object]") -> None:
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "_call", call)

    def __call__(self, /, *args: object, **kwargs: object) -> object:
        try:
            return self._call(self.real, *args, **kwargs)
        except BaseException as error:
            hide(error)
            raise

    @property  # type: ignore[misc]
    def __class__(self) -> "Any":
        return type(self.real)

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.real, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.real == (other.real if is_standing(other) else other))  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.real)

    def __repr__(self) -> str:
        return repr(self.real)

    def __dir__(self) -> list[str]:
        return dir(self.real)

    def __reduce_ex__(self, protocol: "Any") -> "Any":
        return self.real.__reduce_ex__(protocol)

    def __copy__(self) -> "Any":
        return self.real

    def __deepcopy__(self, memo: "Any") -> "Any":
        return self.real


class Described(Standing):
    """The same in a class: it binds as the real one does, and what comes out of that has a probe on it."""

    __slots__ = ("_bound", "_role")

    def __init__(self, real: "Any", hook: Hook, owner: str, module: str, role: type | None) -> None:
        super().__init__(real, probe(real, hook, owner, module, role, given=True))
        object.__setattr__(self, "_bound", stand(real, hook, owner, module))
        object.__setattr__(self, "_role", role)

    def __get__(self, item: object, cls: type | None = None) -> "Any":
        bind = getattr(type(self.real), "__get__", None)
        try:
            found = self.real if bind is None else bind(self.real, item, cls)
        except BaseException as error:
            hide(error)
            raise
        if item is None and found is self.real:
            return self
        if not callable(found) or (self._role is not None and not isinstance(item, self._role)):
            return found
        return Standing(found, self._call if item is None else self._bound)


def stand(real: "Any", hook: Hook, owner: str, module: str) -> "Callable[..., object]":
    """The probe for calls of `real`, or of what it is when it is bound."""
    return probe(real, hook, owner, module, bound=False, given=True)


def is_standing(item: object) -> bool:
    """Whether `item` is one of ours; it does not look so."""
    return issubclass(type(item), Standing)
