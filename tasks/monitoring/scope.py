"""Scope and criteria of monitoring: which columns of a model are analysed, and how judged."""

from collections.abc import Mapping
from types import MappingProxyType

from driftloop.base.windows import SeasonReference
from driftloop.decision.window_analysis import AnalysisScope
from driftloop.drift.confirmation import DriftHistory
from driftloop.drift.judge import JudgingCriteria
from tasks.runtime.job import Job

NO_IMPORTANCES: Mapping[str, float] = MappingProxyType({})


def analysis_scope(job: Job) -> AnalysisScope:
    """Return the features, quality checks and key column of a model."""
    config = job.config
    features, key = config.features.by_type, config.data.key
    return AnalysisScope(features, config.quality, key, job.workspace.root)


def criteria(
    job: Job, importances: Mapping[str, float] = NO_IMPORTANCES, seen: DriftHistory | None = None
) -> JudgingCriteria:
    """Return what findings are judged by, with one run per window in mind.

    Without `seen` drift needs no confirmation by earlier runs, as when past windows are analysed.
    """
    settings = job.config.drift
    level = settings.level_of_run(365.25 / job.config.windows.current.days)
    seasonal = isinstance(job.config.windows.reference, SeasonReference)
    return JudgingCriteria(settings, level, importances, seen, seasonal)
