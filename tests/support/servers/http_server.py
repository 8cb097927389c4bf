#!/usr/bin/python3
"""An HTTP server on loopback that behaves as it is told to.

Prints its port on stdout when it is ready; ends when stdin is closed. Appends each request to the
file --to, as one line of JSON: method, path (with the query), headers, body (as latin-1).
"""
import argparse
import http.server
import json
import os
import ssl
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_end import announce, exit_with_stdin  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True, metavar="FILE")
    parser.add_argument("--certificate", help="PEM, the certificate and its key: speaks TLS")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--times", type=int, default=1 << 30, metavar="N",
                        help="the first N requests get --status or the misbehaviour, the others 200")
    parser.add_argument("--redirect", metavar="URL", help="302 to it; \"/…\": to this server")
    parser.add_argument("--hang", action="store_true", help="no answer")
    parser.add_argument("--cut", action="store_true", help="closes the connection without an answer")
    return parser.parse_args()


class Handler(http.server.BaseHTTPRequestHandler):
    options = None
    lock = threading.Lock()
    seen = 0

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode("latin-1")
        with Handler.lock:
            Handler.seen += 1
            misbehaves = Handler.seen <= self.options.times
            with open(self.options.to, "a", encoding="utf-8") as out:
                json.dump({"method": self.command, "path": self.path,
                           "headers": dict(self.headers), "body": body}, out)
                out.write("\n")
        if misbehaves and self.options.hang:
            threading.Event().wait()
        if misbehaves and self.options.cut:
            self.close_connection = True
            return
        status = self.options.status if misbehaves else 200
        if misbehaves and self.options.redirect:
            status = 302
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.options.redirect)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        pass


def main():
    Handler.options = arguments()
    exit_with_stdin()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if Handler.options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(Handler.options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    announce(server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
