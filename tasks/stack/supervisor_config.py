"""The configuration of supervisord, as text."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from tasks.stack.services import Service, StackFolder

LOG_BYTES, LOG_FILES = "10MB", 3
_GRACE_SECONDS = 15


def supervisor_text(
    folder: StackFolder, socket: Path, services: Iterable[Service], python: str
) -> str:
    """Return what supervisord reads. It holds no environment and so no secret.

    `python` starts each service through `tasks.stack.run`, which gives it its environment.
    """
    head = f"""\
; Written by 'driftloop up'; changes are lost.
[unix_http_server]
file={_value(socket)}
chmod=0700

[supervisord]
logfile={_value(folder.log("supervisord"))}
logfile_maxbytes={LOG_BYTES}
logfile_backups={LOG_FILES}
pidfile={_value(folder.pid_file)}
directory={_value(folder.root)}
identifier=driftloop
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{_value(socket)}
"""
    return head + "".join(
        _program(folder, service, place, python) for place, service in enumerate(services)
    )


def _program(folder: StackFolder, service: Service, place: int, python: str) -> str:
    command = shlex.join((python, "-m", "tasks.stack.run", str(folder.services), service.name))
    return f"""
[program:{service.name}]
command={_value(command)}
priority={100 + place}
autostart={str(service.at_once).lower()}
autorestart=true
startsecs={service.settles_seconds}
startretries=10
stopsignal=TERM
stopwaitsecs={_GRACE_SECONDS}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={_value(folder.log(service.name))}
stdout_logfile_maxbytes={LOG_BYTES}
stdout_logfile_backups={LOG_FILES}
"""


def _value(text: object) -> str:
    """Return a value in which supervisord expands nothing."""
    return str(text).replace("%", "%%")
