"""A real MLflow store with the past of many models, made by SQL in a minute.

The first model's runs are written row by row. Whatever is there is then copied in the database,
each time for twice as many models. The tables are MLflow's own, made by MLflow.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from driftloop.base.scores import Score
from driftloop.base.tags import ModelTags, RunTags, VersionTags

FIRST = datetime(2022, 1, 3, tzinfo=UTC)
WEEK = timedelta(days=7)
STATE_ID = "bench"
"""What the state folder that keeps the models' alerts is known by."""
_DIGITS = 8
"""Run ids begin with the number of their model in this many digits."""
_FIRST_EXPERIMENT = 1000
Row = dict[str, Any]


def model_name(number: int) -> str:
    """Return the name of a model."""
    return f"m{number:0{_DIGITS}d}"


def last_moment(runs: int) -> datetime:
    """Return the moment of each model's newest run."""
    return FIRST + (runs - 1) * WEEK


def fill(uri: str, models: int, runs: int) -> None:
    """Write the past of `models` models with `runs` monitoring runs each into an empty store."""
    from mlflow import MlflowClient
    from sqlalchemy import create_engine, text

    MlflowClient(uri, uri).search_experiments()  # makes the tables
    engine = create_engine(uri)
    with engine.begin() as connection:
        for table, rows in _first_model(runs).items():
            columns = list(rows[0])
            values = ", ".join(f":{column}" for column in columns)
            into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
            connection.execute(text(into), rows)
        made = 1
        while made < models:
            more = min(made, models - made)
            for copied in _copied(engine.dialect.name, made, more):
                connection.execute(text(copied.statement))
            made += more
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _first_model(runs: int) -> dict[str, list[Row]]:
    """Return the rows of one model with its runs, by table."""
    name, stamp = model_name(0), int(FIRST.timestamp() * 1000)
    moments = [FIRST + number * WEEK for number in range(runs)]
    ids = [f"{0:0{_DIGITS}d}{number:024d}" for number in range(runs)]
    found = [*zip(ids, moments, strict=True)]
    return {
        "experiments": [_experiment(name, stamp)],
        "runs": [_run(run, as_of) for run, as_of in found],
        "tags": [
            {"run_uuid": run, "key": key, "value": value}
            for number, (run, as_of) in enumerate(found)
            for key, value in _tags(as_of, number).to_tags().items()
        ],
        "latest_metrics": [
            _metric(run, key, value, as_of)
            for run, as_of in found
            for key, value in _metrics(as_of).items()
        ],
        **_registered(name, stamp),
    }


def _experiment(name: str, stamp: int) -> Row:
    return {
        "experiment_id": _FIRST_EXPERIMENT,
        "name": f"driftloop/{name}",
        "artifact_location": f"file:///nowhere/{name}",
        "lifecycle_stage": "active",
        "creation_time": stamp,
        "last_update_time": stamp,
        "workspace": "default",
    }


def _run(run: str, as_of: datetime) -> Row:
    began = int(as_of.timestamp() * 1000)
    return {
        "run_uuid": run,
        "name": f"monitor {as_of:%Y-%m-%d}",
        "source_type": "LOCAL",
        "user_id": "loop",
        "status": "FINISHED",
        "start_time": began,
        "end_time": began + 3000,
        "lifecycle_stage": "active",
        "artifact_uri": f"file:///nowhere/{run}/artifacts",
        "experiment_id": _FIRST_EXPERIMENT,
        "deleted_time": None,
    }


def _metric(run: str, key: str, value: float, as_of: datetime) -> Row:
    stamp = int(as_of.timestamp() * 1000)
    own = {"run_uuid": run, "key": key, "value": value}
    return {**own, "timestamp": stamp, "step": 0, "is_nan": False}


def _tags(as_of: datetime, number: int) -> RunTags:
    return RunTags(
        kind="monitor",
        key=f"{number:024x}",
        as_of=as_of,
        champion="1",
        rev="a" * 40,
        headline="healthy",
        sentence="No feature has moved; the score is as promised.",
        recorded_at=as_of + timedelta(seconds=3),
        seconds=3.0,
        window_start=as_of - WEEK,
        verdict="ok",
        outcome="healthy",
        action="none",
        quality_failed=False,
        performance="ok",
        metric="roc_auc",
        score=0.9,
        score_low=0.88,
        score_high=0.92,
        score_rows=5000,
    )


def _metrics(as_of: datetime) -> dict[str, float]:
    names = ("rows_current", "features_drifted", "checks_failed", "largest_effect", "live_roc_auc")
    return {"as_of": as_of.timestamp(), **dict.fromkeys(names, 1.0)}


