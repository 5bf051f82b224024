"""A recording indexed: contexts, spans, connections, and the moment at any time."""

from .timeline import Timeline as Timeline

__all__ = ["Timeline"]
