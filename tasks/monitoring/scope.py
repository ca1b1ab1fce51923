"""What of a model is examined, and by which standard."""

from collections.abc import Mapping
from types import MappingProxyType

from driftloop.decision.examination import Subject
from driftloop.drift.confirmation import Seen
from driftloop.drift.judge import Standard
from driftloop.profiling.reference_profile import Features
from tasks.runtime.job import Job

NO_IMPORTANCES: Mapping[str, float] = MappingProxyType({})


def subject(job: Job) -> Subject:
    """Return the features, checks and key of a model."""
    config = job.config
    features = Features(config.features.numeric, config.features.categorical)
    return Subject(features, config.quality, config.data.key)


def standard(
    job: Job, importances: Mapping[str, float] = NO_IMPORTANCES, seen: Seen | None = None
) -> Standard:
    """Return what findings are judged by: one run a window, so many a year.

    Without `seen` no confirmation is asked for, as where one looks back at past windows.
    """
    settings = job.config.drift
    level = settings.level_of_run(365.25 / job.config.windows.current.days)
    return Standard(settings, level, importances, seen)
