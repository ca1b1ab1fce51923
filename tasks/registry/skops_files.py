"""Models in files of skops: what is in them is looked at before anything is loaded."""

import os
import zipfile
import zlib
from collections.abc import Set
from pathlib import Path
from typing import Any

from driftloop.base.errors import RegistryError, TrainingError, join_names, reason
from driftloop.base.import_path import is_public_estimator
from driftloop.training.estimators import SAFE_TYPES
from tasks.registry.skops_import import skops_io

_MOST_TIMES, _SMALL_BYTES = 20, 100_000_000
_WAY_OUT = (
    "put the artifact back from a backup, or go back to another version with 'driftloop rollback'"
)


def check_types(unknown: list[str], what: str, allowed: Set[str] = SAFE_TYPES) -> None:
    """Refuse a model of types that are neither on the allow-list nor estimators of scikit-learn.

    `TrainingError` lists them.
    """
    others = sorted(set(unknown) - allowed)
    forbidden = [path for path in others if not is_public_estimator(path)]
    if forbidden:
        raise TrainingError(
            f"{what} holds types that are not on the allow-list and is neither stored nor loaded: "
            f"{join_names(forbidden)}; add them to training.allow.types if you trust them"
        )


def skops_bytes(pipeline: Any) -> bytes:
    """Return a model as skops stores it; `TrainingError` if it cannot."""
    try:
        return bytes(skops_io().dumps(pipeline))
    except Exception as error:  # what a foreign estimator is made of may raise anything
        text = f"the trained model cannot be stored with skops: {reason(error)}"
        raise TrainingError(text) from error


def read_skops(path: Path, what: str, allowed: Set[str]) -> Any:
    """Return the model in a file, if it is whole and every type in it is allowed."""
    check_model_file(path, what)
    types = skops_io().get_untrusted_types(file=os.fspath(path))
    check_types(types, what, allowed)
    try:
        return skops_io().load(path, trusted=types)
    except (ValueError, KeyError, EOFError, OSError) as error:
        raise _damaged(what, reason(error)) from error


def check_model_file(path: Path, what: str) -> None:
    """Refuse a model's file before it is unpacked, if it is damaged or would fill the memory.

    Each part of the archive has a checksum. What skops stores is not compressed, so an archive that
    grows many times over was made by somebody else.

    Raises:
        RegistryError: with what to do instead.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            packed = path.stat().st_size
            if unpacked > max(_MOST_TIMES * packed, _SMALL_BYTES):
                raise RegistryError(
                    f"the model file of {what} unpacks from {packed / 1e6:.1f} MB to "
                    f"{unpacked / 1e9:.1f} GB and is not loaded: driftloop stored no such file; "
                    f"{_WAY_OUT}"
                )
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _damaged(what, reason(error)) from error
    if broken is not None:
        raise _damaged(what, f"the checksum of its part {broken} is wrong")


def _damaged(what: str, why: str) -> RegistryError:
    return RegistryError(f"the model file of {what} is damaged ({why}); {_WAY_OUT}")
