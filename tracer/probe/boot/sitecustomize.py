"""Runs at the start of every interpreter of a traced run, because its folder is on PYTHONPATH.

It waits for the program to import one of the two frameworks and then loads the probe; an interpreter that never imports them pays for
this file alone. It leaves no trace the program could stumble over: its folder goes from sys.path (the environment keeps it, for
interpreters started later), and the program's own sitecustomize runs as if this one were not there.
"""

import sys

_FRAMEWORKS = ("socketserver", "tracer.socketserver")
_HERE = __file__.rpartition("/")[0]
_PROBE = _HERE.rpartition("/")[0]


class _Watch:
    """A finder that finds nothing itself: it puts a loader before that of the framework's module."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name not in _FRAMEWORKS:
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        spec.loader = _Loader(spec.loader)
                    return spec
        return None


class _Loader:
    """Loads as the real loader does, gives the module back to it, and puts the probes on."""

    def __init__(self, real):  # type: ignore[no-untyped-def]
        self.real = real

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return self.real.create_module(spec)

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        module.__loader__ = module.__spec__.loader = self.real
        self.real.exec_module(module)
        _probe(module)

    def __getattr__(self, name):  # type: ignore[no-untyped-def]
        return getattr(self.real, name)


def _probe(module):  # type: ignore[no-untyped-def]
    """Load the probe under a name no program has, from its own folder, and put it on `module`. Never raises."""
    import os
    from _frozen_importlib import _load
    from _frozen_importlib_external import spec_from_file_location

    try:
        if "_tracer_probe" not in sys.modules:
            _load(spec_from_file_location("_tracer_probe", _PROBE + "/__init__.py", submodule_search_locations=[_PROBE]))
        from _tracer_probe.process import process
        from _tracer_probe.wrap import instrument
        from _tracer_probe.writer import start

        if process.on or start(os.environ["TRACER_RECORDING"], os.environ.get("TRACER_PAGE", "")):
            instrument(module)
    except Exception:  # the program goes on untraced
        _give_up(os.environ.get("TRACER_PAGE", ""))


def _give_up(path):  # type: ignore[no-untyped-def]
    """Tell the supervisor, in the page, that a process is not traced. Nothing of ours may be needed: it may be what has failed."""
    try:
        with open(path, "r+b", buffering=0) as page:
            page.seek(2)  # FAILED, see page.py
            count = page.read(1)
            page.seek(2)
            page.write(bytes([(count[0] + 1) % 256]))
    except Exception:
        return


def _begin():  # type: ignore[no-untyped-def]
    sys.path[:] = [folder for folder in sys.path if folder != _HERE]
    mine = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401  # the program's own, if it has one
    finally:
        sys.modules.setdefault("sitecustomize", mine)  # the import system looks for it once more
        if sys.version_info >= (3, 4):  # noqa: UP036 - an interpreter that is no 3.11 and could not even ask it
            sys.meta_path.insert(0, _Watch())
        for name in _FRAMEWORKS:
            if name in sys.modules:
                _probe(sys.modules[name])


# If the program has no sitecustomize, the ImportError that says so goes on to `site`, which expects it; this module is then
# forgotten as if it had never been found. What the program's own raises is reported there too, as it would have been without us.
_begin()
