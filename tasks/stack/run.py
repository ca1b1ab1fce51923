"""The program that supervisord starts: becomes a service's command, with its environment.

The environment holds passwords. It comes from a file that only the owner reads, and not from
supervisord's configuration or the command line, which `ps` shows to everybody.
"""

import json
import os
import sys
from pathlib import Path

from tasks.stack.processes import end, processes_of
from tasks.stack.services import SERVICE, StackFolder


def main() -> None:
    """Become the service that is named on the command line.

    A server that was killed may have left children that hold its port; they are ended first. The
    runs that a killed worker left go on.
    """
    file, name = sys.argv[1:]
    service = json.loads(Path(file).read_text())[name]
    if not service["leaves_runs"]:
        end(processes_of(StackFolder(Path(file).parents[1]), name))
    inherited = {key: text for key, text in os.environ.items() if key not in service["without"]}
    environment = {**inherited, **service["environment"], SERVICE: name}
    os.execve(service["command"][0], service["command"], environment)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
