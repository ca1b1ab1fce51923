"""The weekly digest: one line per model, for every channel that wants it."""

from datetime import datetime, timedelta
from functools import partial

from driftloop.alerts.channels import Channel
from driftloop.alerts.incident import AlertState, Post
from driftloop.alerts.messages.digest import DigestLine, digest_message
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import RunTags
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_configs
from driftloop.config.model_config import ModelConfig
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.documents import Documents, open_documents
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime import clock
from tasks.runtime.step import step

DIGEST = "_digest"
"""Digests wait to be sent in a document of their own; no model can have this name."""
WEEK = timedelta(days=7)


@step("read configurations")
def read_configs(workspace: Workspace) -> tuple[tuple[ModelConfig, ...], tuple[str, ...]]:
    """Return every model's configuration, and the errors of those that are not valid."""
    return load_configs(workspace.configs)


@step("write digest", retries=2)
def write_digest(
    workspace: Workspace, configs: tuple[ModelConfig, ...], until: datetime
) -> tuple[str, ...]:
    """Write the digest of the week before a moment for every channel; return those channels."""
    documents, registry = open_documents(workspace), open_registry(workspace)
    registered = registry.models()
    lines = {
        config.model: _line(documents, registry, config.model, config.model in registered, until)
        for config in configs
    }
    keys = tuple(channel.key for channel in channels_of(configs))
    for key in keys:
        models = [config.model for config in configs if key in _digest_channels(config)]
        message = digest_message(key, until, tuple(lines[model] for model in models))
        post = Post(message.key, "digest", "info", clock.now(), message, (key,))
        change_alerts(documents, DIGEST, partial(AlertState.write, post=post))
    return keys


def channels_of(configs: tuple[ModelConfig, ...]) -> tuple[Channel, ...]:
    """Return every configured channel that wants a digest, each once."""
    channels: dict[str, Channel] = {}
    for config in configs:
        for key, channel in _digest_channels(config).items():
            channels.setdefault(key, channel)
    return tuple(channels.values())


def _digest_channels(config: ModelConfig) -> dict[str, Channel]:
    return {channel.key: channel for channel in config.alerts.channels if channel.digest}


def _line(
    documents: Documents, registry: Registry, model: str, known: bool, until: datetime
) -> DigestLine:
    since, state = until - WEEK, read_alerts(documents, model)
    champion = registry.champion(model) if known else None
    past = registry.past_runs(model, until + timedelta(microseconds=1)) if known else ()
    ledger = read_ledger(registry, model) if known else ()
    incident = state.open
    return DigestLine(
        model=model,
        last=_last_run(registry, model, until) if known else None,
        age_days=_age(champion, until),
        open_since=incident.since if incident else None,
        severity=incident.severity if incident else None,
        incidents=_incidents(state, since),
        retrainings=sum(run.kind == "retrain" and run.as_of > since for run in past),
        promotions=sum(
            entry.kind == "promoted" and since < entry.as_of <= until for entry in ledger
        ),
        muted_until=state.muted_at(until),
    )


def _last_run(registry: Registry, model: str, until: datetime) -> RunTags | None:
    """Return the tags of the newest monitoring run, which may be from before the week."""
    before = until + timedelta(seconds=1)
    return next((run.tags for run in registry.finished(model, "monitor", before=before)), None)


def _age(champion: ModelVersion | None, until: datetime) -> int | None:
    if champion is None or champion.training is None:
        return None
    return (until - champion.training.window.end).days


def _incidents(state: AlertState, since: datetime) -> int:
    """Return how many incidents were opened in the week."""
    over = [past.opened_at for past in state.past]
    going_on = [state.open.opened_at] if state.open else []
    return sum(at > since for at in (*over, *going_on))
