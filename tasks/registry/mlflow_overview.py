"""An overview of all models, queried from MLflow in a few pages and not model by model."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from driftloop.base.tags import ModelTags, RunTags
from tasks.registry.mlflow_calls import all_pages
from tasks.registry.protocol import CHAMPION, EXPERIMENTS, ModelOverview, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MAX_RUNS = 50_000
FINISHED = "attributes.status = 'FINISHED'"


def finished_runs(kind: str) -> str:
    """Return MLflow's filter of the finished runs of a kind."""
    return f"tags.`{RunTags.tag_name('kind')}` = '{kind}' and {FINISHED}"


def overview_of_models(client: "MlflowClient", each: int) -> dict[str, ModelOverview]:
    """Return an overview of every registered model, each with its newest runs, at most `each`.

    One query gives the newest runs of all models together. Models that run so seldom that none of
    their runs is among them are queried one by one.
    """
    models = {model.name: model for model in all_pages(client.search_registered_models)}
    known = {
        name: experiment for name, experiment in _experiments(client).items() if name in models
    }
    runs = _newest(client, known, each)
    return {
        name: ModelOverview(
            None if (version := model.aliases.get(CHAMPION)) is None else str(version),
            ModelTags.from_tags(model.tags),
            tuple(runs.get(name, ())),
        )
        for name, model in models.items()
    }


def _experiments(client: "MlflowClient") -> dict[str, str]:
    """Return the ids of the experiments that driftloop made, by model."""
    own = f"name LIKE '{EXPERIMENTS}%'"
    return {
        experiment.name.removeprefix(EXPERIMENTS): str(experiment.experiment_id)
        for experiment in all_pages(client.search_experiments, filter_string=own)
    }


def _newest(client: "MlflowClient", known: dict[str, str], each: int) -> dict[str, list[Run]]:
    models = {experiment: model for model, experiment in known.items()}
    runs: dict[str, list[Run]] = defaultdict(list)
    if not models:
        return runs
    monitored = finished_runs("monitor")
    for run in newest_runs(client, [*models], monitored, min(_MAX_RUNS, each * len(models))):
        of_model = runs[models[run.info.experiment_id]]
        if len(of_model) < each:
            of_model.append(stored_run(run))
    for model, experiment in known.items():
        if model not in runs:
            runs[model] = list(map(stored_run, newest_runs(client, [experiment], monitored, each)))
    return runs


def newest_runs(client: "MlflowClient", experiments: list[str], query: str, limit: int) -> Any:
    """Return the newest of MLflow's runs that a filter selects, by their `as_of`."""
    order = ["metrics.as_of DESC"]
    return client.search_runs(experiments, query, max_results=limit, order_by=order)


def stored_run(run: Any) -> Run:
    """Return a run of MLflow as the registry hands it out."""
    return Run(run.info.run_id, dict(run.data.tags), run.info.experiment_id)
