"""ClickHouse's HTTP interface over the engine of the `chdb` package, for tests on machines without a server.

    python front.py DIR        prints its port, serves until its standard input closes

One engine, one query at a time; data below DIR survive a kill. What it understands is what the product and its tests
use: a query in the body or in `query=`, settings as parameters, and INSERT ... FORMAT with the data in the body.
"""

import os
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

ENGINE = session.Session(sys.argv[1])
LOCK = threading.Lock()
NOT_SETTINGS = {"query", "database", "default_format", "query_id", "user", "password"}
INSERT = re.compile(r"^\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)


def run(parameters, body):
    sql = parameters.get("query") or body.decode()
    form = parameters.get("default_format", "TabSeparated")
    settings = ", ".join(f"{k} = '{v}'" for k, v in parameters.items() if k not in NOT_SETTINGS)
    with LOCK:
        if "database" in parameters:
            ENGINE.query(f"USE {parameters['database']}")
        else:
            ENGINE.query("USE default")
        insert = INSERT.match(sql) if "query" in parameters else None
        if insert is None:
            named = re.search(r"\sFORMAT\s+(\w+)\s*$", sql)
            if named:
                sql, form = sql[: named.start()], named.group(1)
            return ENGINE.query(sql, form).bytes()
        with tempfile.NamedTemporaryFile(dir=sys.argv[1], suffix=".rows") as rows:
            rows.write(body)
            rows.flush()
            into = f" SETTINGS {settings}" if settings else ""
            ENGINE.query(f"{insert[1]} FROM INFILE '{rows.name}'{into} FORMAT {insert[2]}")
        return b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.body()
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if urlsplit(self.path).path == "/ping":
            status, text = 200, b"Ok.\n"
        else:
            try:
                status, text = 200, run(parameters, body)
            except Exception as error:  # the engine's own words are the answer
                status, text = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("FRONT_PORT", "0"))), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
