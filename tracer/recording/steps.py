"""The steps of a scripted client: what it does with its socket, one call each, beside the hooks of the server.

A client's context is recorded as the program's are, with these names where those have a hook's. None of them is a hook of the
table, and no hook of a program's own can be called so: those have a dot. Whoever plays clients writes them, and readers know them
by this table, so it imports nothing.
"""

#: name -> when a client does it.
STEPS: dict[str, str] = {
    "connect": "Called when a client asks for a connection; for datagrams, when it decides where they go.",
    "send": "Called when a client sends bytes; they may wait in its kernel, and in the server's, for whoever reads them.",
    "half_close": "Called when a client says that it sends no more; it can still receive.",
    "receive": "Called when a client waits for an answer; EOF: the other end sends no more.",
    "close": "Called when a client closes its socket.",
    "reset": "Called when a client closes its socket so that the other end sees a reset.",
}

#: Who supplies them: the module whose sockets they are.
OWNER = "socket"
