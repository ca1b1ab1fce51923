"""The configuration of an inferred model, as YAML that explains itself."""

import re
from collections.abc import Iterable

import yaml

from driftloop.base.periods import format_time
from driftloop.onboarding.notes import DRIFT_ROWS
from driftloop.onboarding.training_part import HOLDOUT_SHARE
from driftloop.snapshots.options import ColumnRole, Inferred

_TEMPLATE = """\
# {name}: written by 'driftloop init' from {file} ({rows:,} rows, {first} to {last}).
# Read it through and change what you know better; driftloop checks it at every run.
model: {model}
task: {task}  # {classes}

data:
  path: {path}  # DVC-tracked folder, one Parquet batch a {every}
  time: {time}  # UTC
  label: {label}
{positive}{key}  label_delay: {delay}  # how long after the event its label is known

features:
{features}{left_out}
windows:
  current: 1 {every}  # what a run judges; {every_reason}
  reference:
    kind: champion  # compared with the rows the champion was trained on

drift:
  numeric: {{kind: ks, engine: alibi}}  # engine: scipy gives the same without alibi-detect
  categorical: {{kind: chi2, engine: alibi}}
  effect: {{kind: psi, floor: 0.1}}  # smaller changes do not count; 0.25 is a large one
  alarm_budget: 0.5  # false alarms a year that a model without drift may raise
  minimum_rows: {drift_rows}  # fewer rows are inconclusive
{ignore}
performance:
  margin: 0.05  # loss against the champion's own holdout score that is allowed

decision:
  triggers:  # any one asks to retrain
    - kind: drift
    - kind: performance
    - kind: manual  # people may start one
  cooldown: {cooldown}  # shortest time between two retrainings

training:
  estimator:
    kind: hist_gradient_boosting
    max_iter: 120
    learning_rate: 0.08
    max_leaf_nodes: 15
  windows:  # candidates; validation in time order picks one
    - kind: since_change
    - kind: all
  minimum_rows: {training_rows}  # fewer labelled rows do not train
  minimum_per_class: {training_per_class}
  holdout:
    share: {share}  # newest labelled rows, kept to compare on
    minimum_rows: {holdout_rows}
    minimum_per_class: {holdout_per_class}
  search:
    kind: halving
    trials: 4
    space:
      learning_rate: [0.05, 0.08, 0.15]
      max_leaf_nodes: [7, 15, 31]

comparison:
  metric: {metric}
  margin: 0.0  # the challenger must be better by more than this
  confidence: 0.95
  gates:
    - kind: newest_slice  # and not worse on the newest rows

alerts:
  channels:
    - kind: slack  # token in SLACK_BOT_TOKEN, or webhook in SLACK_WEBHOOK_URL
      channel: "#ml-alerts"
      # mentions: [S0123ABCD]  # who is mentioned when it is urgent: a user group, a person, or here
      # quiet_hours: {{start: "22:00", end: "07:00", timezone: Europe/Berlin}}  # but what is urgent
    # - kind: page  # the same messages as a page: .driftloop/alerts.html
    # others: pagerduty, email, webhook, console

arrivals:  # what 'driftloop snapshot {name}' makes of new data
  every: {every}  # one Parquet batch each
  # source: {{kind: folder, path: /srv/drops, pattern: "*.csv"}}  # or kind: file, sql
"""


def config_yaml(inferred: Inferred) -> str:
    """Return the text of ``configs/NAME.yaml``, as `driftloop.config.loading` accepts it."""
    target, training, every = inferred.target, inferred.training, inferred.periods.every
    return _TEMPLATE.format(
        name=inferred.name,
        model=scalar(inferred.name),
        file=_comment(inferred.file),
        rows=inferred.rows,
        first=format_time(inferred.first)[:10],
        last=format_time(inferred.last)[:10],
        task=target.task,
        classes=_comment(f"the label is {' or '.join(target.classes[:6])}"),
        path=scalar(f"data/{inferred.name}"),
        time=scalar(inferred.time),
        label=scalar(inferred.label),
        positive=_positive(inferred),
        key=f"  key: {scalar(inferred.key)}  # identifies a row\n" if inferred.key else "",
        delay=inferred.label_delay,
        features=_features(inferred),
        left_out=_left_out(inferred.named("left out")),
        every=every,
        every_reason=inferred.periods.reason,
        drift_rows=DRIFT_ROWS,
        ignore=_ignore(inferred.calendar),
        cooldown="1 month" if every == "month" else "1 week",
        training_rows=training.minimum_rows,
        training_per_class=training.minimum_per_class,
        share=HOLDOUT_SHARE,
        holdout_rows=training.holdout_rows,
        holdout_per_class=training.holdout_per_class,
        metric="roc_auc" if target.task == "binary" else "balanced_accuracy",
    )


def scalar(value: str | int | float) -> str:
    """Return a value as YAML that reads back as itself: text such as ``yes`` or ``1`` quoted."""
    style = '"' if isinstance(value, str) and "\n" in value else None
    text: str = yaml.safe_dump(value, allow_unicode=True, width=10**6, default_style=style)
    return text.removesuffix("\n").removesuffix("\n...")


def _positive(inferred: Inferred) -> str:
    positive = inferred.target.positive
    if positive is None:
        return ""
    return f"  positive: {scalar(positive)}  # {_comment(inferred.target.reason)}\n"


def _features(inferred: Inferred) -> str:
    lines = []
    for role in ("numeric", "categorical"):
        columns = inferred.named(role)
        if columns:
            lines += [f"  {role}:", *_items(columns)]
    return "\n".join(lines) + "\n"


def _items(columns: Iterable[ColumnRole]) -> list[str]:
    """Return list items whose comments stand in one column."""
    names = [(f"    - {scalar(column.name)}", column.reason) for column in columns]
    width = min(max(len(name) for name, _ in names), 36)
    return [f"{name:<{width}}  # {_comment(reason)}" for name, reason in names]


def _left_out(columns: tuple[ColumnRole, ...]) -> str:
    if not columns:
        return ""
    lines = [f"  #   {_comment(column.name)}: {_comment(column.reason)}" for column in columns]
    return "\n".join(["  # left out:", *lines]) + "\n"


def _ignore(columns: tuple[ColumnRole, ...]) -> str:
    if not columns:
        return ""
    lead = "  ignore:  # the model reads them; they move with the calendar by construction"
    return "\n".join([lead, *(f"    - {scalar(column.name)}" for column in columns)]) + "\n"


def _comment(text: str) -> str:
    """Return text that stays on one line of a comment, without what YAML cannot hold."""
    return re.sub(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]+", " ", text)[:120]
