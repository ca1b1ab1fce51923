"""The bootstrap flow: the first champion of a model that has none."""

from dataclasses import replace
from datetime import datetime

from prefect import flow, tags

from driftloop.alerts.events import retrain_events
from driftloop.base.retrain_record import RetrainRecord
from flows.challenge import challenge
from flows.naming import resolve_as_of, run_name, with_words
from tasks.alerts.write import deliver_alerts, undelivered, write_first_champion_alert
from tasks.retraining.plan import refuse_second_bootstrap
from tasks.runtime.events import emit
from tasks.runtime.job import Offered
from tasks.runtime.prepare import prepare_job
from tasks.snapshots.resolve import resolve_snapshot


@flow(name="bootstrap", flow_run_name=run_name)
def bootstrap(
    model: str,
    as_of: datetime | None = None,
    rev: str | None = None,
    workspace: str | None = None,
    adopted: str | None = None,
    trained_until: datetime | None = None,
) -> RetrainRecord:
    """Train the first champion on the rows whose labels had arrived as of a moment.

    Args:
        model: name of a configuration in `configs/`.
        as_of: the moment as of which to train; labels that arrived later are not used.
        rev: commit, branch or tag of the data; the configured one if left out.
        workspace: folder with `configs/`; the working directory if left out.
        adopted: a model of MLflow's that was trained elsewhere, to be the champion as it is.
        trained_until: with it: the end of its training data where the snapshot holds them.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(as_of), rev, False, workspace)
        job = replace(job, rev=resolve_snapshot(job).rev)  # once, as a branch may move
        if adopted is not None:
            job = replace(job, offered=Offered(adopted, trained_until))
        refuse_second_bootstrap(job)
        record = challenge(job, "bootstrap", "The first champion.", None)
        emit(job, retrain_events(record))
        if write_first_champion_alert(job, record):
            undelivered(deliver_alerts(job, return_state=True), record)
        return with_words(record, record.headline)
