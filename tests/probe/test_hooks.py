"""The hook table against both frameworks."""

import http.server
import importlib
import inspect
import os
import re
import string
import threading

import pytest

from tests.probe.kit import FRAMEWORKS
from tracer.probe import template
from tracer.probe.frames import PAYLOADS
from tracer.probe.hooks import FAMILIES, HOOKS, METHODS, STAGES

#: What BaseServer's docstring lists as methods for the caller and methods that may be overridden, what the mix-ins add, and the
#: handler's three. `get_request` is among them: TCPServer defines it, BaseServer only calls it.
FOR_THE_CALLER = {"__init__", "serve_forever", "shutdown", "handle_request", "fileno"}
OVERRIDABLE = {
    "server_bind", "server_activate", "get_request", "handle_timeout", "verify_request", "server_close", "process_request",
    "shutdown_request", "close_request", "service_actions", "handle_error", "finish_request",
}  # fmt: skip
OF_MIX_INS = {"collect_children", "process_request_thread"}
OF_HANDLERS = {"setup", "handle", "finish"}
OF_HTTP = {"handle_one_request", "parse_request", "log_request"}
HTTP_METHODS = {f"do_{method}" for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
OF_FAMILIES = OF_HTTP | HTTP_METHODS
SYSTEM_CALLS = {"select", "fork", "waitpid", "_exit", "Thread.start", "Thread.run", "Thread.join"}


def classes(framework, on):
    """The framework's classes that have hooks: servers and mix-ins, or handlers."""
    if on == "handler":
        return _derived(framework, framework.BaseRequestHandler)
    return [*_derived(framework, framework.BaseServer), framework.ForkingMixIn, framework.ThreadingMixIn]


def _derived(framework, base):
    return [one for one in vars(framework).values() if isinstance(one, type) and issubclass(one, base)]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_row_names_real_methods_and_no_other(name):
    """For each row, the classes of the module that have that method in their own `__dict__` are those that it names."""
    framework = importlib.import_module(name)
    for hook in METHODS.values():
        if hook.name in OF_FAMILIES:
            continue
        have = [one for one in classes(framework, hook.on) if inspect.isfunction(vars(one).get(hook.name))]
        assert {one.__name__ for one in have} == set(hook.defined), hook


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_overridable_method_has_a_row(name):
    """The public methods of the module's classes are the rows that are no system calls; a row says rightly who may override it."""
    framework = importlib.import_module(name)
    every = [*classes(framework, "server"), *classes(framework, "handler")]
    found = {method for one in every for method, item in vars(one).items() if inspect.isfunction(item) and not method.startswith("_")}
    assert found == set(METHODS) - {"__init__", "_handle_request_noblock"} - OF_FAMILIES
    assert set(METHODS) == FOR_THE_CALLER | OVERRIDABLE | OF_MIX_INS | OF_HANDLERS | OF_FAMILIES | {"_handle_request_noblock"}
    assert set(HOOKS) - set(METHODS) == SYSTEM_CALLS
    refused = {hook.name for hook in METHODS.values() if hook.override.startswith("No:")}
    assert refused == {"handle_request", "_handle_request_noblock", "shutdown"}
    promised = {hook.name for hook in METHODS.values() if hook.override.startswith(("Yes", "Rarely"))}
    assert promised == OVERRIDABLE | OF_MIX_INS | OF_HANDLERS | OF_FAMILIES | {"serve_forever"}


def test_rows_of_a_family_name_what_it_calls():
    """The methods of http.server's handler stand in it; do_GET and its like do not, it asks its subclasses for them by name."""
    assert FAMILIES == {"BaseHTTPRequestHandler": "http.server"}
    own = vars(http.server.BaseHTTPRequestHandler)
    assert {hook.name for hook in METHODS.values() if hook.family in FAMILIES} == OF_FAMILIES
    assert own.keys() >= OF_HTTP
    assert HTTP_METHODS.isdisjoint(own)
    assert "'do_' + self.command" in inspect.getsource(own["handle_one_request"])


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_system_rows_name_real_functions(name):
    """A system call's row names the module or class that the framework finds it in."""
    framework = importlib.import_module(name)
    base = importlib.import_module(framework.BaseServer.__module__)
    places = {"os": os, "Thread": threading.Thread, "_ServerSelector": base._ServerSelector}
    for call in SYSTEM_CALLS:
        (place,) = HOOKS[call].defined
        assert callable(getattr(places[place], call.rpartition(".")[2])), call


def test_rows_can_be_shown():
    """Each row has a sentence that says when, a known stage, and payloads that the template and the format know."""
    assert list(HOOKS) == [hook.name for hook in HOOKS.values()]
    for hook in HOOKS.values():
        assert hook.called.startswith("Called when "), hook
        assert hook.called.endswith("."), hook
        assert hook.override.startswith(("Yes", "No", "Rarely", "Extend", "Only")), hook
        assert hook.stage in STAGES, hook
        assert hook.enter in template._ENTER, hook
        assert hook.leave in {*template._LEAVE, "belief"}, hook
    assert {hook.stage for hook in HOOKS.values()} == set(STAGES)
    assert set(template._BELIEFS.values()) <= set(template._LEAVE)
    for special in {*template._BEFORE, *template._AFTER, *template._GUARD}:
        owner, _, called = special.rpartition(".")
        assert special in HOOKS or (owner in HOOKS[called].defined), special


def test_the_template_uses_only_what_exists():
    """Every word that the wrappers' text puts into a record is a payload, and every function that it calls is among its globals."""
    texts = [*template._ENTER.values(), *template._LEAVE.values(), *template._BEFORE.values(), *template._AFTER.values()]
    texts += template._AFTER_PROGRAMS.values()
    texts += [template._TEMPLATE, template._OUTERMOST, template._WRITE, *template._GUARD.values()]
    local = {
        "self",
        "second",
        "context",
        "parameters",
        "given",
        "taken",
        "guard",
        "outermost",
        "enter",
        "before",
        "after",
        "ended",
        "leave",
        "released",
        "here",
    }
    fields = {field for text in texts for _, field, _, _ in string.Formatter().parse(text) if field}
    assert {field.partition(".")[0] for field in fields} <= local
    words = set(re.findall(r"\b[A-Z]{2,}\b", " ".join(texts)))
    assert words - {"WNOHANG", "ARMED", "BEFORE", "AFTER"} <= {word.upper() for word in PAYLOADS}
    assert words <= set(template._GLOBALS)
    numbers = [number for number, _ in PAYLOADS.values()]
    assert len(set(numbers)) == len(numbers)
