"""Interim results of a trial: two models on the same labelled rows, and a sentence on them."""

import numpy as np

from driftloop.base.periods import Window
from driftloop.base.scores import metric_name, number, score_text
from driftloop.performance.bootstrap import Model, resampled_scores
from driftloop.performance.metrics import MetricName, Truth, score
from driftloop.promotion.sequential import InterimResult, TrialVerdict

RESAMPLES = 400


def interim_result(
    metric: MetricName, window: Window, y: Truth, models: tuple[Model, Model], seed: int = 0
) -> InterimResult | None:
    """Return the difference of two models on a window with its standard error.

    The error is the standard deviation of the difference over paired, stratified resamples. None
    where a score is undefined, or where the models predict alike. `y` is the truth (n,), and
    `models` are the version on trial and the one it is compared with.
    """
    newer, older = models
    difference = score(metric, y, *newer) - score(metric, y, *older)
    if not np.isfinite(difference):
        return None
    new, old = resampled_scores(metric, y, models, RESAMPLES, seed)
    error = float(np.nanstd(new - old, ddof=1))
    return InterimResult(window, len(y), float(difference), error) if error > 0 else None


def trial_sentence(verdict: TrialVerdict, metric: str, version: str, against: str) -> str:
    """Return one sentence on how a trial stands."""
    status = {
        "going_on": "nothing is proven yet",
        "better": "it is proven better",
        "worse": "it is proven worse",
        "undecided": "nothing was proven",
    }[verdict.status]
    gain = f"{metric_name(metric)} {score_text(metric, verdict.difference, '+')}"
    return (
        f"Version {version} against {against} on {verdict.looks} of {verdict.planned} labelled "
        f"windows: {gain}; {status} (Z {number(verdict.z, '+')}, bound {number(verdict.bound)})."
    )