def _registered(name: str, stamp: int) -> dict[str, list[Row]]:
    place = json.dumps({"id": STATE_ID, "address": "", "scope": "bench", "server": False})
    version = VersionTags(key="first", kind="bootstrap", as_of=FIRST, promoted_at=FIRST)
    scored = VersionTags(score=Score("roc_auc", 0.9, 0.88, 0.92, 5000))
    tags = {**version.to_tags(), **scored.to_tags()}
    own = {"name": name, "workspace": "default"}
    return {
        "registered_models": [{**own, "creation_time": stamp, "last_updated_time": stamp}],
        "registered_model_tags": [
            {**own, "key": key, "value": value}
            for key, value in ModelTags(place=place).to_tags().items()
        ],
        "model_versions": [
            {
                **own,
                "version": 1,
                "creation_time": stamp,
                "last_updated_time": stamp,
                "current_stage": "None",
                "source": "runs:/x",
                "run_id": f"{0:032d}",
                "status": "READY",
            }
        ],
        "model_version_tags": [
            {**own, "version": 1, "key": key, "value": value} for key, value in tags.items()
        ],
        "registered_model_aliases": [{**own, "alias": "champion", "version": 1}],
    }


@dataclass(frozen=True, slots=True)
class _Copied:
    """A table whose rows are copied: some columns are made anew, by SQL, and others stay."""

    table: str
    which: str
    anew: Mapping[str, str]
    same: tuple[str, ...]

    @property
    def statement(self) -> str:
        columns = ", ".join((*self.anew, *self.same))
        values = ", ".join((*self.anew.values(), *self.same))
        copied = f"SELECT {values} FROM {self.table} WHERE {self.which}"
        return f"INSERT INTO {self.table} ({columns}) {copied}"


@dataclass(frozen=True, slots=True)
class _Raised:
    """Raises the model's number in a text, in the SQL of a dialect."""

    dialect: str
    by: int

    def number(self, column: str, at: int) -> str:
        """Return the model's number, which begins at place `at` of the column's text."""
        return f"CAST(substr({column}, {at}, {_DIGITS}) AS INTEGER)"

    def __call__(self, column: str, at: int) -> str:
        raised = f"{self.number(column, at)} + {self.by}"
        if self.dialect == "sqlite":
            padded = f"printf('%0{_DIGITS}d', {raised})"
        else:
            padded = f"lpad(CAST({raised} AS TEXT), {_DIGITS}, '0')"
        before = f"substr({column}, 1, {at - 1}) || " if at > 1 else ""
        return f"{before}{padded} || substr({column}, {at + _DIGITS})"


def _copied(dialect: str, made: int, more: int) -> Iterator[_Copied]:
    """Yield what is copied for `more` models after the first `made`, from the first of these."""
    yield from _copied_runs(_Raised(dialect, made), more)
    yield from _copied_models(_Raised(dialect, made), more)


def _copied_runs(raised: _Raised, more: int) -> Iterator[_Copied]:
    last = _FIRST_EXPERIMENT + more - 1
    experiment = {"experiment_id": f"experiment_id + {raised.by}"}
    yield _Copied(
        "experiments",
        f"experiment_id BETWEEN {_FIRST_EXPERIMENT} AND {last}",
        {**experiment, "name": raised("name", len("driftloop/m") + 1)},
        ("artifact_location", "lifecycle_stage", "creation_time", "last_update_time", "workspace"),
    )
    few, run = f"{raised.number('run_uuid', 1)} < {more}", {"run_uuid": raised("run_uuid", 1)}
    stays = ("name", "source_type", "user_id", "status", "start_time", "end_time")
    yield _Copied("runs", few, {**run, **experiment}, (*stays, "lifecycle_stage", "artifact_uri"))
    yield _Copied("tags", few, run, ("key", "value"))
    yield _Copied("latest_metrics", few, run, ("key", "value", "timestamp", "step", "is_nan"))


def _copied_models(raised: _Raised, more: int) -> Iterator[_Copied]:
    few, name = f"{raised.number('name', 2)} < {more}", {"name": raised("name", 2)}
    stamps = ("workspace", "creation_time", "last_updated_time")
    yield _Copied("registered_models", few, name, stamps)
    yield _Copied("registered_model_tags", few, name, ("workspace", "key", "value"))
    stays = (*stamps, "version", "current_stage", "source", "status")
    yield _Copied("model_versions", few, {**name, "run_id": raised("run_id", 1)}, stays)
    yield _Copied("model_version_tags", few, name, ("workspace", "version", "key", "value"))
    yield _Copied("registered_model_aliases", few, name, ("workspace", "alias", "version"))
