"""werkzeug's server with children or with threads: simple.py processes|threaded."""

import sys

from werkzeug import Request, Response, run_simple


@Request.application
def application(request):
    return Response(f"{request.method} {request.path} {request.get_data(as_text=True).upper()}")


run_simple("127.0.0.1", 0, application, **{"processes": {"processes": 4}, "threaded": {"threaded": True}}[sys.argv[1]])
