"""How all models stand, asked of MLflow in a few pages and not model by model."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from driftloop.base.tags import ModelTags, RunTags
from tasks.registry.protocol import CHAMPION, EXPERIMENTS, Run, Standing

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

_PAGE = 1000
_MOST = 50_000
FINISHED = "attributes.status = 'FINISHED'"
NEWEST_FIRST = ["metrics.as_of DESC"]


def finished_runs(kind: str) -> str:
    """Return MLflow's filter of the finished runs of a kind."""
    return f"tags.`{RunTags.tag_name('kind')}` = '{kind}' and {FINISHED}"


def every_model(client: "MlflowClient") -> "Iterator[RegisteredModel]":
    """Yield every registered model; MLflow gives them in pages."""
    token = None
    while True:
        paged_list = client.search_registered_models(max_results=_PAGE, page_token=token)
        yield from paged_list
        token = paged_list.token
        if not token:
            return


def standings_of(client: "MlflowClient", each: int) -> dict[str, Standing]:
    """Return how every registered model stands, each with its newest runs, at most `each`.

    One query gives the newest runs of all models together. Those that run so seldom that none of
    theirs is among them are asked for by themselves.
    """
    models = {one.name: one for one in every_model(client)}
    known = {
        name: experiment for name, experiment in _experiments(client).items() if name in models
    }
    runs = _newest(client, known, each)
    return {
        name: Standing(_champion(model), ModelTags.from_tags(model.tags), tuple(runs.get(name, ())))
        for name, model in models.items()
    }


def _experiments(client: "MlflowClient") -> dict[str, str]:
    """Return the ids of the experiments that driftloop made, by model."""
    found, token = {}, None
    while True:
        page = client.search_experiments(
            filter_string=f"name LIKE '{EXPERIMENTS}%'", max_results=_PAGE, page_token=token
        )
        found.update({one.name.removeprefix(EXPERIMENTS): str(one.experiment_id) for one in page})
        token = page.token
        if not token:
            return found


def _newest(client: "MlflowClient", known: dict[str, str], each: int) -> dict[str, list[Run]]:
    models = {experiment: model for model, experiment in known.items()}
    found: dict[str, list[Run]] = defaultdict(list)
    if not models:
        return found
    together = min(_MOST, each * len(models))
    monitored = finished_runs("monitor")
    newest = client.search_runs([*models], monitored, max_results=together, order_by=NEWEST_FIRST)
    for run in newest:
        mine = found[models[run.info.experiment_id]]
        if len(mine) < each:
            mine.append(_run(run))
    for model, experiment in known.items():
        if model not in found:
            alone = client.search_runs(
                [experiment], monitored, max_results=each, order_by=NEWEST_FIRST
            )
            found[model] = [_run(run) for run in alone]
    return found


def _run(run: Any) -> Run:
    return Run(run.info.run_id, dict(run.data.tags))


def _champion(model: "RegisteredModel") -> str | None:
    version = model.aliases.get(CHAMPION)
    return None if version is None else str(version)
