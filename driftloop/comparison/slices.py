"""Scores of both models on the newest part of the holdout and on the older part."""

from driftloop.base.scores import Score, SliceScores
from driftloop.performance.bootstrap import Model, interval, resampled_scores
from driftloop.performance.metrics import MetricName, Truth, score

_LEAST = 6
"""Fewer rows than this are not split."""


def slice_scores(
    metric: MetricName,
    y: Truth,
    models: tuple[Model, ...],
    *,
    count: int,
    confidence: float,
    seed: int,
) -> tuple[SliceScores, ...]:
    """Return the scores on the newest third of the rows and on the older ones, each apart.

    Args:
        metric: larger is better.
        y: the truth in time order (n,).
        models: the challenger, and the champion if there is one.
        count: bootstrap resamples of each slice.
        confidence: two-sided confidence of every interval.
        seed: of the resampling.
    """
    if len(y) < _LEAST:
        return ()
    edge = len(y) - len(y) // 3
    return tuple(
        _slice(
            name,
            metric,
            y[rows],
            tuple((p[rows], threshold) for p, threshold in models),
            count,
            confidence,
            seed,
        )
        for name, rows in (("newest", slice(edge, None)), ("older", slice(0, edge)))
    )


def _slice(
    name: str,
    metric: MetricName,
    y: Truth,
    models: tuple[Model, ...],
    count: int,
    confidence: float,
    seed: int,
) -> SliceScores:
    drawn = resampled_scores(metric, y, models, count, seed)
    scores = [
        Score(metric, score(metric, y, p, threshold), *interval(values, y, confidence), len(p))
        for (p, threshold), values in zip(models, drawn, strict=True)
    ]
    if len(scores) == 1:
        return SliceScores(name, len(y), None, scores[0], None, None, None)
    new, old = scores
    low, high = interval(drawn[0] - drawn[1], y, confidence)
    return SliceScores(name, len(y), old, new, new.value - old.value, low, high)
