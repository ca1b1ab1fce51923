"""An overview of all models, queried from MLflow in a few pages and not model by model."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from driftloop.base.tags import ModelTags, RunTags
from tasks.registry.mlflow_calls import all_pages
from tasks.registry.protocol import CHAMPION, EXPERIMENTS, ModelOverview, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

_MAX_RUNS = 50_000
FINISHED = "attributes.status = 'FINISHED'"
NEWEST_FIRST = ["metrics.as_of DESC"]


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
            _champion(model), ModelTags.from_tags(model.tags), tuple(runs.get(name, ()))
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
    together = min(_MAX_RUNS, each * len(models))
    monitored = finished_runs("monitor")
    newest = client.search_runs([*models], monitored, max_results=together, order_by=NEWEST_FIRST)
    for run in newest:
        of_model = runs[models[run.info.experiment_id]]
        if len(of_model) < each:
            of_model.append(_run(run))
    for model, experiment in known.items():
        if model not in runs:
            own_runs = client.search_runs(
                [experiment], monitored, max_results=each, order_by=NEWEST_FIRST
            )
            runs[model] = [_run(run) for run in own_runs]
    return runs


def _run(run: Any) -> Run:
    return Run(run.info.run_id, dict(run.data.tags))


def _champion(model: "RegisteredModel") -> str | None:
    version = model.aliases.get(CHAMPION)
    return None if version is None else str(version)
