"""Hooks that are no functions: a cached or partial method, a callable object, whatever else a class may hold."""

from .hooks import Hook
from .template import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def can_stand_for(found: object) -> bool:
    """Whether `found`, the value of a hook in a class, can be called and is no property: those belong to the program alone."""
    kind = type(found)
    return (callable(found) or hasattr(kind, "__get__")) and not (hasattr(kind, "__set__") or hasattr(kind, "__delete__"))


class Described:
    """Stands in a class for such a hook: it binds as that does, and what comes out of it has a probe on it."""

    def __init__(self, real: "Any", hook: Hook, owner: str, module: str, role: type | None) -> None:
        self.real = real
        self._role = role
        self._bound = prepare(real, hook, owner, module, None, bound=False)
        self._free = prepare(real, hook, owner, module, role, bound=True)

    def __get__(self, item: object, cls: type | None = None) -> "Any":
        bind = getattr(type(self.real), "__get__", None)
        try:
            found = self.real if bind is None else bind(self.real, item, cls)
        except BaseException as error:
            _hide(error)
            raise
        if item is None and found is self.real:
            return self
        if not callable(found) or (self._role is not None and not isinstance(item, self._role)):
            return found
        return self._free(found) if item is None else self._bound(found)

    def __call__(self, *args: object, **kwargs: object) -> object:
        call: Callable[..., object] = self._free(self.real)
        try:
            return call(*args, **kwargs)
        except BaseException as error:
            _hide(error)
            raise

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.real, name)


def _hide(error: BaseException) -> None:
    """Take our frame out of the traceback."""
    error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
