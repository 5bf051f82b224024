"""A WSGI application on the standard library's own server. It does not print its environment."""

from wsgiref.simple_server import make_server


def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length).upper() or environ["PATH_INFO"].encode()
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("as it was written to")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


with make_server("127.0.0.1", 0, application) as server:
    print("port", server.server_port)
    server.serve_forever()
