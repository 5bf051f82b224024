"""One request to a server whose hooks are written in one of the ways that Python allows.

shapes.py FRAMEWORK SHAPE
"""

import functools
import importlib
import os
import sys

framework = importlib.import_module(sys.argv[1])
TCPServer, StreamRequestHandler = framework.TCPServer, framework.StreamRequestHandler


class Handler(StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


def chain():
    class Upper(TCPServer):
        def verify_request(self, request, client_address):
            return super().verify_request(request, client_address)

    class Lower(Upper):
        def verify_request(self, request, client_address):
            return super().verify_request(request, client_address)

    class Polite(Handler):
        def setup(self):
            super().setup()

        def handle(self):
            super().handle()

    return Lower, Polite


def decorated():
    def named(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)

        return inner

    def nameless(function):
        return lambda *args: function(*args)

    class Decorated(TCPServer):
        @nameless
        def verify_request(self, request, client_address):
            return True

    class Careful(Handler):
        @named
        @named
        def handle(self):
            super().handle()

    return Decorated, Careful


def static():
    class Static(TCPServer):
        @staticmethod
        def verify_request(request, client_address):
            return client_address[0] == "127.0.0.1"

        @classmethod
        def close_request(cls, request):
            assert cls is Static
            request.close()

        @staticmethod
        def finish_request(request, client_address):
            Handler(request, client_address, None)

    return Static, Handler


def alias():
    class Aliased(TCPServer):
        verify_request = TCPServer.verify_request

    class Renamed(Handler):
        finish = StreamRequestHandler.finish
        handle = Handler.handle

    return Aliased, Renamed


def mixed():
    class Checks:
        def verify_request(self, request, client_address):
            return client_address != "no"

    class Mixed(Checks, TCPServer):
        pass

    class Reads:
        def handle(self):
            self.wfile.write(self.rfile.readline())
            assert Checks().verify_request(None, "no") is False  # no server: nobody's hook

    return Mixed, type("Reader", (Reads, StreamRequestHandler), {})


def frozen():
    class Frozen(type):
        def __setattr__(cls, name, value):
            raise AttributeError("frozen")

    class FrozenServer(TCPServer, metaclass=Frozen):
        def verify_request(self, request, client_address):
            return True

    class FrozenHandler(StreamRequestHandler, metaclass=Frozen):
        handle = Handler.__dict__["handle"]

    return FrozenServer, FrozenHandler


def partial():
    class Told(Handler):
        def __init__(self, *args, greeting):
            self.greeting = greeting
            super().__init__(*args)

        def handle(self):
            assert self.greeting == "hello"
            super().handle()

    return TCPServer, functools.partial(functools.partial(Told), greeting="hello")


def factory():
    def make(request, client_address, server):
        class Local(Handler):
            def handle(self):
                super().handle()

        return Local(request, client_address, server)

    return TCPServer, make


def late():
    class Late(TCPServer):
        pass

    class LateHandler(StreamRequestHandler):
        pass

    Late.verify_request = lambda self, request, client_address: True
    LateHandler.handle = Handler.handle
    return Late, LateHandler


def keywords():
    class Keywords(TCPServer):
        def process_request(self, request, client_address):
            self.finish_request(client_address=client_address, request=request)
            self.shutdown_request(request=request)

    return Keywords, Handler


def parameters():
    class Parameters(TCPServer):
        def verify_request(self, add, result, /, strict=True, *rest, wrapper=None, **error):
            return strict and not (rest or wrapper or error)

        def finish_request(function, args, kwargs):  # noqa: N805
            super().finish_request(args, kwargs)

    class Extra(Handler):
        def handle(self, *unused, role=None):
            super().handle()

    return Parameters, Extra


def objects():
    class Says:
        def __call__(self, request, client_address):
            return True

    class Objects(TCPServer):
        verify_request = Says()
        shutdown_request = functools.partialmethod(lambda self, more, request: self.close_request(request), "more")

    return Objects, Handler


def cached():
    class Cached(TCPServer):
        @functools.lru_cache  # noqa: B019
        def verify_request(self, request, client_address):
            return True

        @staticmethod
        @functools.lru_cache
        def close_request(request):
            request.close()

    class Remembers(Handler):
        handle = functools.lru_cache(Handler.handle)

        def finish(self):
            super().finish()
            assert Remembers.handle.cache_info().misses == Cached.verify_request.cache_info().misses == 1

    return Cached, Remembers


def own():
    """Hooks that are set on the server itself, and on the handler itself: before its constructor's work, and in its setup."""

    class Other:
        def close(self, request):
            request.close()

    class Sets(Handler):
        def __init__(self, *args):
            self.finish = lambda: Handler.finish(self)
            super().__init__(*args)

        def setup(self):
            super().setup()
            self.handle = functools.partial(Handler.handle, self)

    def change(server):
        server.verify_request = lambda request, client_address: True
        server.close_request = Other().close
        server.shutdown_request = super(TCPServer, server).shutdown_request  # it is who supplies it, not the server itself

    return TCPServer, Sets, change


def replaced():
    """Hooks that are set on classes when the server is built already."""

    class Mix:
        def shutdown_request(self, request):
            super().shutdown_request(request)

    class Mixed(Mix, TCPServer):
        pass

    class Derived(Handler):
        pass

    def change(server):
        Mixed.verify_request = lambda self, request, client_address: True
        Mix.shutdown_request = lambda self, request: TCPServer.shutdown_request(self, request)
        Derived.handle = lambda self: Handler.handle(self)

    return Mixed, Derived, change


def main():
    cls, handler, *change = globals()[sys.argv[2]]()
    with cls(("127.0.0.1", 0), handler) as server:
        for set_late in change:
            set_late(server)
        print(*server.server_address, flush=True)
        server.handle_request()


def two():
    """Two servers of one class, which serve in turn; one serves within a hook of the other."""

    class Nested(TCPServer):
        def verify_request(self, request, client_address):
            if self is not other:
                other.handle_request()
            return True

    with Nested(("127.0.0.1", 0), Handler) as one, Nested(("127.0.0.1", 0), Handler) as other:
        for server in (one, other):
            print(*server.server_address, flush=True)
        one.handle_request()
        one.handle_request()
        other.handle_request()


print(os.getpid())
two() if sys.argv[2] == "two" else main()
