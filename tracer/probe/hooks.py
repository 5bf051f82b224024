"""The hook table: every method the framework calls and a subclass may override, and every system call it makes for itself.

One row each. The probe, the panels, the help texts, the tests and the documentation read it; a fact about a hook stands nowhere else.

A row's `defined` names where the standard module defines the hook; ours defines it in a class of the same name. `stage` is
the part of a connection's life that the hook belongs to. `enter` and `leave` name what the event carries (see PAYLOADS in
frames.py), beside the time; `waits` says that the call may sleep, so that everything is written before it.
"""

#: The stages of a server and of a connection's life, in order, each with a sentence for a beginner.
STAGES: dict[str, str] = {
    "open": "The server makes its socket, binds it to an address and begins to listen.",
    "wait": "The loop sleeps until a client comes, or until it is time to look whether it shall stop.",
    "accept": "The server takes one connection (or one datagram) from the kernel and may refuse it.",
    "dispatch": "The server decides who serves the connection: itself, a thread, or a forked child.",
    "handle": "A new handler object serves the connection.",
    "close": "The connection is shut down and closed.",
    "reap": "Finished children are collected, finished threads are joined.",
    "stop": "The loop ends and the server's socket is closed.",
}


class Hook:
    """One row of the table."""

    __slots__ = ("called", "defined", "enter", "leave", "name", "override", "stage", "waits")

    def __init__(
        self,
        name: str,
        defined: tuple[str, ...],
        stage: str,
        called: str,
        override: str,
        enter: str = "",
        leave: str = "",
        waits: bool = False,
    ) -> None:
        self.name = name
        self.defined = defined
        self.stage = stage
        self.called = called
        self.override = override
        self.enter = enter
        self.leave = leave
        self.waits = waits

    @property
    def on(self) -> str:
        """Whose method it is: "server", "handler", "program" (see named.py), or "system" for a call the framework makes for itself."""
        owner = self.defined[0]
        return "handler" if owner.endswith("Handler") else "server" if owner.endswith(("Server", "MixIn")) else "system"

    @property
    def family(self) -> str:
        """Whose subclasses have the hook: "server", "handler", or one of FAMILIES."""
        return self.defined[0] if self.defined[0] in FAMILIES else self.on

    def __repr__(self) -> str:
        return f"Hook({self.name!r})"


#: Families of handlers that the standard library builds on the framework: class -> its module. Their rows are hooks there alone.
FAMILIES = {"BaseHTTPRequestHandler": "http.server"}


_ANY = "Yes: any server class."
_MIX_IN = "Yes; ThreadingMixIn and ForkingMixIn do. Call super() or take over its whole duty."
_NO = "No: it is the framework's own; override the hooks it calls."
_SYSTEM = "No: it is a call the framework makes for itself."
_HTTP = ("BaseHTTPRequestHandler",)

