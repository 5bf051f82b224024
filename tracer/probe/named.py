"""The program's own methods as hooks: those that somebody named with `--hook MODULE:CLASS.METHOD`.

They are looked for when their module has been imported. The script itself is `__main__`, whose classes come into being as it runs:
they are looked for when a server is built. A method is wrapped in every class that supplies it, but is a hook of the named class alone.
"""

import sys

from .hooks import Hook
from .process import tell
from .template import is_wrapper, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
else:
    FunctionType = type(tell)


class _Named(Hook):
    """A row for a method of the program's."""

    __slots__ = ()

    @property
    def on(self) -> str:
        """It is neither a server's nor a handler's."""
        return "program"


#: What was asked for and has not been found yet: (module, class, method).
_wanted: list[tuple[str, str, str]] = []


def want(names: str) -> None:
    """Look for these methods from now on: MODULE:CLASS.METHOD, with spaces between them."""
    for name in names.split():
        module, _, path = name.partition(":")
        cls, _, method = path.rpartition(".")
        _wanted.append((module, cls, method))


def look() -> None:
    """Wrap what is to be found by now."""
    for wanted in _wanted[:]:
        module, path, method = wanted
        cls: object = None
        space = _space(module)
        for name in path.split("."):
            cls = space.get(name)
            space = dict(vars(cls)) if isinstance(cls, type) else {}
        if isinstance(cls, type) and _wrap(cls, path, method):
            _wanted.remove(wanted)
            tell(type="named", name=f"{module}:{path}.{method}")


def _space(module: str) -> "dict[str, object]":
    """What stands in that module; of `__main__` also by the name of its file, or the one that follows -m."""
    found = sys.modules.get(module)
    if found is None:
        main = sys.modules.get("__main__")
        known = vars(main) if main is not None else {}
        file = known.get("__file__")
        stem = file.rpartition("/")[2].removesuffix(".py") if type(file) is str else ""
        if module not in (stem, getattr(known.get("__spec__"), "name", "")):
            return {}
        found = main
    return vars(found) if found is not None else {}


def _wrap(cls: type, path: str, method: str) -> bool:
    """Put a probe on the method in every class of the MRO that has it; whether any has."""
    hook = _Named(f"{path}.{method}", (path,), "", "Called by the program.", "")
    seen = False
    for owner in cls.__mro__[:-1]:
        found = owner.__dict__.get(method)
        kind = type(found) if isinstance(found, staticmethod | classmethod) else None
        function = found.__func__ if kind else found  # type: ignore[union-attr]
        if not isinstance(function, FunctionType):
            continue
        seen = True
        if is_wrapper(function):  # a hook of the framework's, too
            continue
        module = owner.__module__ if type(owner.__module__) is str else ""
        wrapper = probe(function, hook, owner.__name__, module, None if owner is cls or kind else cls, kind is not staticmethod)
        type.__setattr__(owner, method, kind(wrapper) if kind else wrapper)
    return seen
