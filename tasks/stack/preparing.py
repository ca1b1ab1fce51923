"""What a fresh Prefect server lacks: limits of the models and blocks of secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.config import ModelConfig
from tasks.slot import Kind, slot_name

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

KINDS: tuple[Kind, ...] = ("promote", "deliver")
_VARIABLE, _BLOCK = "_variable", "_secret"


def secret_names(configs: tuple[ModelConfig, ...]) -> dict[str, str]:
    """Return which block takes which variable's secret, for every channel of every model."""
    names: dict[str, str] = {}
    for config in configs:
        for channel in config.alerts.channels:
            settings = channel.model_dump()
            for field, variable in settings.items():
                block = settings.get(field.removesuffix(_VARIABLE) + _BLOCK)
                if field.endswith(_VARIABLE) and isinstance(block, str):
                    names[str(variable)] = block
    return names


def create_limits(client: "SyncPrefectClient", models: tuple[str, ...]) -> int:
    """Create the slots of every model, and return how many there are; taken ones stay taken."""
    names = [slot_name(kind, model) for model in models for kind in KINDS]
    for name in names:
        client.upsert_global_concurrency_limit_by_name(name, 1)
    return len(names)


def save_secrets(names: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Save secrets of the environment as Prefect's Secret blocks, and return the blocks' names."""
    from prefect.blocks.system import Secret

    saved = []
    for variable, block in sorted(names.items()):
        if value := environment.get(variable, "").strip():
            Secret(value=value).save(block, overwrite=True, _sync=True)  # type: ignore[call-arg]
            saved.append(block)
    return tuple(saved)


def checkout_of(environment: Mapping[str, str]) -> Path:
    """Return the checkout whose deployments are registered and run."""
    import driftloop

    given = environment.get("DRIFTLOOP_HOME")
    return Path(given or Path(driftloop.__file__).parents[1]).resolve()
