"""HTTP servers with hooks that look at themselves, or are looked at: oddities.py NAME. What it prints must not depend on the tracer."""
# ruff: noqa: N815, N818 - names that http.server looks for, and one that is short

import asyncio
import copy
import dataclasses
import functools
import gc
import http.client
import inspect
import sys
import threading
import warnings
from unittest.mock import Mock, patch

sys.path.insert(0, "")


class OldFinder:
    def find_module(self, name, path=None):
        return None


class Asked:
    def find_spec(self, name, path=None, target=None):
        if name == "socketserver":
            print("asked")


if sys.argv[1] == "old finders":
    warnings.simplefilter("ignore")
    sys.meta_path[:0] = [OldFinder(), Asked()]
import http.server  # noqa: E402 - behind the finders


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *words):
        pass


class Server(http.server.HTTPServer):
    def handle_error(self, request, client_address):
        print("error", sys.exc_info()[0].__name__, flush=True)


def visit(server, *paths, method="GET"):
    loop = threading.Thread(target=server.serve_forever, args=(0.01,))
    loop.start()
    for path in paths:
        client = http.client.HTTPConnection(*server.server_address, timeout=30)
        try:
            client.request(method, path)
            print(path, client.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            print(path, type(error).__name__)
        client.close()
    server.shutdown()
    loop.join()


def serve(handler, *paths, cls=Server, method="GET"):
    with cls(("127.0.0.1", 0), handler) as server:
        visit(server, *(paths or ("/a", "/b")), method=method)


def counting():
    def counted(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            inner.calls += 1
            return function(*args, **kwargs)

        inner.calls = 0
        return inner

    class Counted(Page):
        do_GET = counted(Page.do_GET)

    serve(Counted)
    print(Counted.do_GET.calls, inspect.signature(Counted.do_GET))


def mocks():
    class Mocked(Page):
        log_request = Mock()

    with Server(("127.0.0.1", 0), Mocked) as server:
        server.verify_request = Mock(return_value=True)
        visit(server, "/a")
        server.verify_request.assert_called_once()
        server.verify_request.return_value = False
        visit(server, "/refused")
        print(server.verify_request.call_count, Mocked.log_request.call_count, isinstance(Mocked.log_request, Mock))
        server.verify_request.return_value = True
        Mocked.log_request.side_effect = lambda *words: print("logged")
        visit(server, "/b")
        with patch.object(Mocked, "do_GET", autospec=True) as mock:
            visit(server, "/mocked", "/mocked")
            print(mock.call_count, Mocked.do_GET.call_count)
        visit(server, "/c")


def namesakes():
    class ForkingMixIn:
        def process_request(self, request, client_address):
            self.finish_request(request, client_address)
            self.shutdown_request(request)

    class Mixed(ForkingMixIn, Server):
        pass

    serve(Page, cls=Mixed)


def frozen():
    @dataclasses.dataclass(frozen=True)
    class Frozen(Exception):
        code: int

    class Failing(Page):
        def do_GET(self):
            raise Frozen(3)

    serve(Failing)


def described():
    class Tool:
        size = 1

        def __call__(self, *words):
            print("tool")

    class Described(Page):
        do_GET = functools.lru_cache(Page.do_GET)
        do_POST = Tool()

        def setup(self):
            super().setup()
            bound = self.do_GET
            print(bound.__self__ is self, bound == self.do_GET, bound.__func__.__name__, bound.cache_info().maxsize)

    serve(Described)
    serve(Described, "/c", method="POST")
    Described.do_POST.size = 7
    print(Described.do_GET.cache_info().misses, vars(Described.do_POST), type(copy.copy(Described.do_POST)).__name__)
    print(inspect.signature(Described.do_GET), isinstance(Described.do_POST, Tool))


def asynchronous():
    class Asynchronous(Page):
        async def do_GET(self):
            await asyncio.sleep(0)
            super().do_GET()

        def do_POST(self):
            yield 1

        def __getattribute__(self, name):
            value = super().__getattribute__(name)
            if name == "do_GET" and inspect.iscoroutinefunction(value):
                return lambda: asyncio.run(value())
            return value

    serve(Asynchronous)
    print(inspect.isgeneratorfunction(Asynchronous.do_POST))


def keywords():
    class Mix:
        def verify_request(self, request, client_address=None):
            return True

    class Mixed(Mix, Server):
        def process_request(self, request, client_address):
            print(Mix.verify_request(self=self, request=request), Mix.verify_request.__defaults__)
            http.server.HTTPServer.finish_request(self=self, request=request, client_address=client_address)
            self.shutdown_request(request)

    serve(Page, cls=Mixed)


def endless():
    class Endless(Page):
        def do_GET(self):
            if self.path == "/endless":
                self.do_GET()
            super().do_GET()

    serve(Endless, "/a", "/endless", "/b")


def circle():
    class Circle(Page):
        def do_GET(self):
            super().do_GET()

        do_GET.__wrapped__ = do_GET

    serve(Circle)


def lifetimes():
    gc.disable()
    alive = []

    class Mortal(Page):
        do_GET = functools.partialmethod(Page.do_GET)

        def setup(self):
            alive.append(self.client_address)
            super().setup()
            self.log_request = functools.partial(print, "logged")

        def __del__(self):
            alive.remove(self.client_address)

    serve(Mortal, *["/a"] * 5)
    print(alive)


def old_finders():
    serve(Page)


globals()[sys.argv[1].replace(" ", "_")]()
