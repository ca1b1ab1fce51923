"""A sweep: what waits of any model is delivered."""

from dataclasses import dataclass, field

from driftloop.alerts.channels import Channel
from driftloop.alerts.messages.wording import count
from driftloop.alerts.responses import Swept
from driftloop.base.errors import DriftloopError
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from tasks.alerts.deliver import deliver
from tasks.alerts.digest import DIGEST, channels_of
from tasks.alerts.write import UndeliveredError, console
from tasks.reporting.publish_metrics import publish
from tasks.runtime.step import step


@step("deliver alerts of all models")
def sweep(
    workspace: Workspace, configs: tuple[ModelConfig, ...], broken: tuple[str, ...] = ()
) -> Swept:
    """Send what waits of every model and of the digests, and then publish the metrics.

    A model that fails stops no other.

    Args:
        workspace: whose.
        configs: every model's configuration.
        broken: errors of configurations that are not valid, whose models cannot be told of.

    Raises:
        UndeliveredError: with the record, where something could not be delivered or published.
    """
    round_ = _Round(workspace, errors=list(broken))
    for config in configs:
        round_.deliver(config.model, config.alerts.channels)
    round_.deliver(DIGEST, channels_of(configs))
    for config in configs:
        round_.publish(config)
    swept = round_.swept()
    if swept.errors:
        raise UndeliveredError(f"{swept.sentence} {'; '.join(swept.errors)}", swept)
    return swept


@dataclass(slots=True)
class _Round:
    """One sweep in progress."""

    workspace: Workspace
    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    held: int = 0
    errors: list[str] = field(default_factory=list)

    def deliver(self, model: str, channels: tuple[Channel, ...]) -> None:
        """Deliver the messages of one model, and note what became of them."""
        try:
            delivery = deliver(self.workspace, model, channels, console())
        except DriftloopError as error:
            self.errors.append(f"{model}: {error}")
            return
        self.sent += delivery.sent
        self.waiting += delivery.failed
        self.held += delivery.held
        if delivery.error:
            self.errors.append(f"{model}: {delivery.error}")

    def publish(self, config: ModelConfig) -> None:
        """Publish the metrics of one model, so that they say what could not be delivered."""
        try:
            publish(self.workspace, config)
        except DriftloopError as error:
            self.errors.append(f"{config.model}: {error}")

    def swept(self) -> Swept:
        """Return what the sweep did."""
        told = f"{count(len(self.sent), 'message')} sent, {len(self.waiting)} could not be sent"
        held = f", {self.held} held back by quiet hours or a mute" if self.held else ""
        sent, waiting, errors = tuple(self.sent), tuple(self.waiting), tuple(self.errors)
        return Swept(sent, waiting, self.held, errors, f"{told}{held}.")
