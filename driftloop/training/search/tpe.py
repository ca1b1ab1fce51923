"""Tree-structured Parzen estimators with Optuna."""

from typing import Any, Literal

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.training.search.base import Search
from driftloop.training.search.problem import SearchProblem, SearchTrial, TimeLimit
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
        """Return the trials, best first.

        Raises:
            TrainingError: if Optuna is not installed.
        """
        if not self.trials or not self.space or not problem.folds:
            return (SearchTrial({}, float("nan")),)
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=3)
        sampler = optuna.samplers.TPESampler(seed=seed)
        study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        time_limit, total = TimeLimit(self.minutes), self.trials + 1
        means = _running_means(problem, {})
        tried = [SearchTrial({}, means[-1])]
        _tell_configured(study, self.space, problem.configured, means)
        problem.on_trial(1, total)

        study.optimize(
            lambda trial: _objective(trial, self.space, problem, time_limit, tried),
            n_trials=self.trials,
            timeout=None if self.minutes is None else time_limit.seconds_left,
            callbacks=[lambda study, trial: problem.on_trial(_done(study, total), total)],
        )
        return tuple(sorted(tried, key=lambda one: -np.nan_to_num(one.score, nan=-np.inf)))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise TrainingError(
            "training.search.kind optuna needs Optuna; run pip install 'driftloop[search]', or "
            "write kind: halving"
        ) from None
    return optuna


def _running_means(problem: SearchProblem, parameters: Parameters) -> list[float]:
    scores: list[float] = []
    means = []
    for past, future in problem.folds:
        scores.append(problem.score(parameters, past, future))
        means.append(float(np.mean(scores)))
    return means


def _tell_configured(
    study: Any, space: dict[str, Any], configured: Parameters, means: list[float]
) -> None:
    """Let the sampler learn from the configured settings, where they lie within the space."""
    spread = {name: _distribution(one) for name, one in space.items()}
    inside = all(_within(space[name], configured[name]) for name in space)
    if inside and not np.isnan(means[-1]):
        study.add_trial(
            _optuna().trial.create_trial(
                params=configured,
                distributions=spread,
                value=means[-1],
                intermediate_values=dict(enumerate(means)),
                user_attrs={"configured": True},
            )
        )


def _done(study: Any, total: int) -> int:
    """Return the proposals seen, counting the configured one whether or not the study has it."""
    own = [trial for trial in study.trials if "configured" not in trial.user_attrs]
    return min(total, 1 + len(own))


def _within(one: Any, value: Any) -> bool:
    if isinstance(one, Range):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and one.low <= value <= one.high
    return value in one


def _distribution(one: Any) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not isinstance(one, Range):
        return CategoricalDistribution(one)
    if one.integer:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(float(one.low), float(one.high), log=one.log)


def _suggest(trial: Any, name: str, one: Any) -> Any:
    if not isinstance(one, Range):
        return trial.suggest_categorical(name, one)
    if one.integer:
        return trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(name, one.low, one.high, log=one.log)


def _objective(
    trial: Any,
    space: dict[str, Any],
    problem: SearchProblem,
    time_limit: TimeLimit,
    tried: list[SearchTrial],
) -> float:
    """Return the mean score of a proposal; one that is given up counts as untried."""
    pruned = _optuna().TrialPruned
    proposal = {name: _suggest(trial, name, one) for name, one in space.items()}
    known = {} if proposal == problem.configured else proposal
    done = next((one for one in tried if one.parameters == known), None)
    if done is not None and not np.isnan(done.score):
        return done.score
    scores: list[float] = []
    for step, (past, future) in enumerate(problem.folds):
        if not time_limit.seconds_left:
            raise pruned
        scores.append(problem.score(proposal, past, future))
        mean = float(np.mean(scores))
        if np.isnan(mean):
            raise pruned
        trial.report(mean, step)
        if trial.should_prune() and step + 1 < len(problem.folds):
            raise pruned
    tried.append(SearchTrial(proposal, mean))
    return mean
