"""The probe itself: a function goes in, the same function with a probe on it comes out.

The wrapper is made from text, one compilation a shape, so that nothing is decided, looked up twice or unpacked while a request waits:
a traced request passes a dozen wrappers. What a wrapper may not change: the call, what it returns or raises, the traceback (its own
frames are taken out of it), and how long a request lives (it keeps no reference once it has returned).
"""

import os
import socket  # a framework has imported it before us
from _functools import _lru_cache_wrapper, partial  # type: ignore[import-not-found]

from . import gate, payloads, process, servers, threads, writer
from .frames import ENTER, RAISE, RETURN, identity, word
from .hooks import OWN_SLOT, SLOT, Hook, is_framework
from .page import AFTER, ARMED, BEFORE
from .process import OURS, tell, traceback
from .stdlib import BuiltinFunctionType, FunctionType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TEMPLATE = """
def make(function, entered, returned, raised, role, slot):
    def wrapper({taken}):
        {guard}
        add = local.add
        if add is None:
            {outermost}
        {enter}
        try:
            try:
                if page[ARMED]:
                    arrive(entered, slot, BEFORE)
                    {released}
                {before}
                result = function({parameters})
            except BaseException as error:
                {after}
                told(add, raised, error)
                {ended}
                if page[ARMED]:
                    arrive(raised, slot, AFTER)
                raise
            {after}
            {leave}
            {ended}
            if page[ARMED]{here}:
                arrive(returned, slot, AFTER)
            return result
        except BaseException as error:
            hide(error)
            raise
    return wrapper
"""

#: The program calls: the span is an outermost one, and everything is written when control returns to the program.
_OUTERMOST = """enter()
            try:
                try:
                    return wrapper({given})
                finally:
                    leave()
            except BaseException as error:
                hide(error)
                raise"""

#: What the event carries (a row's `enter`) -> how it is recorded.
_ENTER = {
    "": "add((entered, clock()))",
    "constructor": "add((entered, clock(), SERVER, begin({self})))",
    "server": "add((entered, clock(), SERVER, server_id({self})))",
    "request": "add((entered, clock(), DESCRIPTOR, fileno({second})) if isinstance({second}, Socket)"
    " else (entered, clock(), REQUEST, id({second})))",
    "context": "add((entered, clock(), CONTEXT, {context}({self})))",
    "asked": "add((entered, clock(), PID, whole(args[0]), OPTIONS, whole(args[1])))",
    "status": "add((entered, clock(), STATUS, whole(args[0])))",
    "reply": "add((entered, clock(), *reply({second})))",
}
#: The same for a row's `leave`.
_LEAVE = {
    "": "add((returned, clock()))",
    "truth": "add((returned, clock(), TRUTH, result) if result is True or result is False else (returned, clock(), *truth(result)))",
    "connection": "told_connection(add, returned, result)",
    "request_line": "told_request_line(add, returned, {self})",
    "children": "add((returned, clock(), CHILDREN, len({self}.active_children or ())))",
    "threads": "add((returned, clock(), *kept_threads({self})))",
    "ready": "add((returned, clock(), READY, len(result)))",
    "pid": "result and add((returned, clock(), PID, result))",  # the child's copy of the call does not return to its context
    "reaped": "add((returned, clock(), PID, result[0], STATUS, result[1]))",
}


def hide(error: BaseException) -> None:
    """Take the frame that catches `error`, one of ours, out of its traceback, and those that it has called for itself: a signal's
    handler may have raised it there."""
    trace = traceback.__get__(error).tb_next
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(OURS):  # called at any depth: no room for a function
        trace = trace.tb_next
    traceback.__set__(error, trace)


_WRITE = "write(local.context)"
#: What is done before a call that may sleep, by hook (and class); `_WRITE` for the others of that kind. They ask for attributes
#: that the framework's own hook asks for itself.
_BEFORE = {
    # Others accept from the same listener, or it is wrapped (TLS): what select found may be gone, or only a beginning.
    "get_request": f"if process.listener_is_shared or {{self}}.socket.__class__ is not PlainSocket: {_WRITE}",
    # It builds the handler: what is no class, or has a constructor of its own, is the program's code.
    "finish_request": f"if not builds_plainly({{self}}): {_WRITE}",
    "BaseRequestHandler.finish": "pass",
    "StreamRequestHandler.finish": f"if {{self}}.wbufsize: {_WRITE}",
    # A datagram to a full Unix queue is waited for; to any other it is dropped.
    "DatagramRequestHandler.finish": f"if {{self}}.client_address.__class__ is not tuple: {_WRITE}",
    "waitpid": f"if not args[1] & WNOHANG: {_WRITE}",
    "select": "pass",  # it writes only when it is about to sleep, see seams.py
    "fork": "fork_begins()",
    # A hook may be set at any time, on a class or on the server itself.
    "serve_forever": "look_again({self})",
    "handle_request": "look_again({self})",
    "_handle_request_noblock": "look_again({self})",
}
#: What a class believes, told when its hook returns; the others keep no such count.
_BELIEFS = {"ForkingMixIn": "children", "ThreadingMixIn": "threads"}
_AFTER = {"__init__": "built({self})", "server_activate": "server_id({self})", "fork": "fork_ends()"}
#: The same where the program supplies the hook: it may have set others on the handler itself.
_AFTER_PROGRAMS = {"setup": "look_at({self})"}
#: What the second argument of a hook is called, where it is not positional, by what the hook's event carries.
_SECOND = {"request": "request", "reply": "code"}
_GUARD = {
    "waitpid": "if len(args) != 2 or kwargs: return function(*args, **kwargs)",
    "_exit": "if len(args) != 1: return function(*args, **kwargs)",
    "Thread.run": "begin_thread({self})",
}

