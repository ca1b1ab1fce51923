"""Approval of a proposed challenger: by a form in the Prefect UI, or on the command line."""

from dataclasses import replace
from typing import Literal

from prefect.input import RunInput
from pydantic import Field

from driftloop.base.errors import RegistryError, UnavailableError
from driftloop.base.periods import format_time
from driftloop.base.retrain_record import Promotion
from driftloop.base.tags import VersionTags
from driftloop.promotion.ledger import end_of_proposal
from driftloop.reporting.prefect_summary import comparison_markdown, escaped, links_markdown
from driftloop.reporting.run_report.page import REPORT_FILE
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.steps import run_key
from tasks.promotion.promote import Move, carry_out_move
from tasks.promotion.trial_store import (
    Trial,
    acted_at,
    as_of_today,
    end_trial,
    store_trial,
    waiting_proposal,
)
from tasks.registry.ledger import read_ledger, record_outcome_once
from tasks.registry.memory import in_memory
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.registry.run_links import links_of, prefect_run_url
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.runtime.prefect_api import own_server
from tasks.runtime.step import step

DEPLOYMENT = "approve/approve"
_MAX_WAIT_SECONDS = 30 * 86_400


class Answer(RunInput):
    """The form that a paused approval shows in the Prefect UI."""

    decision: Literal["promote the challenger", "keep the champion"] = Field(
        default="keep the champion", description="What to do with the challenger."
    )
    by: str = Field(default="", description="Who decides; recorded in the promotion ledger.")
    comment: str = Field(default="", description="Why; recorded in the promotion ledger.")

    @property
    def approved(self) -> bool:
        """Whether to promote the challenger."""
        return self.decision == "promote the challenger"


class LateAnswerError(RegistryError):
    """An answer came after the deadline; `promotion` says what became of the proposal."""

    def __init__(self, promotion: Promotion) -> None:
        super().__init__(promotion.sentence)
        self.promotion = promotion


def make_answer(approved: bool, by: str, comment: str) -> Answer:
    """Return an answer that was not given through the form."""
    decision = "promote the challenger" if approved else "keep the champion"
    return Answer.model_validate({"decision": decision, "by": by, "comment": comment})


def wait_for_answer(proposal: Trial, form: str) -> Answer:
    """Wait for a person's answer in the Prefect UI; `form` is Markdown above the fields.

    A run of a deployment is suspended, so that it holds no worker while it waits; any other run
    pauses where it is. Raises `FlowPauseTimeout` if nobody answers by the deadline.
    """
    from prefect.flow_runs import pause_flow_run, suspend_flow_run
    from prefect.runtime import deployment

    wait = suspend_flow_run if deployment.id else pause_flow_run
    asked = Answer.with_initial_data(description=form)
    return wait(wait_for_input=asked, timeout=seconds_left(proposal))


@step("write form", retries=2)
def write_form(job: Job, proposal: Trial) -> str:
    """Return what a person needs to decide: scores with intervals, gates, deadline and links."""
    registry = open_registry(job.workspace)
    run = registry.run_with_key(job.model, _key_of_run(job, registry, proposal))
    links = links_of(job, run.run_id if run else None, proposal.version)
    report = registry.address(job.model, run.run_id, REPORT_FILE) if run else None
    until = f" Answer by {format_time(proposal.until)} UTC." if proposal.until else ""
    return "\n".join(
        (
            f"**Version {proposal.version}** is proposed in place of version "
            f"{proposal.against}.{until}\n\n{escaped(proposal.sentence)}\n",
            *(comparison_markdown(proposal.comparison) if proposal.comparison else ()),
            "",
            *links_markdown(replace(links, report=report, prefect_run=None)),
        )
    )


def _key_of_run(job: Job, registry: Registry, proposal: Trial) -> str:
    """Return the key of the monitoring run that started the retraining."""
    rev = registry.tags(job.model, proposal.version).rev or ""
    return run_key(replace(job, as_of=proposal.as_of), "monitor", rev)


def seconds_left(proposal: Trial) -> int:
    """Return how many seconds remain until the deadline, at least one."""
    if proposal.until is None:
        return _MAX_WAIT_SECONDS
    return max(1, int((proposal.until - clock.now()).total_seconds()))


