"""Folders that the processes of one test run build once and copy."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def build_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """Return a folder that the first process of a run to need it builds, for all to copy."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    base = factory.getbasetemp().parent if parallel else factory.getbasetemp()
    folder, whole = base / "templates" / name, base / "templates" / f"{name}.built"
    whole.parent.mkdir(exist_ok=True)
    with FileLock(f"{whole}.lock"):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            whole.touch()
    return folder