_ROWS = (
    # ---- the server's life
    Hook("__init__", ("BaseServer", "TCPServer"), "open",
         "Called when the program builds the server; a TCPServer binds and listens in it.",
         "Extend it and call super(); its work is in server_bind and server_activate.", enter="constructor"),
    Hook("server_bind", ("TCPServer",), "open",
         "Called when the constructor binds the socket to the address.", _ANY),
    Hook("server_activate", ("BaseServer", "TCPServer", "UDPServer"), "open",
         "Called when the constructor begins to listen; from then on clients can connect: the kernel lets them wait.", _ANY),
    Hook("serve_forever", ("BaseServer",), "wait",
         "Called when the program starts the loop; it ends on shutdown() or on an exception that leaves a hook.",
         "Rarely; service_actions is the hook for work in each turn.", enter="server"),
    Hook("handle_request", ("BaseServer",), "wait",
         "Called when the program serves at most one request itself, without serve_forever.", _NO, enter="server"),
    Hook("fileno", ("TCPServer",), "wait",
         "Called when a selector asks which descriptor to watch.", "Only for a server without a socket."),
    Hook("select", ("_ServerSelector",), "wait",
         "Called when the loop waits for a client, for at most poll_interval (or timeout) seconds.", _SYSTEM,
         leave="ready", waits=True),
    Hook("handle_timeout", ("BaseServer", "ForkingMixIn"), "wait",
         "Called when handle_request has waited `timeout` seconds in vain; never under serve_forever.", _ANY),
    # ---- one connection
    Hook("_handle_request_noblock", ("BaseServer",), "accept",
         "Called when select says that a client is there: it takes one request through its hooks.", _NO),
    Hook("get_request", ("TCPServer", "UDPServer"), "accept",
         "Called when a client is there: accept() for streams, recvfrom() for datagrams. An OSError ends the turn in silence.",
         _ANY, leave="connection"),
    Hook("verify_request", ("BaseServer",), "accept",
         "Called when a request was taken: False refuses it; the client is connected already and sees its connection end.",
         _ANY, leave="truth"),
    Hook("process_request", ("BaseServer", "ForkingMixIn", "ThreadingMixIn"), "dispatch",
         "Called when a request was verified: serves it here, or hands it to a thread or a child.", _MIX_IN, leave="belief"),
    Hook("Thread.start", ("Thread",), "dispatch",
         "Called when ThreadingMixIn.process_request starts a thread for the request.", _SYSTEM, enter="context", waits=True),
    Hook("Thread.run", ("Thread",), "dispatch",
         "Called when the new thread begins; when it ends, the thread is over.", _SYSTEM),
    Hook("process_request_thread", ("ThreadingMixIn",), "dispatch",
         "Called when the new thread begins: finish_request, handle_error if that raised, and always shutdown_request.",
         "Yes: a class with ThreadingMixIn; it is what a thread pool runs.", enter="request"),
    Hook("fork", ("os",), "dispatch",
         "Called when ForkingMixIn.process_request makes a child for the request; the parent closes its copy, the child serves.",
         _SYSTEM, leave="pid", waits=True),
    Hook("finish_request", ("BaseServer",), "handle",
         "Called when the request is to be served, in the thread or child that serves it: it builds the handler object.",
         _ANY, enter="request"),
    Hook("setup", ("BaseRequestHandler", "StreamRequestHandler", "DatagramRequestHandler"), "handle",
         "Called when the handler object is built, before handle. If it raises, neither handle nor finish is called.",
         "Yes: any handler class; call super().setup() in a stream or datagram handler."),
    Hook("handle", ("BaseRequestHandler",), "handle",
         "Called when the handler is set up: it serves the whole connection. Its return ends the connection.",
         "Yes: this is the method every handler class is written for."),
    Hook("finish", ("BaseRequestHandler", "StreamRequestHandler", "DatagramRequestHandler"), "handle",
         "Called when handle has returned or raised; a datagram handler sends its reply here.",
         "Yes: any handler class; call super().finish() in a stream or datagram handler.", waits=True),
    # ---- one request of an HTTP connection (http.server, wsgiref, xmlrpc, the development servers of Flask and Django)
    Hook("handle_one_request", _HTTP, "handle",
         "Called when handle wants one more HTTP request from the connection: reads it and calls the method that it names.",
         "Rarely: an HTTP handler class; do_GET and its like are written for that."),
    Hook("parse_request", _HTTP, "handle",
         "Called when the first line of an HTTP request was read: reads its headers. False: it was no HTTP, and is answered.",
         "Rarely: an HTTP handler class.", leave="request_line"),
    *(Hook(f"do_{method}", _HTTP, "handle", f"Called when an HTTP request says {method}.",
           "Yes: an HTTP handler class; without it the reply is 501.")
      for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
    Hook("log_request", _HTTP, "handle",
         "Called when an HTTP reply has a status: by send_response, or at the end of a WSGI application's reply.",
         "Yes: an HTTP handler class; many do, to be silent.", enter="reply"),
    # ---- errors, and the end of a connection
    Hook("handle_error", ("BaseServer",), "handle",
         "Called when an Exception left process_request (or the thread's or child's part of it): prints a traceback.",
         _ANY, waits=True),
    Hook("shutdown_request", ("BaseServer", "TCPServer", "UDPServer"), "close",
         "Called when a request is over or refused: tells the other end that nothing more comes, then close_request.",
         _ANY, enter="request"),
    Hook("close_request", ("BaseServer", "TCPServer", "UDPServer"), "close",
         "Called when this process lets go of the request; a forking parent calls it alone, for its own copy.",
         _ANY, enter="request"),
    Hook("_exit", ("os",), "close",
         "Called when a forked child is done: it ends here, without finally clauses, atexit or flushing.", _SYSTEM,
         enter="status", waits=True),
    # ---- between connections, and the end
    Hook("service_actions", ("BaseServer", "ForkingMixIn"), "reap",
         "Called when a turn of serve_forever ends: after each idle wait and after each accepted request.", _ANY),
    Hook("collect_children", ("ForkingMixIn",), "reap",
         "Called when finished children are to be collected, and when there are max_children of them: then it waits for one.",
         "Rarely: a class with ForkingMixIn.", leave="belief"),
    Hook("waitpid", ("os",), "reap",
         "Called when collect_children asks the kernel whether a child has ended.", _SYSTEM,
         enter="asked", leave="reaped", waits=True),
    Hook("Thread.join", ("Thread",), "reap",
         "Called when server_close waits for the threads that are not daemons.", _SYSTEM, enter="context", waits=True),
    Hook("shutdown", ("BaseServer",), "stop",
         "Called when the program asks the loop to end, from another thread; it waits until the loop has ended.", _NO,
         enter="server", waits=True),
    Hook("server_close", ("BaseServer", "TCPServer", "ForkingMixIn", "ThreadingMixIn"), "stop",
         "Called when the server's socket is to be closed; the mix-ins then wait for their threads or children.",
         "Yes: any server class; call super().", enter="server", waits=True),
)  # fmt: skip

#: name -> row, in the order of the lifecycle.
HOOKS: dict[str, Hook] = {row.name: row for row in _ROWS}

#: Those that run a server's loop.
LOOPS = ("serve_forever", "handle_request")

#: name -> its place among the armed hooks in the page. All of the program's own hooks have one together, the last.
SLOT: dict[str, int] = {name: place for place, name in enumerate(HOOKS)}
OWN_SLOT = len(SLOT)

#: Rows whose methods are wrapped in the classes themselves; the others are system calls, seen through proxies.
METHODS: dict[str, Hook] = {name: row for name, row in HOOKS.items() if row.on != "system"}

#: Modules that are the framework: a hook that one of their classes supplies runs no code of the program's.
FRAMEWORKS = ("socketserver", "tracer.socketserver")


def is_framework(module: str) -> bool:
    """Whether `module` belongs to one of the two frameworks."""
    return module in FRAMEWORKS or module.startswith("tracer.socketserver.")
