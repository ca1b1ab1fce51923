"""A person's answer to a proposed challenger: by a form in Prefect, or on the command line."""

from datetime import UTC, datetime
from typing import Literal

from prefect.input import RunInput
from pydantic import Field

from driftloop.base.errors import RegistryError, UnavailableError
from driftloop.base.periods import format_time
from driftloop.base.records import Promotion
from tasks.coordination.slots import promotion_slot
from tasks.promotion.promote import Move, carry_out
from tasks.promotion.proposals import Watched, end_watch, waiting_proposal
from tasks.registry.ledger import note_once
from tasks.registry.memory import in_memory
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.step import step

DEPLOYMENT = "approve/approve"
_LONGEST_WAIT = 30 * 86_400


class Answer(RunInput):
    """The form that a paused approval shows in the Prefect UI."""

    decision: Literal["promote the challenger", "keep the champion"] = Field(
        default="keep the champion", description="What is to be done."
    )
    by: str = Field(default="", description="Who decides; it goes into the promotion ledger.")
    comment: str = Field(default="", description="Why; it goes into the promotion ledger.")

    @property
    def approved(self) -> bool:
        """Whether the challenger is to be promoted."""
        return self.decision == "promote the challenger"


def answer_to(approved: bool, by: str, comment: str) -> Answer:
    """Return an answer that was not given through the form."""
    decision = "promote the challenger" if approved else "keep the champion"
    return Answer.model_validate({"decision": decision, "by": by, "comment": comment})


def form_for(proposal: Watched) -> Answer:
    """Wait for a person's answer in the Prefect UI.

    A run of a deployment is suspended, so that it holds no worker while it waits; any other run
    pauses where it is.

    Raises:
        FlowPauseTimeout: if nobody answers by the deadline.
    """
    from prefect.flow_runs import pause_flow_run, suspend_flow_run
    from prefect.runtime import deployment

    form = Answer.with_initial_data(
        description=(
            f"**Version {proposal.version}** is proposed in place of version "
            f"{proposal.against}.\n\n{proposal.sentence}"
        )
    )
    left = seconds_left(proposal)
    if deployment.id:
        return suspend_flow_run(wait_for_input=form, timeout=left)
    return pause_flow_run(wait_for_input=form, timeout=left)


def seconds_left(proposal: Watched) -> int:
    """Return how long an answer is still waited for, at least a second."""
    if proposal.until is None:
        return _LONGEST_WAIT
    return max(1, int((proposal.until - datetime.now(UTC)).total_seconds()))


@step("find proposal", retries=2)
def find_proposal(job: Job, version: str | None) -> Watched:
    """Return the challenger that waits for an answer.

    Raises:
        RegistryError: if none waits, or not this version.
    """
    watched = waiting_proposal(open_registry(job.workspace), job.model)
    if watched is None:
        raise RegistryError(f"{job.model}: no challenger waits for approval")
    if version is not None and version != watched.version:
        raise RegistryError(
            f"{job.model}: version {version} does not wait for approval; version {watched.version} "
            "does"
        )
    return watched


@step("answer proposal", retries=2)
def answer_proposal(job: Job, proposal: Watched, answer: Answer) -> Promotion:
    """Promote or decline a proposed challenger; an answer after the deadline comes too late."""
    comment = answer.comment.strip().rstrip(".")
    who = f"{answer.by or 'somebody'}{f': {comment}' if comment else ''}"
    if proposal.until is not None and datetime.now(UTC) >= proposal.until > proposal.as_of:
        late = f"the answer came after {format_time(proposal.until)} UTC"
        return _close(job, proposal, "expired", late)
    if not answer.approved:
        return _close(job, proposal, "declined", f"declined by {who}")
    told = (
        f"{job.model} version {proposal.version} is champion; it replaces version "
        f"{proposal.against}, approved by {who}."
    )
    key, tags = f"{proposal.key}-approval", {"previous_champion": proposal.against}
    move = Move(key, proposal.version, proposal.against, "promoted", told, tags)
    done = carry_out(job, move)
    state = "promoted" if done.promoted else "dropped"
    end_watch(open_registry(job.workspace), job.model, proposal, state)
    return done


@step("expire proposal", retries=2)
def expire_proposal(job: Job, proposal: Watched) -> Promotion:
    """Close a proposal that nobody answered; the champion stays."""
    return _close(job, proposal, "expired", "nobody answered in time")


@step("ask for approval", retries=2)
def ask_for_approval(job: Job, promotion: Promotion) -> str | None:
    """Start the approval deployment, where a person finds the form; return its flow run.

    None where nothing waits, in a rehearsal, and where the Prefect server has no such deployment:
    the command line answers then.
    """
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import get_current_settings

    if promotion.waits_for != "approval" or in_memory(job.workspace) is not None:
        return None
    if get_current_settings().api.url is None:
        return None
    try:
        run = run_deployment(
            DEPLOYMENT,
            parameters={
                "model": job.model,
                "version": promotion.version,
                "workspace": str(job.workspace.root),
            },
            timeout=0,
            as_subflow=False,
            idempotency_key=f"approve-{job.model}-{promotion.version}",
        )
    except ObjectNotFound:
        return None
    except OSError as error:
        raise UnavailableError(f"the Prefect server does not answer: {error}") from error
    return str(run.id)  # type: ignore[union-attr]


def _close(
    job: Job, proposal: Watched, kind: Literal["declined", "expired"], why: str
) -> Promotion:
    told = f"Version {proposal.version} was not promoted: {why}. {proposal.against} stays champion."
    with promotion_slot(job):
        key = f"{proposal.key}-{kind}"
        note_once(job, kind, key, proposal.version, proposal.against, told)
        end_watch(open_registry(job.workspace), job.model, proposal, kind)
    return Promotion(False, proposal.version, proposal.against, told)
