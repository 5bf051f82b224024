"""Seams: the system calls that the framework makes for itself.

The framework's functions find `os`, `threading` and the selector in their globals. There, and only there, stand-ins are put that have
probes on fork, waitpid, _exit, select and the life of a thread. Everything else goes through to the real module, in both directions:
a program that replaces `socketserver.os.fork` is still obeyed.
"""

from .hooks import HOOKS
from .stdlib import ModuleType
from .template import disguise, hide, probe
from .writer import FULL, local, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def put_into(spaces: "list[dict[str, Any]]") -> None:
    """Put the stand-ins into each of `spaces`, the globals of the framework's functions."""
    made: dict[int, object] = {}
    for space in spaces:
        for name, make in (("os", _Os), ("threading", _Threading), ("_ServerSelector", _patient)):
            real = space.get(name)
            if real is not None and not isinstance(real, _Seam):
                space[name] = made.setdefault(id(real), make(real))


class _Seam(ModuleType):
    """A module that is another one, except for what `stand_in` makes."""

    def __init__(self, real: "ModuleType") -> None:
        super().__init__(real.__name__, real.__doc__)
        for name in ("__spec__", "__loader__", "__package__"):  # the real one's, so that it also looks like it
            del vars(self)[name]
        vars(self).update(_real=real, _made={})
        for name in self.watched:  # now, not while a request waits
            getattr(self, name, None)

    def __getattr__(self, name: str) -> "Any":
        found = getattr(self._real, name)
        if name not in self.watched:
            return found
        real, stand_in = self._made.get(name, (None, None))
        if real is not found:
            try:
                stand_in = self.stand_in(name, found)
            except Exception:  # the program has put something there of which none can be made
                stand_in = found
            self._made[name] = (found, stand_in)
        return stand_in

    def __setattr__(self, name: str, value: object) -> None:
        for real, stand_in in self._made.values():
            if value is stand_in:  # a patch that is undone puts back what it had found here
                value = real
        setattr(self._real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._real, name)

    def __dir__(self) -> list[str]:
        return dir(self._real)

    watched: tuple[str, ...] = ()

    def stand_in(self, name: str, found: "Any") -> "Any":
        raise NotImplementedError


class _Os(_Seam):
    watched = ("fork", "waitpid", "_exit")

    def stand_in(self, name: str, found: "Any") -> "Any":
        return probe(found, HOOKS[name], "os")


class _Threading(_Seam):
    watched = ("Thread",)

    def stand_in(self, name: str, found: "Any") -> "Any":
        body = {method: probe(getattr(found, method), HOOKS[f"Thread.{method}"], found.__name__) for method in ("start", "run", "join")}
        return type(found)(found.__name__, (found,), {"__module__": found.__module__, "__qualname__": found.__qualname__, **body})


def _patient(real: "Any") -> "Any":
    """A selector class that writes the context's events before it sleeps, and only then: under load, batches form."""

    def select(self: "Any", timeout: float | None = None) -> "Any":
        try:
            ready = real.select(self, 0)
            if ready or (timeout is not None and timeout <= 0):
                if local.context is not None and len(local.context.batch) > 2 * FULL:
                    write(local.context)
                return ready
            if local.context is not None:
                write(local.context)
            return real.select(self, timeout)
        except BaseException as error:
            hide(error)
            raise

    disguise(select, real.select)  # the recording names the real one's file and line
    body = {"__module__": real.__module__, "__qualname__": real.__qualname__, "select": probe(select, HOOKS["select"], real.__name__)}
    return type(real)(real.__name__, (real,), body)