_GLOBALS: dict[str, object] = {
    # what the wrappers use of this package
    **{name: getattr(writer, name) for name in (
        "local", "clock", "enter", "leave", "write", "fork_begins", "fork_ends",
    )},
    "process": process.process,
    **{name: getattr(payloads, name) for name in (
        "told", "told_connection", "told_request_line", "truth", "reply", "kept_threads",
        "whole", "fileno", "Socket", "DESCRIPTOR", "REQUEST", "TRUTH",
        "SERVER", "CONTEXT", "READY", "PID", "STATUS", "OPTIONS", "CHILDREN",
    )},
    **{name: getattr(servers, name) for name in ("begin", "built", "server_id")},
    **{name: getattr(threads, name) for name in ("begun", "awaited", "begin_thread")},
    "page": process.process.page.bytes, "ARMED": ARMED, "BEFORE": BEFORE, "AFTER": AFTER,
    **{name: getattr(gate, name) for name in ("arrive", "bequeath")},
    # and of Python
    "hide": hide, "PlainSocket": socket.socket,
    "WNOHANG": os.WNOHANG, "isinstance": isinstance, "id": id, "len": len, "tuple": tuple,
    "BaseException": BaseException, "__builtins__": __builtins__, "__name__": __name__,
}  # fmt: skip
#: A parameter of one of these names would hide what the wrapper needs: such a function gets the wrapper for any arguments.
_OWN_NAMES = {"function", "entered", "returned", "raised", "role", "slot", "wrapper", "add", "error", "result", "args", "kwargs"}

_PLAIN = (FunctionType, MethodType, BuiltinFunctionType)
_DEEPEST = 100  # decorators around one another: more are a circle

_told: set[int] = set()  # ids of codes that are defined
_ASYNCHRONOUS = 0x20 | 0x80 | 0x200  # CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
_STARRED = 0x0C  # CO_VARARGS | CO_VARKEYWORDS

_shapes: "dict[str, Callable[..., FunctionType]]" = {}


def provide(**named: object) -> None:
    """Let the wrappers use what they name in their text: this process's page, and functions that are built on this file."""
    _GLOBALS.update(named)


def _make(source: str) -> "Callable[..., FunctionType]":
    if source not in _shapes:
        space: dict[str, Callable[..., FunctionType]] = {}
        exec(compile(source, "<tracer>", "exec"), _GLOBALS, space)
        _shapes[source] = space["make"]
    return _shapes[source]


def probe(
    function: "Any",
    hook: Hook,
    owner: str,
    module: str = "",
    role: type | None = None,
    bound: bool = True,
    given: bool = False,
) -> "FunctionType":
    """`function` with a probe on it, as `hook` supplied by class `owner` of `module` (or by the system).

    `role` is given where `owner` may be used apart from servers or handlers: calls on objects of no such class are let through
    unseen. `bound` is False for a static method, which is not told whose it is. With `given` the probe is for whatever `function`
    becomes when it is bound: it takes what is to be called before the arguments.
    """
    system = hook.on == "system"
    framework = system or is_framework(module)
    names = None if given else _parameters(function)
    if names is None:
        parameters = "*args, **kwargs"
        keyword = _SECOND.get(hook.enter, "")
        names = ["(args[0] if args else kwargs.get('self'))", f"(args[1] if len(args) > 1 else kwargs.get({keyword!r}))"]
        if not bound:
            names = ["None", f"(args[0] if args else kwargs.get({keyword!r}))"]
    else:
        parameters = ", ".join(names)
        names = [*names, "None"] if bound else ["None", *names, "None"]
    after = ["" if framework else "local.add = add"]
    if bound:
        after += [_AFTER.get(hook.name, ""), "" if framework else _AFTER_PROGRAMS.get(hook.name, "")]
    belief = _BELIEFS.get(owner, "") if framework else ""
    passed = f"function, {parameters}" if given else parameters
    source = _TEMPLATE.format(
        parameters=parameters,
        taken=passed.replace("function,", "function, /,"),
        guard=f"if not isinstance({{self}}, role): return function({parameters})" if role else _GUARD.get(hook.name, "pass"),
        outermost=f"return function({parameters})" if system else _OUTERMOST.format(given=passed),
        enter=_ENTER["" if hook.enter == "server" and not bound else hook.enter],
        before=_before(hook, owner, framework),
        after="; ".join(filter(None, after)) or "pass",
        leave=_LEAVE[belief if hook.leave == "belief" else hook.leave],
        ended="leave()" if hook.name == "Thread.run" else "pass",
        released="bequeath({self})" if hook.name == "Thread.start" else "pass",
        here=" and result" if hook.name == "fork" else "",  # the child's own calls begin behind it
    )
    context = "awaited" if hook.name == "Thread.join" else "begun"
    source = source.replace("{self}", names[0]).replace("{second}", names[1]).replace("{context}", context)
    make = _make(source)
    code = _define(function, hook, owner, module, framework)
    wrapper = make(function, word(code, ENTER), word(code, RETURN), word(code, RAISE), role, SLOT.get(hook.name, OWN_SLOT))
    if not given:
        disguise(wrapper, function)
    return wrapper


