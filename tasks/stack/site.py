"""The server of the control-plane page: static files of one folder, behind the password."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.stack.login.access import PASSWORD
from tasks.stack.login.guard import Guarded

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import Response

EMPTY = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>driftloop</title>"
    "<p>There is no page yet. 'driftloop dashboard' writes it.</p></html>\n"
)


def site_server(folder: Path, host: str, port: int, password: str) -> "uvicorn.Server":
    """Return a server of a folder, which is made where it is missing; `run` serves it.

    Only ``/health`` is answered without the password. No folder is listed.
    """
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def health(_request: "Request") -> "Response":
        return PlainTextResponse("ok")

    def page(_request: "Request") -> "Response":
        index = folder / "index.html"
        return FileResponse(index) if index.is_file() else HTMLResponse(EMPTY)

    folder.mkdir(parents=True, exist_ok=True)
    files = Mount("/", StaticFiles(directory=folder))
    app = Starlette(routes=[Route("/health", health), Route("/", page), files])
    # Nobody is to see an old page.
    headers = [("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")]
    guarded = Guarded(app, password)
    return uvicorn.Server(uvicorn.Config(guarded, host=host, port=port, headers=headers))


if __name__ == "__main__":
    site_server(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), os.environ[PASSWORD]).run()
