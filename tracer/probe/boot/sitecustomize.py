"""Runs at the start of every interpreter of a traced run, because its folder is on PYTHONPATH.

It waits for the program to import one of the two frameworks and then loads the probe; an interpreter that never imports them pays for
this file alone. It leaves no trace the program could stumble over: its folder goes from sys.path (the environment keeps it, for
interpreters started later), and the program's own sitecustomize runs as if this one were not there.
"""

import sys

_FRAMEWORKS = ("socketserver", "tracer.socketserver")
_VERSIONS = ((3, 11), (3, 12), (3, 13))
_HERE = __file__.rpartition("/")[0]
_PROBE = _HERE.rpartition("/")[0]


class _Watch:
    """A finder that finds nothing itself: it puts a loader before that of a framework's module, or of one that has a named hook."""

    def __init__(self, pid, hooks):  # type: ignore[no-untyped-def]
        self.pid = pid  # of the process that the interpreter was started in; it may have forked since
        self.hooks = hooks
        self.modules = set(_FRAMEWORKS) | set(hook.partition(":")[0] for hook in hooks.split())  # noqa: C401 - any Python reads this

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name not in self.modules:
            return None
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else []
        for finder in behind:
            find = getattr(finder, "find_spec", None)  # there may be older ones, which Python does not ask either
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec, self)
                return spec
        return None


class _Loader:
    """Loads as the real loader does, gives the module back to it, and puts the probes on."""

    def __init__(self, spec, watch):  # type: ignore[no-untyped-def]
        self.spec = spec
        self.real = spec.loader
        self.watch = watch

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return self.real.create_module(spec)

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        module.__loader__ = module.__spec__.loader = self.real
        self.real.exec_module(module)
        _probe(module, self.watch)

    def get_code(self, name):  # type: ignore[no-untyped-def]
        """`python -m` runs the code itself, and shows the loader to the program."""
        self.spec.loader = self.real
        return self.real.get_code(name)

    def __getattr__(self, name):  # type: ignore[no-untyped-def]
        return getattr(self.real, name)


# The import system leaves its own frames out of tracebacks, and warnings pass over them: this one is to be taken for one of them.
if sys.version_info[:2] in _VERSIONS:
    _Loader.exec_module.__code__ = _Loader.exec_module.__code__.replace(
        co_filename="<frozen importlib._bootstrap>", co_name="_call_with_frames_removed"
    )


def _probe(module, watch):  # type: ignore[no-untyped-def]
    """Put probes on `module`, which was imported this moment. Never raises."""
    import os

    name = module.__name__
    page = os.environ.get("TRACER_PAGE", "")
    try:
        if name in _FRAMEWORKS:
            if "_tracer_probe" not in sys.modules:
                _load_probe()
            from _tracer_probe import gate
            from _tracer_probe.named import look, want
            from _tracer_probe.process import process
            from _tracer_probe.wrap import instrument
            from _tracer_probe.writer import start

            if not process.on:
                if not start(os.environ["TRACER_RECORDING"], page, watch.pid):
                    return
                gate.begin()
                want(watch.hooks)
            instrument(module)
            look()
        elif "_tracer_probe" in sys.modules:
            from _tracer_probe.named import look

            look()
    except Exception:  # the program goes on untraced
        _give_up(page)


def _load_probe():  # type: ignore[no-untyped-def]
    """Load the probe under a name no program has, from its own folder."""
    from _frozen_importlib import _load
    from _frozen_importlib_external import spec_from_file_location

    if sys.implementation.name != "cpython" or sys.version_info[:2] not in _VERSIONS:
        raise NotImplementedError
    _load(spec_from_file_location("_tracer_probe", _PROBE + "/__init__.py", submodule_search_locations=[_PROBE]))


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


def _count(path):  # type: ignore[no-untyped-def]
    """Tell the supervisor that an interpreter came up: one byte more behind the page."""
    import os

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(descriptor, b".")
        finally:
            os.close(descriptor)
    except Exception:  # it may not go there, or write no files, or is a Python 2
        return


def _begin():  # type: ignore[no-untyped-def]
    sys.path[:] = [folder for folder in sys.path if folder != _HERE]
    mine = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401  # the program's own, if it has one
    finally:
        import os

        sys.modules.setdefault("sitecustomize", mine)  # the import system looks for it once more
        _count(os.environ.get("TRACER_PAGE", ""))
        watch = _Watch(os.getpid(), os.environ.get("TRACER_HOOKS", ""))
        if sys.version_info >= (3, 4):  # noqa: UP036 - an interpreter that is no 3.11 and could not even ask it
            sys.meta_path.insert(0, watch)
        for name in _FRAMEWORKS:
            if name in sys.modules:
                _probe(sys.modules[name], watch)


# If the program has no sitecustomize, the ImportError that says so goes on to `site`, which expects it; this module is then
# forgotten as if it had never been found. What the program's own raises is reported there too, as it would have been without us.
_begin()