@step("find proposal", retries=2)
def find_proposal(job: Job, version: str | None) -> Trial:
    """Return the challenger that waits for an answer; raises `RegistryError` for any other."""
    proposal = waiting_proposal(open_registry(job.workspace), job.model)
    if proposal is None:
        raise RegistryError(f"{job.model}: no challenger is waiting for approval")
    if version is not None and version != proposal.version:
        raise RegistryError(
            f"{job.model}: version {version} is not waiting for approval; version "
            f"{proposal.version} is"
        )
    return proposal


@step("answer proposal", retries=2)
def answer_proposal(job: Job, proposal: Trial, answer: Answer) -> Promotion:
    """Promote or decline a proposed challenger.

    Raises `LateAnswerError`, with the proposal closed, after its deadline.
    """
    if proposal.until is not None and acted_at(job) >= proposal.until:
        late = f"the answer came after {format_time(proposal.until)} UTC"
        raise LateAnswerError(_close(job, proposal, "expired", late))
    comment = answer.comment.strip().rstrip(".")
    who = f"{answer.by or 'somebody'}{f': {comment}' if comment else ''}"
    if not answer.approved:
        return _close(job, proposal, "declined", f"declined by {who}")
    sentence = (
        f"{job.model} version {proposal.version} is champion; it replaces version "
        f"{proposal.against}, approved by {who}."
    )
    key, tags = f"{proposal.key}-approval", VersionTags(previous_champion=proposal.against)
    move = Move(key, proposal.version, proposal.against, "promoted", sentence, tags)
    promotion = carry_out_move(job, move)
    state = "promoted" if promotion.promoted else "dropped"
    end_trial(open_registry(job.workspace), job.model, proposal, state)
    return promotion


@step("expire proposal", retries=2)
def expire_proposal(job: Job, proposal: Trial) -> Promotion:
    """Close a proposal that nobody answered; the champion stays."""
    return _close(job, proposal, "expired", "nobody answered in time")


@step("ask for approval", retries=2)
def ask_for_approval(job: Job, promotion: Promotion) -> str | None:
    """Start the approval deployment, whose run shows the form, and return the page of that run.

    None where nothing waits for approval, in a backtest, and where the Prefect server has no such
    deployment: the answer is then given on the command line.
    """
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    if promotion.waits_for != "approval" or in_memory(job.workspace) is not None:
        return None
    if own_server() is None:
        return None
    try:
        parameters = {"model": job.model, "version": promotion.version}
        run = run_deployment(
            DEPLOYMENT,
            parameters={**parameters, "workspace": str(job.workspace.root)},
            timeout=0,
            as_subflow=False,
            idempotency_key=f"approve-{job.model}-{promotion.version}",
        )
    except ObjectNotFound:
        return None
    except OSError as error:
        raise UnavailableError(f"the Prefect server does not answer: {error}") from error
    return _note_form(job, promotion, prefect_run_url(run.id))  # type: ignore[union-attr]


def _note_form(job: Job, promotion: Promotion, form: str | None) -> str | None:
    """Store the page of the form with what waits, for later messages, and return it."""
    registry = open_registry(job.workspace)
    proposal = waiting_proposal(registry, job.model)
    if form is not None and proposal is not None and proposal.version == promotion.version:
        store_trial(registry, job.model, replace(proposal, form=form))
    return form


def _close(job: Job, proposal: Trial, kind: Literal["declined", "expired"], why: str) -> Promotion:
    new, old = proposal.version, proposal.against
    sentence = f"Version {new} was not promoted: {why}. Version {old} stays champion."
    with promotion_slot(job):
        ended = end_of_proposal(read_ledger(open_registry(job.workspace), job.model), proposal.key)
        if ended is not None:  # by the other way to answer
            return as_of_today(job, ended)
        key = f"{proposal.key}-{kind}"
        record_outcome_once(job, kind, key, proposal.version, proposal.against, sentence)
        end_trial(open_registry(job.workspace), job.model, proposal, kind)
    return Promotion(False, proposal.version, proposal.against, sentence)
