"""Files that are written whole or not at all, so that no reader sees half of one."""

import os
from pathlib import Path
from threading import get_ident


def write_atomically(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file in place of an earlier one; `mode` if it is not to follow the umask.

    Raises:
        OSError: if it cannot be written; what was there before is unchanged.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.partial")
    try:
        partial.write_bytes(content)
        if mode is not None:
            partial.chmod(mode)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
