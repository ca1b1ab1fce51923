"""The approval flow: a person is asked about a proposed challenger, and the answer carried out."""

from prefect import flow, tags
from prefect.exceptions import FlowPauseTimeout

from driftloop.alerts.events import promotion_event
from driftloop.base.records import Promotion
from flows.naming import moment, run_name
from tasks.alerts.write import deliver_alerts, undelivered, write_answer_alert
from tasks.promotion.approval import (
    answer_proposal,
    answer_to,
    expire_proposal,
    find_proposal,
    form_for,
)
from tasks.reporting.publish_metrics import publish_after_run
from tasks.runtime.events import emit
from tasks.runtime.job import Job
from tasks.runtime.preflight import prepare_job


@flow(name="approve", flow_run_name=run_name)
def approve(model: str, version: str | None = None, workspace: str | None = None) -> Promotion:
    """Ask a person whether a challenger that won becomes champion.

    The run waits with a form in the Prefect UI. Where nobody answers by the deadline, the
    champion stays.

    Args:
        model: name of a configuration in `configs/`.
        version: the challenger; the one that waits if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, moment(None), None, False, workspace)
        proposal = find_proposal(job, version)
        try:
            given = form_for(proposal)
        except FlowPauseTimeout:
            return _told(job, expire_proposal(job, proposal), "Nobody answered.")
        return _told(job, answer_proposal(job, proposal, given), given.comment)


@flow(name="answer", flow_run_name=run_name)
def answer(
    model: str,
    approved: bool,
    version: str | None = None,
    by: str = "",
    comment: str = "",
    workspace: str | None = None,
) -> Promotion:
    """Answer for a challenger that waits, without a form.

    Args:
        model: name of a configuration in `configs/`.
        approved: promote the challenger; otherwise the champion stays.
        version: the challenger; the one that waits if left out.
        by: who decides; it goes into the promotion ledger.
        comment: why; it goes into the promotion ledger.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, moment(None), None, False, workspace)
        proposal = find_proposal(job, version)
        return _told(job, answer_proposal(job, proposal, answer_to(approved, by, comment)), comment)


def _told(job: Job, done: Promotion, comment: str) -> Promotion:
    emit(job, [promotion_event(job.model, job.as_of, done)])
    write_answer_alert(job, done, comment)
    undelivered(deliver_alerts(job, return_state=True), done, publish_after_run(job))
    return done
