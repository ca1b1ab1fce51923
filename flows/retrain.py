"""The retraining flow: a challenger is trained, compared with the champion, and maybe promoted."""

from dataclasses import replace
from datetime import datetime

from prefect import flow, tags
from prefect.runtime import flow_run

from driftloop.alerts.events import retrain_events
from driftloop.base.retrain_record import RetrainRecord
from flows.challenge import challenge
from flows.naming import resolve_as_of, run_name, with_words
from tasks.alerts.write import deliver_alerts, undelivered, write_retrain_alert
from tasks.registry.run_links import links_of
from tasks.reporting.publish_metrics import publish_after_run
from tasks.retraining.plan import refuse_untrained
from tasks.runtime.artifacts import show_retraining
from tasks.runtime.events import emit
from tasks.runtime.job import offered
from tasks.runtime.prepare import prepare_job


@flow(name="retrain", flow_run_name=run_name)
def retrain(
    model: str,
    as_of: datetime | None = None,
    rev: str | None = None,
    reason: str = "Started by hand.",
    champion: str | None = None,
    dry_run: bool = False,
    accept: bool = False,
    workspace: str | None = None,
    routine: bool = False,
    challenger: str | None = None,
    trained_until: datetime | None = None,
) -> RetrainRecord:
    """Train a challenger and promote it if it is proven better than the champion.

    Args:
        model: name of a configuration in `configs/`.
        as_of: the moment as of which to train; labels that arrived later are not used.
        rev: commit, branch or tag of the data; the configured one if left out.
        reason: why, for the readers of messages and reports.
        champion: the version to beat, as the monitoring flow passes it; if left out, the run is a
            manual one, against the current champion.
        dry_run: plan the training and report what would be done, but train nothing.
        accept: promote it though it is not proven better than guessing; only by hand.
        workspace: folder with `configs/`; the working directory if left out.
        routine: whether only the calendar asks for it, while nothing is wrong, as the monitoring
            flow says.
        challenger: a model of MLflow's that was trained elsewhere, to be compared as it is.
        trained_until: with it: the end of the rows that it was trained on.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(as_of), rev, dry_run, workspace)
        refuse_untrained(job)
        by_hand = champion is None
        job = replace(job, accepted=accept and by_hand, offered=offered(challenger, trained_until))
        record = challenge(job, "retrain", reason, champion, by_hand, routine)
        emit(job, retrain_events(record))
        write_retrain_alert(job, record)
        links = links_of(job, record.run_id, record.challenger)
        shown = show_retraining(job, record, links, return_state=True)
        delivered = deliver_alerts(job, return_state=True)
        if flow_run.parent_flow_run_id is None:
            undelivered(delivered, record, publish_after_run(job), shown)
        return with_words(record, record.headline)
