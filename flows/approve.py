"""The approval flows: a person decides on a proposed challenger, in a form or on the terminal."""

from prefect import flow, tags
from prefect.exceptions import FlowPauseTimeout

from driftloop.alerts.events import promotion_event
from driftloop.alerts.messages.versions import answer_headline
from driftloop.base.retrain_record import Promotion
from flows.naming import resolve_as_of, run_name, with_words
from tasks.alerts.write import deliver_alerts, undelivered, write_answer_alert
from tasks.promotion.approval import (
    Answer,
    LateAnswerError,
    answer_proposal,
    expire_proposal,
    find_proposal,
    make_answer,
    wait_for_answer,
    write_form,
)
from tasks.promotion.trial_store import Trial
from tasks.reporting.publish_metrics import publish_after_run
from tasks.runtime.events import emit
from tasks.runtime.job import Job
from tasks.runtime.prepare import prepare_job


@flow(name="approve", flow_run_name=run_name)
def approve(model: str, version: str | None = None, workspace: str | None = None) -> Promotion:
    """Ask a person whether a challenger that won becomes champion.

    The run waits with a form in the Prefect UI. If nobody answers by the deadline, the champion
    stays.

    Args:
        model: name of a configuration in `configs/`.
        version: the challenger; the one that is waiting if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), workspace=workspace)
        proposal = find_proposal(job, version)
        try:
            reply = wait_for_answer(proposal, write_form(job, proposal))
        except FlowPauseTimeout:
            return _report_answer(job, expire_proposal(job, proposal), "Nobody answered.")
        return _answered(job, proposal, reply)


@flow(name="answer", flow_run_name=run_name)
def answer(
    model: str,
    approved: bool,
    version: str | None = None,
    by: str = "",
    comment: str = "",
    workspace: str | None = None,
) -> Promotion:
    """Approve or decline a challenger that is waiting, without a form.

    Args:
        model: name of a configuration in `configs/`.
        approved: promote the challenger; otherwise the champion stays.
        version: the challenger; the one that is waiting if left out.
        by: who decides; recorded in the promotion ledger.
        comment: why; recorded in the promotion ledger.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), workspace=workspace)
        proposal = find_proposal(job, version)
        return _answered(job, proposal, make_answer(approved, by, comment))


def _answered(job: Job, proposal: Trial, reply: Answer) -> Promotion:
    try:
        promotion = answer_proposal(job, proposal, reply)
    except LateAnswerError as late:
        _report_answer(job, late.promotion, reply.comment)
        raise
    return _report_answer(job, promotion, reply.comment)


def _report_answer(job: Job, promotion: Promotion, comment: str) -> Promotion:
    emit(job, [promotion_event(job.model, job.as_of, promotion)])
    write_answer_alert(job, promotion, comment)
    undelivered(deliver_alerts(job, return_state=True), promotion, publish_after_run(job))
    return with_words(promotion, answer_headline(promotion))
