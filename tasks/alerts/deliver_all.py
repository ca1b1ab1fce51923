"""Delivery of all models' waiting messages."""

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

    A failure of one model does not stop the others. `broken` are the errors of configurations that
    are not valid, whose models are left out.

    Raises:
        UndeliveredError: with the record, where something could not be delivered or published.
    """
    sent: list[str] = []
    waiting: list[str] = []
    held, errors = 0, list(broken)
    targets = [(config.model, config.alerts.channels) for config in configs]
    for model, channels in (*targets, (DIGEST, channels_of(configs))):
        try:
            delivery = deliver(workspace, model, channels, console())
        except DriftloopError as error:
            errors.append(f"{model}: {error}")
            continue
        sent += delivery.sent
        waiting += delivery.failed
        held += delivery.held
        errors += [f"{model}: {delivery.error}"] if delivery.error else []
    for config in configs:  # the metrics say what could not be delivered
        try:
            publish(workspace, config)
        except DriftloopError as error:
            errors.append(f"{config.model}: {error}")
    sentence = f"{count(len(sent), 'message')} sent, {len(waiting)} could not be sent"
    sentence += f", {held} held back by quiet hours or a mute." if held else "."
    report = DeliveryReport(tuple(sent), tuple(waiting), held, tuple(errors), sentence)
    if errors:
        raise UndeliveredError(f"{sentence} {'; '.join(errors)}", report)
    return report
