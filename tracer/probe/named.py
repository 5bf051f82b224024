"""The program's own methods as hooks: those that somebody named with `--hook MODULE:CLASS.METHOD`.

They are looked for when their module has been imported. The script itself is `__main__`, whose classes come into being as it runs:
they are looked for when a server is built. A method is wrapped in every class that supplies it, but is a hook of the named class alone.
"""

import sys

from .described import within
from .hooks import METHODS, Hook
from .process import tell
from .stdlib import FunctionType
from .template import is_asynchronous, is_wrapper, probe


class _Named(Hook):
    """A row for a method of the program's."""

    __slots__ = ()

    @property
    def on(self) -> str:
        """It is neither a server's nor a handler's."""
        return "program"


#: What was asked for and has not been found yet: (module, class, method) -> why, as far as it was told.
wanted: dict[tuple[str, str, str], str] = {}


def want(names: str) -> None:
    """Look for these methods from now on: MODULE:CLASS.METHOD, with spaces between them."""
    for name in names.split():
        module, _, path = name.partition(":")
        cls, _, method = path.rpartition(".")
        wanted[module, cls, method] = ""


def look() -> None:
    """Wrap what is to be found by now, and tell of what is not."""
    for (module, path, method), told in [*wanted.items()]:
        space = _space(module)
        if space is None:
            continue
        why = _look_in(space, path, method)
        if not why:
            del wanted[module, path, method]
        elif why != told:
            wanted[module, path, method] = why
        if why != told or not why:
            tell(type="named", name=f"{module}:{path}.{method}", why=why)


def _look_in(space: "dict[str, object]", path: str, method: str) -> str:
    """Wrap the method; why it cannot be, or "" if it is."""
    cls: object = None
    for name in path.split("."):
        cls = space.get(name)
        if not isinstance(cls, type):
            return "no class"
        space = dict(vars(cls))
    return _wrap(cls, path, method)  # type: ignore[arg-type]


def _space(module: str) -> "dict[str, object] | None":
    """What stands in that module; None if it was not imported. `__main__` is known by the name of its file, or after -m, too."""
    found = sys.modules.get(module)
    if found is None:
        found = sys.modules.get("__main__")
        file = getattr(found, "__file__", None)
        stem = file.rpartition("/")[2].removesuffix(".py") if type(file) is str else ""
        if module not in (stem, module_of_main()):
            return None
    return vars(found) if found is not None else None


def module_of_main() -> str:
    """The name of the module that was started with -m; "" for a script."""
    name: str = getattr(getattr(sys.modules.get("__main__"), "__spec__", None), "name", "")
    return name


def _wrap(cls: type, path: str, method: str) -> str:
    """Put a probe on the method in every class of the MRO that has it; why that cannot be, or ""."""
    hook = _Named(f"{path}.{method}", (path,), "", "Called by the program.", "")
    why = "no method"
    for owner in cls.__mro__[:-1]:
        found = owner.__dict__.get(method)
        if found is None:
            continue
        function: object = within(found)
        kind = type(found) if function is not found else None
        if not isinstance(function, FunctionType) or is_asynchronous(function):
            return "not a function"
        why = ""
        module = owner.__module__ if type(owner.__module__) is str else ""
        if not (is_wrapper(function) and method in METHODS):  # else it is a hook of the framework's, and has its probe
            role = None if owner is cls or kind else cls
            wrapper = probe(function, hook, owner.__name__, module, role, kind is not staticmethod)
            # An inherited class or static method does not know for whom it is called: it becomes the named class's own.
            type.__setattr__(cls if kind else owner, method, kind(wrapper) if kind else wrapper)
        if kind:
            break
    return why
