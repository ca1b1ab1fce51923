"""Tree-structured Parzen estimators with Optuna."""

from typing import Any, Literal

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.training.search.base import Search, SearchProblem, SearchTrial, TimeLimit
from driftloop.training.search.space import Parameters, Range, Trials


class Optuna(Search):
    """Tree-structured Parzen estimators: each proposal learns from those before it.

    Proposals below the median of the others after a fold are given up. Needs the extra `search`.
    Source: Optuna ``TPESampler``, ``MedianPruner``; Bergstra et al., Algorithms for
    hyper-parameter optimization, NIPS 2011.
    """

    kind: Literal["optuna"] = "optuna"
    trials: Trials = 20

    def search(self, problem: SearchProblem, seed: int) -> tuple[SearchTrial, ...]:
        """Return the trials, best first; raises `TrainingError` if Optuna is not installed."""
        if not self.trials or not self.space or not problem.folds:
            return (SearchTrial({}, float("nan")),)
        try:
            import optuna
        except ImportError:
            raise TrainingError(
                "training.search.kind optuna needs Optuna; run pip install 'driftloop[search]', or "
                "write kind: halving"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=3)
        sampler = optuna.samplers.TPESampler(seed=seed)
        study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        time_limit, total = TimeLimit(self.minutes), self.trials + 1
        scores = [problem.score({}, past, future) for past, future in problem.folds]
        means = [float(np.mean(scores[:count])) for count in range(1, len(scores) + 1)]
        tried = [SearchTrial({}, means[-1])]
        spread = {name: _distribution(values) for name, values in self.space.items()}
        if _inside(self.space, problem.configured) and not np.isnan(means[-1]):
            study.add_trial(
                optuna.create_trial(
                    params=problem.configured,
                    distributions=spread,
                    value=means[-1],
                    intermediate_values=dict(enumerate(means)),
                )
            )
        problem.on_trial(1, total)
        for done in range(2, total + 1):
            if not time_limit.seconds_left:
                break
            trial = study.ask(spread)
            score = _score(trial, problem, time_limit, tried)
            pruned = optuna.trial.TrialState.PRUNED if score is None else None
            study.tell(trial, score, state=pruned)
            problem.on_trial(done, total)
        return tuple(sorted(tried, key=lambda trial: -np.nan_to_num(trial.score, nan=-np.inf)))


def _inside(space: dict[str, Any], configured: Parameters) -> bool:
    """Return whether the configured settings lie within the space: the sampler learns from them."""
    for name, values in space.items():
        value = configured[name]
        if not isinstance(values, Range):
            if value not in values:
                return False
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not values.low <= value <= values.high:
            return False
    return True


def _distribution(values: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, Range):
        return CategoricalDistribution(values)
    if values.integer:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(float(values.low), float(values.high), log=values.log)


def _score(
    trial: Any, problem: SearchProblem, time_limit: TimeLimit, tried: list[SearchTrial]
) -> float | None:
    """Return the mean score of a proposal; None for one that is given up, which is not tried."""
    proposal = trial.params
    known = {} if proposal == problem.configured else proposal
    earlier = next((trial for trial in tried if trial.parameters == known), None)
    if earlier is not None and not np.isnan(earlier.score):
        return earlier.score
    scores: list[float] = []
    for step, (past, future) in enumerate(problem.folds):
        if not time_limit.seconds_left:
            return None
        scores.append(problem.score(proposal, past, future))
        mean = float(np.mean(scores))
        if np.isnan(mean):
            return None
        trial.report(mean, step)
        if trial.should_prune() and step + 1 < len(problem.folds):
            return None
    tried.append(SearchTrial(proposal, mean))
    return mean
