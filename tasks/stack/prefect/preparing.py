"""What a fresh Prefect server lacks: limits of the models and blocks of secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.config.model_config import ModelConfig
from tasks.coordination.slots import Kind, slot_name
from tasks.runtime.credentials import GATEWAY_BLOCK, GATEWAY_PASSWORD

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

KINDS: tuple[Kind, ...] = ("promote", "deliver")
_VARIABLE, _BLOCK = "_variable", "_secret"


def secret_names(configs: tuple[ModelConfig, ...]) -> dict[str, str]:
    """Return which block takes which variable's secret.

    There is one for every secret of a channel, for the database that new data is asked from, and
    for the Pushgateway.
    """
    names = {GATEWAY_PASSWORD: GATEWAY_BLOCK}
    for config in configs:
        source = config.arrivals.source
        for holder in (*config.alerts.channels, *((source,) if source else ())):
            names |= _secrets_of(holder.model_dump())
    return names


def _secrets_of(settings: Mapping[str, object]) -> dict[str, str]:
    """Where settings name a variable and a block for one secret, return the pair."""
    blocks = {
        str(variable): settings.get(field.removesuffix(_VARIABLE) + _BLOCK)
        for field, variable in settings.items()
        if field.endswith(_VARIABLE)
    }
    return {variable: block for variable, block in blocks.items() if isinstance(block, str)}


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
