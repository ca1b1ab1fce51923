"""The rollback flow: an earlier version becomes champion again, with its reference."""

from prefect import flow, tags

from driftloop.alerts.events import rollback_events
from driftloop.alerts.messages.versions import rollback_headline
from driftloop.base.retrain_record import Promotion
from flows.naming import resolve_as_of, run_name, with_words
from tasks.alerts.write import deliver_alerts, undelivered, write_rollback_alert
from tasks.promotion.promote import roll_back
from tasks.reporting.publish_metrics import publish_after_run
from tasks.retraining.plan import refuse_untrained
from tasks.runtime.events import emit
from tasks.runtime.prepare import prepare_job


@flow(name="rollback", flow_run_name=run_name)
def rollback(
    model: str,
    to: str | None = None,
    reason: str = "Started by hand.",
    workspace: str | None = None,
    by: str = "",
) -> Promotion:
    """Make an earlier version champion again.

    Args:
        model: name of a configuration in `configs/`.
        to: the version to return to; the predecessor of the champion if left out.
        reason: why, for the readers of messages.
        workspace: folder with `configs/`; the working directory if left out.
        by: who requests it; recorded in the promotion ledger.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), workspace=workspace)
        refuse_untrained(job)
        promotion = roll_back(job, to, by=by)
        emit(job, rollback_events(model, job.as_of, promotion))
        write_rollback_alert(job, promotion, reason)
        undelivered(deliver_alerts(job, return_state=True), promotion, publish_after_run(job))
        return with_words(promotion, rollback_headline(promotion.version))
