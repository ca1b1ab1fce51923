"""Agreement of a model's alias with its ledger, before anybody judges by either."""

from driftloop.promotion.ledger import Entry, champion_in_ledger, unfinished_move
from tasks.coordination.slots import promotion_slot
from tasks.registry.ledger import read_ledger, reconciled_ledger
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
