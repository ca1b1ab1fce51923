"""The web server of the control-plane page: static files of one folder, behind a password."""

import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tasks.stack.login.access import PASSWORD
from tasks.stack.login.basic_auth import CHALLENGE, allowed

EMPTY = (
    b"<!doctype html><html lang='en'><meta charset='utf-8'><title>driftloop</title>"
    b"<p>There is no page yet. 'driftloop dashboard' writes it.</p></html>\n"
)


class SitePages(SimpleHTTPRequestHandler):
    """Serves files; a page in place of what is missing at the root; never a listing.

    Only ``/health`` is answered without the password, and says nothing.
    """

    def __init__(self, *arguments: Any, password: str, **options: Any) -> None:
        self._password = password
        super().__init__(*arguments, **options)  # which answers the request

    def do_GET(self) -> None:
        """Answer with a file, or with the empty page at the root."""
        if not self._answered():
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer as `do_GET` does, without the content."""
        if not self._answered():
            super().do_HEAD()

    def list_directory(self, path: Any) -> None:
        """Refuse to list a folder."""
        self.send_error(404)

    def end_headers(self) -> None:
        """Let nobody show an old page."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def _is_empty_root(self) -> bool:
        return (
            self.path.split("?")[0] == "/" and not (Path(self.directory) / "index.html").is_file()
        )

    def _answered(self) -> bool:
        """Answer what is no file; say whether that was it."""
        if self.path == "/health":
            self._say(200, b"ok")
        elif not allowed(self.headers.get("Authorization"), self._password):
            self._say(401, b"This page asks for the password of the stack.")
        elif self._is_empty_root():
            self._say(200, EMPTY)
        else:
            return False
        return True

    def _say(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", CHALLENGE)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def serve(folder: Path, host: str, port: int, password: str) -> ThreadingHTTPServer:
    """Return a server of a folder, which need not be there yet; `serve_forever` runs it."""
    pages = partial(SitePages, directory=str(folder), password=password)
    return ThreadingHTTPServer((host, port), pages)


if __name__ == "__main__":
    given = os.environ[PASSWORD]
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), given).serve_forever()
