"""Successive halving with scikit-learn."""

import warnings
from math import floor, log
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from driftloop.training.search.base import Rows, Search, SearchProblem, SearchTrial, TimeLimit
from driftloop.training.search.space import Parameters, Trials, propose


class Halving(Search):
    """Successive halving: many proposals on few rows, the best of them on more and more rows.

    Source: scikit-learn ``HalvingGridSearchCV``; Jamieson & Talwalkar, Non-stochastic best arm
    identification and hyperparameter optimization, AISTATS 2016.
    """

    kind: Literal["halving"] = "halving"
    trials: Trials = 6
    factor: int = Field(
        default=3, ge=2, le=10, description="One in this many goes on to the next round."
    )

    def search(self, problem: SearchProblem, seed: int) -> tuple[SearchTrial, ...]:
        """Return the trials, best first: those that went on longest, then by their score."""
        from sklearn.experimental import enable_halving_search_cv  # noqa: F401
        from sklearn.model_selection import HalvingGridSearchCV

        proposals = propose(self.space, self.trials, problem.configured, seed)
        if len(proposals) == 1 or not problem.folds:
            return (SearchTrial({}, float("nan")),)
        rounds = 1 + floor(log(len(proposals), self.factor))
        most = problem.rows // self.factor ** (rounds - 1)
        smallest = min(len(part) for fold in problem.folds for part in fold)
        drawn = -(-2 * problem.rows // smallest)  # no part of a fold may be drawn empty
        min_rows = min(problem.rows, max(problem.min_rows, most, drawn))
        total = _fits(len(proposals), problem.rows, min_rows, self.factor)
        candidate, scorer = _candidate(problem, TimeLimit(self.minutes), total)
        halving = HalvingGridSearchCV(
            candidate,
            {"parameters": proposals},
            scoring=scorer,
            cv=list(problem.folds),
            refit=False,
            return_train_score=False,
            error_score="raise",
            factor=self.factor,
            min_resources=min_rows,
            random_state=seed,
        )
        rows = np.arange(problem.rows).reshape(-1, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            halving.fit(rows, np.zeros(problem.rows))
        return _ranked(proposals, halving.cv_results_, problem.rows)


def _fits(proposals: int, rows: int, min_rows: int, factor: int) -> int:
    """Return how many proposals halving evaluates, over all its rounds."""
    rounds = min(1 + floor(log(rows // min_rows, factor)), 1 + floor(log(proposals, factor)))
    total = 0
    for _ in range(rounds):
        total += proposals
        proposals = -(-proposals // factor)
    return total


def _candidate(problem: SearchProblem, time_limit: TimeLimit, total: int) -> tuple[Any, Any]:
    """Return a stand-in for an estimator whose one parameter is a proposal, and its scorer."""
    from sklearn.base import BaseEstimator

    class Candidate(BaseEstimator):  # type: ignore[misc]
        def __init__(self, parameters: Parameters | None = None) -> None:
            self.parameters = parameters

        def fit(self, X: Rows, y: Any = None) -> Self:  # noqa: N803
            self.past_ = np.sort(X[:, 0])
            return self

    scored = 0

    def scorer(candidate: Candidate, X: Rows, y: Any) -> float:  # noqa: N803
        nonlocal scored
        scored += 1
        if scored % len(problem.folds) == 0:
            problem.on_trial(scored // len(problem.folds), total)
        first = scored <= len(problem.folds)  # the configured settings
        if not time_limit.seconds_left and not first:
            return float("nan")
        return problem.score(candidate.parameters or {}, candidate.past_, np.sort(X[:, 0]))

    return Candidate({}), scorer


def _ranked(
    proposals: list[Parameters], results: dict[str, Any], rows: int
) -> tuple[SearchTrial, ...]:
    """Return each proposal with the score of the last round that could score it."""
    last: dict[int, tuple[int, SearchTrial]] = {
        place: (-1, SearchTrial(proposal, float("nan"))) for place, proposal in enumerate(proposals)
    }
    columns = ("iter", "n_resources", "mean_test_score", "params")
    for round_, used, score, written in zip(*(results[name] for name in columns), strict=True):
        place = proposals.index(written["parameters"])
        if not np.isnan(score) and round_ > last[place][0]:
            last[place] = (int(round_), SearchTrial(proposals[place], float(score), used / rows))
    order = sorted(
        last.values(), key=lambda last: (-last[0], -np.nan_to_num(last[1].score, nan=-np.inf))
    )
    return tuple(trial for _, trial in order)
