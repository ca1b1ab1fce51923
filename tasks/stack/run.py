"""What supervisord starts: becomes the command of a service, with its environment.

The environment holds passwords. It comes from a file that only the owner reads, and not from
supervisord's configuration or the command line, which `ps` shows to everybody.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Become the service that is named on the command line."""
    file, name = sys.argv[1:]
    service = json.loads(Path(file).read_text())[name]
    kept = {key: value for key, value in os.environ.items() if key not in service["without"]}
    command = service["command"]
    os.execve(command[0], command, {**kept, **service["environment"]})  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
