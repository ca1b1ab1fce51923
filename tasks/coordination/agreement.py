"""Agreement of a model's alias with its ledger, before anybody judges by either."""

from driftloop.base.errors import ChampionLostError, RegistryError
from driftloop.base.retrain_record import ModelVersion
from driftloop.promotion.ledger import Entry, accident, champion_in_ledger, unfinished_move
from tasks.coordination.slots import promotion_slot
from tasks.registry.ledger import read_ledger, reconciled_ledger, ways_back
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job


def agreed_champion(job: Job) -> tuple[ModelVersion | None, Entry | None]:
    """Return the champion, None where there never was one, and the accident that made it champion.

    Where ledger and alias do not agree the ledger is made to, under the slot; not in a dry run.

    Raises:
        ChampionLostError: if the alias was deleted, perhaps with its version, or points to a
            version that says nothing of its training.
    """
    registry = open_registry(job.workspace)
    entries, champion = read_ledger(registry, job.model), registry.champion(job.model)
    if not (job.dry_run or _agree(entries, champion)):
        with promotion_slot(job):
            entries = reconciled_ledger(job)
        champion = registry.champion(job.model)
    last = accident(entries)
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


def _agree(entries: tuple[Entry, ...], champion: ModelVersion | None) -> bool:
    version = champion.version if champion else None
    return unfinished_move(entries) is None and version == champion_in_ledger(entries)


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
