"""Settings of a call in memory, checked as those of a model's configuration."""

from collections.abc import Mapping
from typing import Any

from driftloop.config.loading import config_of
from driftloop.config.model_config import ModelConfig

_UNUSED = {"path": "memory", "time": "no time", "label": "no label"}


def memory_configuration(*, data: Mapping[str, Any] | None = None, **parts: Any) -> ModelConfig:
    """Return a configuration of these parts, without files.

    Raises:
        ConfigError: if a setting is not valid; it names the setting and the valid choices.
    """
    features = {"numeric": ["any"], "categorical": []}
    whole = {"features": features, **parts}
    return config_of({"model": "memory", "data": {**_UNUSED, **(data or {})}, **whole}, "settings")
