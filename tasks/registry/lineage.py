"""Lineage of a version: tags that say which data it was trained on and what it predicts."""

import hashlib
from dataclasses import replace

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import RegistryError
from driftloop.base.periods import Window
from driftloop.base.scores import Score
from driftloop.base.tags import VersionTags
from driftloop.performance.target import Classes, Quantity, Target
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.job import Job, once

QUANTITY = "quantity"
"""The value of a regression's tag that says what it predicts."""


def md5_of(snapshot: Snapshot) -> str:
    """Return one digest over the paths and contents of all batches of a snapshot."""
    listed = "\n".join(f"{file.md5} {file.path}" for file in snapshot.files)
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()


def data_tags(training: DataSlice, holdout: Window) -> VersionTags:
    """Return the tags by which a version carries the coordinates of its data."""
    snapshot = training.snapshot
    return VersionTags(
        repository=snapshot.repository,
        rev=snapshot.rev,
        path=snapshot.path,
        files=len(snapshot.files),
        md5=md5_of(snapshot),
        train_start=training.window.start,
        train_end=training.window.end,
        excluded=training.excluded,
        rows=training.rows,
        holdout_start=holdout.start,
        holdout_end=holdout.end,
    )


def with_score(tags: VersionTags, score: Score, target: Target) -> VersionTags:
    """Return the tags with a holdout score, and with what the version predicts."""
    return replace(predicting(tags, target), score=score)


def predicting(tags: VersionTags, target: Target) -> VersionTags:
    """Return the tags with what the version predicts."""
    if isinstance(target, Quantity):
        return replace(tags, predicts=QUANTITY)
    return replace(tags, classes=target.names)


def registered_tags(registry: Registry, model: str, version: str) -> VersionTags:
    """Return a version's tags, read once a run: for what it is registered with, and keeps."""
    return once((registry, model, version), lambda: registry.tags(model, version))


def target_of(registry: Registry, model: str, version: str) -> Target:
    """Return what a version predicts: its classes, or a quantity.

    Raises:
        RegistryError: if the version does not say.
    """
    tags = registered_tags(registry, model, version)
    if tags.predicts == QUANTITY:
        return Quantity()
    if tags.classes is None:
        raise RegistryError(
            f"{model} version {version} was not registered by driftloop (it has no "
            f"{VersionTags.tag_name('classes')} tag); train one with 'driftloop retrain'"
        )
    return Classes(tags.classes)


def target_for(job: Job, version: str) -> Target:
    """Return what a version is judged by: what it predicts, or the classes that `value` lists.

    Raises:
        RegistryError: if the version does not say.
    """
    target = target_of(open_registry(job.workspace), job.model, version)
    valued = job.config.valued_classes
    return Classes(valued) if valued and isinstance(target, Classes) else target
