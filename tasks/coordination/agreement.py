"""Agreement of a model's alias with its ledger, before anybody judges by either."""

from driftloop.base.errors import ChampionLostError, RegistryError
from driftloop.base.records import ModelVersion
from driftloop.promotion.ledger import Entry, accident, champion_in_ledger, unfinished_move
from tasks.coordination.slots import promotion_slot
from tasks.registry.ledger import read_ledger, reconciled_ledger, ways_back
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job


def agreed_ledger(job: Job) -> tuple[Entry, ...]:
    """Return the ledger that agrees with the alias; it is made so, under the slot, if it does not.

    A dry run leaves it as it is.
    """
    registry = open_registry(job.workspace)
    entries, present = read_ledger(registry, job.model), registry.champion(job.model)
    champion = present.version if present else None
    agrees = unfinished_move(entries) is None and champion == champion_in_ledger(entries)
    if agrees or job.dry_run:
        return entries
    with promotion_slot(job):
        return reconciled_ledger(job)


def agreed_champion(job: Job) -> tuple[ModelVersion | None, Entry | None]:
    """Return the champion, None where there never was one, and the accident that made it champion.

    Raises:
        ChampionLostError: if the alias was deleted, perhaps with its version, or points to a
            version that says nothing of its training.
    """
    registry, entries = open_registry(job.workspace), agreed_ledger(job)
    champion, last = registry.champion(job.model), accident(entries)
    unusable = champion is not None and last is not None and champion.training is None
    if champion is not None and not unusable:
        return champion, last
    lost = champion_in_ledger(entries) or (last.version if last else None)
    if lost is None:
        return None, None
    said = last.sentence if last else f"The alias of version {lost} is gone."
    if unusable:
        said = f"{said.rstrip('.')}, and driftloop did not train that version."
    raise ChampionLostError(job.model, lost, said, ways_back(registry, job.model, entries))


def require_champion(job: Job) -> tuple[ModelVersion, Entry | None]:
    """Return the champion and the accident that made it champion, as `agreed_champion` does.

    Raises:
        RegistryError: if the model has none.
    """
    champion, last = agreed_champion(job)
    if champion is None:
        raise RegistryError(
            f"{job.model} has no champion at {job.workspace.tracking_uri}; train the first one "
            f"with 'driftloop bootstrap {job.model}'"
        )
    return champion, last
