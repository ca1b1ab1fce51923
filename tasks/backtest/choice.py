"""The policy that was chosen, written into the configuration."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from driftloop.base.errors import ConfigError
from driftloop.config.editing import with_values
from driftloop.config.loading import config_in, find_config
from driftloop.config.model_config import ModelConfig
from tasks.runtime.atomic_file import write_atomically
from tasks.runtime.clock import now
from tasks.runtime.job import Job


def write_choice(job: Job, values: Mapping[tuple[str, ...], Any], why: str) -> Path:
    """Write values into a job's configuration with the reason as a comment; return its file.

    All else stays byte for byte. In a dry run it is only made sure that it could be written.

    Raises:
        ConfigError: if the file changed meanwhile, its text does not allow the change, or it cannot
            be written; it is as it was then.
    """
    path = find_config(job.workspace.configs, job.model)
    try:
        text = path.read_bytes().decode()
        if config_in(text, str(path)) != job.config:
            raise ConfigError("changed while this ran: start it again")
        changed = with_values(text, values, f"on {_today()} {why}")
        _only_these(job.config, config_in(changed, "as changed"), values)
        if not job.dry_run:
            write_atomically(path, changed.encode(), path.stat().st_mode & 0o777)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}; nothing was written") from None
    return path


def _today() -> str:
    moment: datetime = now()
    return f"{moment:%Y-%m-%d}"


def _only_these(
    before: ModelConfig, after: ModelConfig, values: Mapping[tuple[str, ...], Any]
) -> None:
    """Refuse a text in which the change of one place changed another, as an alias does."""
    old, new = (dict(_leaves(config.model_dump(mode="json"))) for config in (before, after))
    changed = {
        next((known for known in values if place[: len(known)] == known), place)
        for place in old | new
        if old.get(place) != new.get(place)
    }
    if changed != set(values):
        wanted = ", ".join(f"{'.'.join(place)}: {value}" for place, value in values.items())
        raise ConfigError(f"its text does not allow the change; write by hand {wanted}")


def _leaves(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield all values by their place; one in a list of fields with a kind has that in it."""
    if isinstance(node, list) and node and all(isinstance(member, dict) for member in node):
        node = {str(member.get("kind", number)): member for number, member in enumerate(node)}
    if not isinstance(node, dict):
        yield place, node
        return
    for key, value in node.items():
        yield from _leaves(value, (*place, key))
