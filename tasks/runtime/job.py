"""A job: one model's configuration, its workspace, and the moment as of which it runs."""

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from driftloop.base.errors import ConfigError, DataError
from driftloop.base.periods import Window, parse_time
from driftloop.base.workspace import Workspace, find_workspace
from driftloop.config.loading import config_hash, find_config, load_config
from driftloop.config.model_config import ModelConfig
from tasks.runtime.redaction import install

T = TypeVar("T")
_LOADED: ContextVar[dict[Hashable, Any] | None] = ContextVar("loaded", default=None)


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that was trained elsewhere, on rows before a moment where that is known."""

    uri: str
    trained_until: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """Model, moment and data revision of a run, resolved once and passed to all of its tasks.

    `accepted` says that a person takes a challenger that is not proven better than guessing.
    `offered` is the challenger, or the first champion, where none is to be trained.
    """

    workspace: Workspace
    config: ModelConfig
    as_of: datetime
    rev: str
    dry_run: bool
    accepted: bool = False
    offered: Offered | None = None

    @property
    def model(self) -> str:
        """The model's name."""
        return self.config.model

    @property
    def window(self) -> Window:
        """The current window."""
        return self.config.windows.current_window(self.as_of)

    @property
    def labelled_window(self) -> Window:
        """The newest window whose labels have arrived."""
        return self.config.windows.labelled_window(self.as_of, self.config.data.label_delay)

    @property
    def config_hash(self) -> str:
        """The hash that identifies the configuration."""
        return config_hash(self.config)


@contextmanager
def same_configuration() -> Iterator[None]:
    """Load each configuration once while this lasts: a run and the runs in it have the same."""
    loaded = _LOADED.get()
    token = _LOADED.set({} if loaded is None else loaded)
    try:
        yield
    finally:
        _LOADED.reset(token)


def once(key: Hashable, load: Callable[[], T]) -> T:
    """Return what `load` returns, called once for a key while `same_configuration` lasts."""
    loaded = _LOADED.get()
    if loaded is None:
        return load()
    if key not in loaded:
        loaded[key] = load()
    value: T = loaded[key]
    return value


def load_job(
    model: str,
    as_of: datetime | str | None = None,
    rev: str | None = None,
    dry_run: bool = False,
    workspace: str | Path | None = None,
) -> Job:
    """Return the job of one model; `as_of` defaults to now, `rev` to the configured one.

    Raises:
        WorkspaceError: if there is no such workspace.
        ConfigError: if the model is unknown or its configuration is not valid.
    """
    install()
    opened = find_workspace(workspace)
    path = find_config(opened.configs, model)
    config = once(path, lambda: load_config(path))
    moment = datetime.now(UTC) if as_of is None else parse_time(as_of)
    if config.model != model:
        raise ConfigError(
            f"{path}: model: received {config.model!r}, expected {model!r} like the file name"
        )
    return Job(opened, config, moment, rev or config.data.rev, dry_run)


def offered(uri: str | None, trained_until: datetime | None) -> Offered | None:
    """Return the model that was trained elsewhere, None without one.

    Raises:
        DataError: if nothing says which rows it was trained on.
    """
    if uri is None:
        return None
    if trained_until is None:
        raise DataError(
            f"nothing says which rows {uri} was trained on, so that no holdout can be fair; give "
            "--trained-until, the end of its data"
        )
    return Offered(uri, parse_time(trained_until))


def code_version() -> str:
    """Return the driftloop version, with the commit if the deployment sets it."""
    from driftloop import __version__

    commit = os.environ.get("DRIFTLOOP_COMMIT", "")
    return f"{__version__}+{commit[:10]}" if commit else __version__
