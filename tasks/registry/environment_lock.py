"""The environment of a model, taken from the lock file and not from what happens to be installed.

A model is served with the versions it was trained with. The lock says which these are; training
where other versions are installed is refused, because its model would be tested nowhere.
"""

import shlex
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from driftloop.base.errors import TrainingError
from driftloop.training.estimators import Custom, Estimator

LOCK_FILE = "requirements.lock"
SERVING_PACKAGES = ("scikit-learn", "skops", "numpy", "pandas", "scipy")


@dataclass(frozen=True, slots=True)
class Environment:
    """The pinned requirements of a model, and the lock file they are from (None: installed)."""

    requirements: tuple[str, ...]
    lock: Path | None

    @property
    def origin(self) -> str:
        """Where the requirements are from, as a version says in its tags."""
        if not self.requirements:
            return "its own"
        return "installed" if self.lock is None else "lock"

    @property
    def lock_sha256(self) -> str | None:
        """The digest of the lock file."""
        return None if self.lock is None else sha256(self.lock.read_bytes()).hexdigest()


OF_ITS_OWN = Environment((), None)
"""A model of others brings its requirements itself."""


def environment_of(estimator: Estimator, workspace: Path) -> Environment:
    """Return the pins of the packages that serve a model.

    The lock is the workspace's, else that of the checkout the code runs from; without one the
    installed versions are pinned.

    Raises:
        TrainingError: if the lock pins other versions than are installed, or lacks a package.
    """
    names = (*SERVING_PACKAGES, *_packages_of(estimator))
    lock = find_lock(workspace)
    if lock is None:
        return Environment(tuple(f"{name}=={_installed(name)}" for name in names), None)
    pins = read_pins(lock)
    missing = [name for name in names if canonicalize_name(name) not in pins]
    if missing:
        raise TrainingError(
            f"{lock} does not pin {', '.join(missing)}, which the model needs; update the lock"
        )
    locked = {name: pins[canonicalize_name(name)] for name in names}
    wrong = [
        f"{name} {_installed(name)} (locked: {pin})"
        for name, pin in locked.items()
        if _installed(name) != pin
    ]
    if wrong:
        raise TrainingError(
            f"the installed versions differ from {lock}: {', '.join(wrong)}; install the locked "
            "versions, or give the workspace a lock of what is installed: pip freeze > "
            f"{shlex.quote(str(workspace / LOCK_FILE))}"
        )
    return Environment(tuple(f"{name}=={pin}" for name, pin in locked.items()), lock)


def find_lock(workspace: Path) -> Path | None:
    """Return the lock file of the workspace, else of the checkout of the running code."""
    import driftloop

    checkout = Path(driftloop.__file__).parents[1]
    folders = [workspace, *([checkout] if (checkout / "pyproject.toml").is_file() else [])]
    locks = (folder / LOCK_FILE for folder in folders)
    return next((lock for lock in locks if lock.is_file()), None)


def read_pins(lock: Path) -> dict[str, str]:
    """Return the version of each package that a lock file pins for this interpreter."""
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{lock}: cannot be read: {error}") from None
    pins: dict[str, str] = {}
    for line in lines:
        with suppress(InvalidRequirement):  # options, hashes, comments
            pin = Requirement(line.partition(" #")[0].rstrip(" \\"))
            versions = [item.version for item in pin.specifier if item.operator == "=="]
            if versions and (pin.marker is None or pin.marker.evaluate()):
                pins[canonicalize_name(pin.name)] = versions[0]
    return pins


def _packages_of(estimator: Estimator) -> Iterable[str]:
    """Return the distributions of an estimator that is configured by its import path.

    Those that are pinned for every model are left out. A module that no distribution owns, such as
    a file of the workspace, pins nothing.
    """
    if not isinstance(estimator, Custom):
        return ()
    owners = packages_distributions().get(estimator.path.split(".")[0], [])
    served = {canonicalize_name(name) for name in SERVING_PACKAGES}
    return [name for name in dict.fromkeys(owners) if canonicalize_name(name) not in served]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise TrainingError(f"{name} is not installed and the model needs it") from None
