"""Flows about alerts: acknowledge, mute, test, deliver waiting messages, and the weekly digest."""

from datetime import datetime

from prefect import flow, tags

from driftloop.alerts.events import acknowledged_event
from driftloop.alerts.responses import Acknowledged, DeliveryReport, Muted, TestAlert
from driftloop.base.workspace import find_workspace
from flows.naming import all_models_run_name, resolve_as_of, run_name
from tasks.alerts.deliver_all import deliver_all
from tasks.alerts.digest import read_configs, write_digest
from tasks.alerts.respond import acknowledge_incident, mute_alerts, try_channels
from tasks.alerts.write import deliver_alerts, undelivered
from tasks.reporting.publish_metrics import publish_after_run
from tasks.runtime.events import emit
from tasks.runtime.prepare import prepare_job


@flow(name="acknowledge", flow_run_name=run_name)
def acknowledge(
    model: str,
    by: str = "",
    comment: str = "",
    workspace: str | None = None,
    not_a_problem: bool = False,
) -> Acknowledged:
    """Take on a model's open incident, so that others know that somebody is working on it.

    Args:
        model: name of a configuration in `configs/`.
        by: who takes it on; shown in the message.
        comment: shown in the message as well.
        workspace: folder with `configs/`; the working directory if left out.
        not_a_problem: whether they see no problem in it; kept with the incident.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), None, False, workspace)
        response = acknowledge_incident(job, by, comment, not_a_problem)
        emit(job, [acknowledged_event(response, job.as_of)])
        undelivered(deliver_alerts(job, return_state=True), response, publish_after_run(job))
        return response


@flow(name="mute", flow_run_name=run_name)
def mute(
    model: str, until: datetime | None = None, by: str = "", workspace: str | None = None
) -> Muted:
    """Hold back a model's messages until a moment; without one, stop holding them back.

    Incidents are still tracked, and their messages are sent afterwards.

    Args:
        model: name of a configuration in `configs/`.
        until: when messages are sent again; at once if left out.
        by: who mutes it.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), None, False, workspace)
        response = mute_alerts(job, None if until is None else resolve_as_of(until), by)
        undelivered(deliver_alerts(job, return_state=True), response, publish_after_run(job))
        return response


@flow(name="try_alert", flow_run_name=run_name)
def try_alert(model: str, workspace: str | None = None) -> TestAlert:
    """Send a message that is marked as a test through every channel of a model.

    Args:
        model: name of a configuration in `configs/`.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(None), None, False, workspace)
        return try_channels(job)


@flow(name="deliver", flow_run_name=all_models_run_name)
def deliver(workspace: str | None = None) -> DeliveryReport:
    """Send the waiting messages of every model: after an outage, quiet hours or a mute.

    Args:
        workspace: folder with `configs/`; the working directory if left out.
    """
    place = find_workspace(workspace)
    return deliver_all(place, *read_configs(place))


@flow(name="digest", flow_run_name=all_models_run_name)
def digest(as_of: datetime | None = None, workspace: str | None = None) -> DeliveryReport:
    """Send every channel a digest of its models: one line each on the week before a moment.

    Args:
        as_of: the end of the week; the scheduled time of the run if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    place = find_workspace(workspace)
    configs, broken = read_configs(place)
    write_digest(place, configs, resolve_as_of(as_of))
    return deliver_all(place, configs, broken)
