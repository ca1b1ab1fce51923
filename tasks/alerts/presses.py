"""Presses of buttons: who may press, and the flow run that carries out what was requested."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from driftloop.alerts.blocks import Line, line
from driftloop.alerts.buttons import Button
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import link
from driftloop.base.errors import AlertError
from driftloop.base.workspace import Workspace
from driftloop.config.loading import find_config, load_config
from tasks.runtime import clock

MUTED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that a person pressed.

    `place` are the channel's id and name, `id` is one of this press alone: where it is reported
    twice, it counts once.
    """

    button: Button
    user: str
    name: str
    place: tuple[str, str]
    id: str

    @property
    def by(self) -> str:
        """Who pressed, as ledger and messages have it."""
        return f"{self.name} ({self.user} in Slack)" if self.name else f"{self.user} in Slack"


def carry_out(press: Press, workspace: Workspace) -> Line:
    """Start the flow run that does what was requested, and return a sentence for who pressed.

    It links to the run: the name that the run has now is another as soon as it works.

    Raises:
        AlertError: if the person may not, or the flow has no deployment on the Prefect server.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    from tasks.registry.run_links import prefect_run_url

    _check_allowed(press, workspace)
    name, parameters = requested_run(press)
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(name)
        except ObjectNotFound:
            raise AlertError(
                f"the deployment {name} is not registered; run 'driftloop deploy'"
            ) from None
        key = f"slack-{press.id}"
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters=parameters, idempotency_key=key
        )
    started = link("a run", prefect_run_url(run.id)) or "a run"
    return line(f"{press.button.label}: ", started, " was started, and its result will be posted.")


def requested_run(press: Press) -> tuple[str, dict[str, Any]]:
    """Return the deployment that does what was requested, and its parameters."""
    button, by = press.button, press.by
    parameters: dict[str, Any] = {"model": button.model, "by": by}
    match button.request:
        case "ack" | "not_a_problem" as request:
            return "acknowledge/tool-ack", {
                **parameters,
                "not_a_problem": request == "not_a_problem",
            }
        case "mute":
            return "mute/tool-mute", {**parameters, "until": (clock.now() + MUTED_FOR).isoformat()}
        case "approve" | "decline" as request:
            answer = {"version": button.version, "approved": request == "approve"}
            return "answer/tool-answer", {**parameters, **answer}
        case "rollback":
            return "rollback/rollback", {**parameters, "reason": f"Requested by {by}."}


def _check_allowed(press: Press, workspace: Workspace) -> None:
    """Raise `AlertError` unless the channel of the press lets its user answer for the model."""
    path = find_config(workspace.configs, press.button.model)
    channels = [
        channel
        for channel in load_config(path).alerts.channels
        if isinstance(channel, SlackChannel) and channel.channel.removeprefix("#") in press.place
    ]
    if not any(press.user in channel.answered_by for channel in channels):
        raise AlertError(
            f"{press.user} may not answer for {press.button.model} here; whoever may add it to "
            f"answered_by of the channel in configs/{path.name}"
        )
