"""Serve Keystone's application on a port of 127.0.0.1: ``keystone_serve.py PORT``, in an environment of its own."""

import socketserver
import sys
import wsgiref.simple_server

port = int(sys.argv[1])
# Keystone gives the arguments of the program it is in to oslo.config.
sys.argv = ["keystone"]

from keystone.wsgi.api import application  # noqa: E402


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        """Keystone has a log of its own."""


wsgiref.simple_server.make_server("127.0.0.1", port, application, Server, Quiet).serve_forever()
