"""Delivery of all models' waiting messages."""

from dataclasses import dataclass, field

from driftloop.alerts.channels import Channel
from driftloop.alerts.messages.wording import count
from driftloop.alerts.responses import DeliveryReport
from driftloop.base.errors import DriftloopError
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from tasks.alerts.deliver import deliver
from tasks.alerts.digest import DIGEST, channels_of
from tasks.alerts.write import UndeliveredError, console
from tasks.reporting.publish_metrics import publish
from tasks.runtime.step import step


@step("deliver alerts of all models")
def deliver_all(
    workspace: Workspace, configs: tuple[ModelConfig, ...], broken: tuple[str, ...] = ()
) -> DeliveryReport:
    """Send the waiting messages of every model and the digests, then publish the metrics.

    A failure of one model does not stop the others.

    Args:
        workspace: the workspace of the models.
        configs: every model's configuration.
        broken: errors of invalid configurations, whose models are left out.

    Raises:
        UndeliveredError: with the record, where something could not be delivered or published.
    """
    delivery = _DeliveryOfAll(workspace, errors=list(broken))
    for config in configs:
        delivery.deliver(config.model, config.alerts.channels)
    delivery.deliver(DIGEST, channels_of(configs))
    for config in configs:
        delivery.publish(config)
    report = delivery.report()
    if report.errors:
        raise UndeliveredError(f"{report.sentence} {'; '.join(report.errors)}", report)
    return report


@dataclass(slots=True)
class _DeliveryOfAll:
    """The delivery of all models in progress."""

    workspace: Workspace
    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    held: int = 0
    errors: list[str] = field(default_factory=list)

    def deliver(self, model: str, channels: tuple[Channel, ...]) -> None:
        """Deliver the messages of one model, and note what became of them."""
        try:
            delivered = deliver(self.workspace, model, channels, console())
        except DriftloopError as error:
            self.errors.append(f"{model}: {error}")
            return
        self.sent += delivered.sent
        self.waiting += delivered.failed
        self.held += delivered.held
        if delivered.error:
            self.errors.append(f"{model}: {delivered.error}")

    def publish(self, config: ModelConfig) -> None:
        """Publish the metrics of one model, so that they say what could not be delivered."""
        try:
            publish(self.workspace, config)
        except DriftloopError as error:
            self.errors.append(f"{config.model}: {error}")

    def report(self) -> DeliveryReport:
        """Return what was delivered, and what was not."""
        sentence = f"{count(len(self.sent), 'message')} sent, {len(self.waiting)} could not be sent"
        if self.held:
            sentence += f", {self.held} held back by quiet hours or a mute"
        sent, waiting, errors = tuple(self.sent), tuple(self.waiting), tuple(self.errors)
        return DeliveryReport(sent, waiting, self.held, errors, f"{sentence}.")
