"""The web server of the control-plane page: static files of one folder, nothing else."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

EMPTY = (
    b"<!doctype html><html lang='en'><meta charset='utf-8'><title>driftloop</title>"
    b"<p>There is no page yet. 'driftloop dashboard' writes it.</p></html>\n"
)


class SitePages(SimpleHTTPRequestHandler):
    """Serves files; a page in place of what is missing at the root; never a listing."""

    def do_GET(self) -> None:
        """Answer with a file, or with the empty page at the root."""
        if self._is_empty_root():
            self._empty(EMPTY)
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer as `do_GET` does, without the content."""
        if self._is_empty_root():
            self._empty(b"")
        else:
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

    def _empty(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(content)


def serve(folder: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of a folder, which need not be there yet; `serve_forever` runs it."""
    return ThreadingHTTPServer((host, port), partial(SitePages, directory=str(folder)))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).serve_forever()
