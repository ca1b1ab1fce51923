"""The README of a new workspace: what it is and what to run next."""

from driftloop.base.periods import Span, format_time
from driftloop.snapshots.options import Inferred

_TEMPLATE = """\
# {name}

A driftloop workspace for one model, made from `{file}`: {rows:,} rows, {first} to {last}.
The first champion learns from the rows before {until}; monitoring starts there.

| | |
| --- | --- |
| `configs/{name}.yaml` | what is monitored, trained and compared; read it through |
| `data/{name}/` | one Parquet file a {every}, named by its first day; `data.dvc` pins them |
| `dvc-remote/` | the DVC remote, on this disk; `dvc remote modify local url URL` moves it |
| `.driftloop/` | local state: the MLflow database, models, caches; not in Git |

Run in this folder:

```
# train the first champion, if there is none yet
driftloop bootstrap {name} --as-of {bootstrap}
# judge the first {every} after it
driftloop monitor {name} --as-of {monitor}
# champion and last verdict
driftloop status
```

New data: a CSV or Parquet file with the same columns becomes a snapshot (a commit, a tag, and the
data on the remote). Labels that come later are delivered in the same way. Then judge it:

```
driftloop snapshot {name} --source new.csv
driftloop monitor {name}
```

Alerts go to Slack where `SLACK_BOT_TOKEN` or `SLACK_WEBHOOK_URL` is set, else they are drawn in the
terminal. Who else is told, and when, is under `alerts` in `configs/{name}.yaml`. To see whether a
message arrives:

```
driftloop test-alert {name}
```
"""


def readme(inferred: Inferred) -> str:
    """Return the text of the workspace's ``README.md``."""
    until, every = inferred.training.until, inferred.periods.every
    return _TEMPLATE.format(
        name=inferred.name,
        file=inferred.file.replace("`", "'"),
        rows=inferred.rows,
        first=format_time(inferred.first)[:10],
        last=format_time(inferred.last)[:10],
        until=format_time(until),
        every=every,
        bootstrap=format_time(inferred.label_delay.after(until)),
        monitor=format_time(Span(1, every).after(until)),
    )