def is_wrapper(function: object) -> bool:
    """Whether `function` came out of `probe`."""
    return isinstance(function, FunctionType) and function.__globals__ is _GLOBALS


def bare(function: "Any") -> "Any":
    """`function` without the probe on it, if there is one."""
    if not is_wrapper(function):
        return function
    return function.__closure__[function.__code__.co_freevars.index("function")].cell_contents


def is_asynchronous(function: object) -> bool:
    """Whether a call of `function` only makes a coroutine or generator, and the work is done later."""
    return isinstance(function, FunctionType) and bool(function.__code__.co_flags & _ASYNCHRONOUS)


def disguise(wrapper: "Any", function: "Callable[..., object]") -> None:
    """Make the wrapper look like the function. functools.wraps would be left behind in the program, and copies what changes."""
    if not isinstance(function, _PLAIN):
        wrapper.__wrapped__ = function
        return  # to ask an object of the program's for its name may run the program's code
    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__", "__type_params__"):
        if hasattr(function, name):
            setattr(wrapper, name, getattr(function, name))
    if not isinstance(function, FunctionType):
        wrapper.__wrapped__ = function
        return
    if wrapper.__code__.co_flags & _STARRED:  # it takes whatever comes, and none of these: they are for whoever looks
        wrapper.__defaults__, wrapper.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    if function.__dict__:
        wrapper.__dict__ = function.__dict__  # the same, not a copy: a counting decorator counts there
    else:
        wrapper.__wrapped__ = function


def innermost(function: "Any") -> object:
    """What a decorated, bound or partial function is in the end: its line is where the hook is to be read."""
    for _ in range(_DEEPEST):
        if is_wrapper(function):
            function = bare(function)
        elif type(function) is partial:
            function = function.func
        elif type(function) is MethodType:
            function = function.__func__
        elif type(function) is _lru_cache_wrapper or isinstance(function, FunctionType):
            if "__wrapped__" not in function.__dict__:
                break
            function = function.__dict__["__wrapped__"]
        else:
            break
    return function


def _parameters(function: "Callable[..., object]") -> list[str] | None:
    """The names of a function that takes nothing but plain, required parameters; else None."""
    if not isinstance(function, FunctionType) or function.__defaults__:
        return None
    code = function.__code__
    if code.co_flags & _STARRED or code.co_kwonlyargcount or code.co_posonlyargcount:
        return None
    names = list(code.co_varnames[: code.co_argcount])
    return None if not names or any(name in _OWN_NAMES or name in _GLOBALS for name in names) else names


def _before(hook: Hook, owner: str, framework: bool) -> str:
    """What is done between the enter event and the call: everything is written before the program's code runs or a call sleeps.

    While the program's code runs, no `add` is at hand: a hook that it calls is an outermost span again.
    """
    if not framework:
        return f"{_WRITE}; local.add = None"
    special = _BEFORE.get(f"{owner}.{hook.name}") or _BEFORE.get(hook.name)
    return special or (_WRITE if hook.waits else "pass")


def _define(function: "Callable[..., object]", hook: Hook, owner: str, module: str, framework: bool) -> int:
    """Write the definition of this code, before its wrapper can be called; its id."""
    inner = innermost(function)
    code = inner.__code__ if isinstance(inner, FunctionType) else None
    file = code.co_filename if code and os.path.isabs(code.co_filename) else ""  # noqa: PTH117
    line = code.co_firstlineno if code else 0
    name = inner.__qualname__ if isinstance(inner, FunctionType) else ""
    number = identity("code", hook.name, module, name, owner, file, line)
    if number not in _told:
        _told.add(number)
        tell(type="code", id=number, hook=hook.name, owner=owner, module=module, file=file, line=line, framework=framework)
    return number
