"""Events sent to the Prefect server, for automations and for people."""

import os
from collections.abc import Iterable
from uuid import UUID, uuid5

from driftloop.alerts.events import Event
from tasks.runtime.job import Job

_NAMESPACE = UUID("3c9a4e0e-5f0b-4f0e-9d5c-6f2a6c1b7d1e")


def emit(job: Job, events: Iterable[Event]) -> None:
    """Send events; Prefect attaches the current run.

    A repeated run sends them under the same ids, which the server stores once. Without a permanent
    server no automation could wait for them, so none are sent, nor from a dry run. Sending is best
    effort: what must not be lost is sent as an alert.
    """
    if job.dry_run or not os.environ.get("PREFECT_API_URL"):
        return
    from prefect.events import emit_event

    for event in events:
        emit_event(
            event.name,
            resource={
                "prefect.resource.id": f"driftloop.model.{event.model}",
                "prefect.resource.name": event.model,
                "prefect.resource.role": "model",
            },
            payload=dict(event.payload),
            id=uuid5(_NAMESPACE, event.key),
        )
