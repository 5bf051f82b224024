"""Functions that can be called by XML-RPC."""

from xmlrpc.server import SimpleXMLRPCServer

with SimpleXMLRPCServer(("127.0.0.1", 0)) as server:
    server.register_introspection_functions()
    server.register_function(pow)
    server.register_function(lambda text: text.upper(), "upper")
    print("port", server.server_address[1])
    server.serve_forever()
