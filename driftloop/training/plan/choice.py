"""The choice among training windows: validation in time order, on rows before the holdout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftloop.base.periods import Span
from driftloop.base.retrain_record import WindowScore
from driftloop.base.scores import metric_name, named_score
from driftloop.performance.bootstrap import Model, resampled_scores
from driftloop.performance.metrics import MetricName, Scores, score
from driftloop.profiling.reference_profile import Features
from driftloop.training.plan.candidates import SINCE_CHANGE
from driftloop.training.training import Examples, TrainingSettings, fit, predict
from driftloop.training.tuning import at_best_threshold

FOLDS, RESAMPLES = 3, 200

Load = Callable[[slice, Span | None], Examples]
"""Returns a run of labelled rows to learn from, weighted by a half-life if there is one."""


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """How candidate windows are compared.

    Args:
        load: returns a run of the labelled rows.
        end: the row at which the holdout begins.
        settings: how candidates are trained.
        features: columns to learn from.
        metric: what decides.
    """

    load: Load
    end: int
    settings: TrainingSettings
    features: Features
    metric: MetricName

    def among(
        self, candidates: Sequence[WindowScore]
    ) -> tuple[WindowScore, tuple[WindowScore, ...]]:
        """Return the chosen candidate and all of them, with their validation scores.

        The newest rows before the holdout are cut into folds. In each, all candidates train on
        their rows before it and are scored on the same rows; their scores are averaged. The rows
        since a detected change win, which carry nothing of what is past, if they are within one
        standard error of the best score: a change that was found is evidence. Else, among those
        that the best is not better than by one standard error of the difference, the most rows do,
        all alike: to forget without a reason has to prove better.

        Source of the rule: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd
        ed., section 7.10; of the folds: Tashman, Out-of-sample tests of forecasting accuracy,
        International Journal of Forecasting 16, 2000 (rolling origin).
        """
        if len(candidates) == 1:
            return candidates[0], tuple(candidates)
        folds = self._folds(candidates)
        judged = (self._on_fold(fold, folds[0].start, candidates) for fold in folds)
        known = [scores for scores in judged if scores is not None]
        where = f"on the newest {folds[0].stop - folds[-1].start:,} training rows"
        if not known:
            undefined = f"{metric_name(self.metric, begins=True)} is undefined {where}"
            scored = tuple(replace(candidate, sentence=undefined) for candidate in candidates)
            return max(scored, key=lambda candidate: candidate.rows), scored
        if len(known) > 1:
            where = f"{where}, in {len(known)} parts"
        values = np.mean([fold.values for fold in known], axis=0)
        scored = tuple(
            replace(candidate, score=value, sentence=f"{named_score(self.metric, value)} {where}")
            for candidate, value in zip(candidates, values.tolist(), strict=True)
        )
        return _taken(scored, values, np.mean([fold.drawn for fold in known], axis=0))

    def _folds(self, candidates: Sequence[WindowScore]) -> list[slice]:
        """Return the runs of rows that candidates are scored on, the newest first.

        Each holds a share of the rows of the smallest candidate. Together they are at most half of
        all rows: the others are there to learn from. With rows since a change it is one fold: in an
        older one these would be judged by what half of them can teach.
        """
        smallest = min(candidate.rows for candidate in candidates)
        share = int(smallest * self.settings.holdout.share)
        length = min(max(share, 50), smallest // 2)
        most = 1 if any(candidate.candidate == SINCE_CHANGE for candidate in candidates) else FOLDS
        longest = max(candidate.rows for candidate in candidates)
        count = max(1, min(most, longest // 2 // length))
        return [slice(self.end - (n + 1) * length, self.end - n * length) for n in range(count)]

    def _on_fold(
        self, fold: slice, newest_start: int, candidates: Sequence[WindowScore]
    ) -> "_FoldScores | None":
        """Return how the candidates do on a fold, None where that is undefined for any of them.

        Each trains on its rows before the newest fold, and on as many before an older one, as far
        as there are.
        """
        settings, newest = self.settings, self.load(fold, None)
        if not newest.learnable:
            return None
        models: list[Model] = []
        for candidate in candidates:
            first = max(0, self.end - candidate.rows - (newest_start - fold.start))
            past = self.load(slice(first, fold.start), candidate.half_life)
            if not past.learnable:
                return None
            balanced = settings.imbalance == "balanced"
            model = fit(settings.estimator, past, *self.features, settings.seed, balanced=balanced)
            p = predict(model, newest.table, newest.target)
            models.append((at_best_threshold(settings, self.metric, newest.y, p), None))
        values = np.array([score(self.metric, newest.y, *model) for model in models])
        if not np.isfinite(values).all():
            return None
        drawn = resampled_scores(self.metric, newest.y, tuple(models), RESAMPLES, settings.seed)
        return _FoldScores(values, np.array(drawn))


@dataclass(frozen=True, slots=True)
class _FoldScores:
    """The scores of all candidates on one fold (c,), and on resamples of its rows (c, b)."""

    values: Scores
    drawn: Scores


def _taken(
    scored: tuple[WindowScore, ...], values: Scores, drawn: Scores
) -> tuple[WindowScore, tuple[WindowScore, ...]]:
    """Return the chosen candidate and all, by mean scores (c,) and resampled ones (c, b)."""
    best = int(values.argmax())
    since_change = np.array([candidate.candidate == SINCE_CHANGE for candidate in scored])
    against = np.where(since_change[:, None], 0, drawn)
    errors = np.std(drawn[best] - against, axis=1, ddof=1)
    near = np.flatnonzero(~(values[best] - values > errors))  # also where one is undefined
    chosen = max((scored[place] for place in near), key=_preferred)
    said = f"{chosen.sentence}; chosen: {_why(chosen, scored[best])}"
    explained = replace(chosen, sentence=said)
    return explained, tuple(explained if each is chosen else each for each in scored)


def _preferred(candidate: WindowScore) -> tuple[bool, int, bool]:
    """Return what decides among candidates that are as good, the largest first."""
    return candidate.candidate == SINCE_CHANGE, candidate.rows, candidate.half_life is None


def _why(chosen: WindowScore, best: WindowScore) -> str:
    """Return why a window was chosen, also where another one scored better."""
    if chosen is best:
        return "the best score"
    why = "it holds no row from before the change" if chosen.candidate == SINCE_CHANGE else ""
    return f"as good within one standard error, and {why or 'it has the most rows'}"
