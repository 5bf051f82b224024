"""See how a network server works: every hook of a `socketserver` server, in every thread and forked child, live."""

__version__ = "0.1.0"
