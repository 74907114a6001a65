"""A local S3 for tests: moto on a free loopback port, one request at a time.

One at a time because moto checks a condition and stores the object in two steps, which S3 does in
one. Prints the port; ends when its standard input is closed.
"""

import os
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=False)


def end_with_the_test():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_the_test, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
