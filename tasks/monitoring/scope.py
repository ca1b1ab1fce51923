"""Scope and criteria of monitoring: which columns of a model are analysed, and how judged."""

from collections.abc import Mapping
from types import MappingProxyType

from driftloop.decision.examination import Subject
from driftloop.drift.confirmation import Seen
from driftloop.drift.judge import Standard
from driftloop.profiling.reference_profile import Features
from tasks.runtime.job import Job

NO_IMPORTANCES: Mapping[str, float] = MappingProxyType({})


def subject(job: Job) -> Subject:
    """Return the features, quality checks and key column of a model."""
    config = job.config
    features = Features(config.features.numeric, config.features.categorical)
    return Subject(features, config.quality, config.data.key)


def standard(
    job: Job, importances: Mapping[str, float] = NO_IMPORTANCES, seen: Seen | None = None
) -> Standard:
    """Return what findings are judged by, with one run per window in mind.

    Without `seen` drift needs no confirmation by earlier runs, as when past windows are analysed.
    """
    settings = job.config.drift
    level = settings.level_of_run(365.25 / job.config.windows.current.days)
    return Standard(settings, level, importances, seen)
