"""The files of a new workspace: a configuration that explains itself, and a README."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from driftloop.base.periods import every_span, format_time
from driftloop.drift import alibi
from driftloop.drift.detectors import Engine
from driftloop.onboarding.training_part import HOLDOUT_SHARE
from driftloop.performance.metrics import MetricName
from driftloop.snapshots.options import ColumnRole, Inferred, Periods

ALIBI_MAX_ROWS = 200_000
"""Rows of a window up to which `init` configures alibi-detect, which then takes seconds."""


def config_yaml(inferred: Inferred) -> str:
    """Return the text of ``configs/NAME.yaml``, as `driftloop.config.loading` accepts it."""
    engine, why = _engine(inferred.periods.median)
    return _rendered(
        "config.yaml.j2",
        inferred,
        engine=engine,
        engine_reason=why,
        drift_rows=inferred.periods.least,
        drift_reason=_least_rows(inferred.periods),
        labelled_rows=max(30, inferred.periods.median // 2),
        window=every_span(inferred.periods.every),
        holdout_share=HOLDOUT_SHARE,
        metric=_metric(inferred),
    )


def _least_rows(periods: Periods) -> str:
    finds = "a shift by half a standard deviation in 4 of 5 windows"
    if periods.needed <= periods.least:
        return f"windows with fewer rows are inconclusive; so many find {finds}"
    held = f"windows with fewer rows are inconclusive; 9 of 10 {periods.every}s hold so many"
    return f"{held}, and it takes {periods.needed:,} to find {finds}"


def _metric(inferred: Inferred) -> MetricName:
    ranked = inferred.served is None or inferred.served.score is not None
    if inferred.target.task == "regression":
        return "r2"
    return "roc_auc" if inferred.target.task == "binary" and ranked else "balanced_accuracy"


def _engine(rows: int) -> tuple[Engine, str]:
    """Return the engine for windows of so many rows, and why."""
    if not alibi.is_installed():
        return "native", "driftloop's own tests: alibi-detect is not installed here"
    if rows > ALIBI_MAX_ROWS:
        return "native", f"driftloop's own tests: alibi-detect is slow with {rows:,} rows a window"
    return "alibi", "alibi-detect computes the tests; native: driftloop itself, without its licence"


def readme(inferred: Inferred) -> str:
    """Return the text of the workspace's ``README.md``."""
    until = inferred.training.until
    return _rendered(
        "README.md.j2",
        inferred,
        file=inferred.file.replace("`", "'"),
        bootstrap=inferred.label_delay.after(until),
        monitor=every_span(inferred.periods.every).after(until),
    )


def scalar(value: str | int | float) -> str:
    """Return a value as YAML that reads back as itself: text such as ``yes`` or ``1`` quoted."""
    style = '"' if isinstance(value, str) and "\n" in value else None
    text: str = yaml.safe_dump(value, allow_unicode=True, width=10**6, default_style=style)
    return text.removesuffix("\n").removesuffix("\n...")


def _rendered(template: str, inferred: Inferred, **context: object) -> str:
    return _environment().get_template(template).render(context, inferred=inferred)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("driftloop.onboarding", ""),
        autoescape=select_autoescape(),  # YAML and Markdown are not HTML: `scalar` and `comment`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = (scalar, comment, aligned, format_time)
    environment.filters.update({function.__name__: function for function in filters})
    return environment


def comment(text: str) -> str:
    """Return text that stays on one line of a YAML comment, without what YAML cannot hold."""
    return re.sub(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]+", " ", text)[:120]


def aligned(columns: Iterable[ColumnRole]) -> Iterator[str]:
    """Yield a list item for each column, with the comments one below the other."""
    items = [(f"- {scalar(column.name)}", column.reason) for column in columns]
    width = min(max(len(item) for item, _ in items), 32)
    for item, reason in items:
        yield f"{item:<{width}}  # {comment(reason)}"
