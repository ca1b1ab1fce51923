"""Files that are written whole or not at all, so that no reader sees half of one."""

import os
from pathlib import Path
from threading import get_ident


def write_atomically(
    path: Path, content: bytes | str, mode: int | None = None, durable: bool = False
) -> None:
    """Write a file in place of an earlier one; text as UTF-8.

    Args:
        path: the file.
        content: all of it.
        mode: its permissions, if they are not to follow the umask; at no moment are there more.
        durable: return only once it is on the disk.

    Raises:
        OSError: if it cannot be written; what was there before is unchanged.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.partial")
    partial.unlink(missing_ok=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(partial, flags, 0o666 if mode is None else 0o600), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if mode is not None:
                partial.chmod(mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
