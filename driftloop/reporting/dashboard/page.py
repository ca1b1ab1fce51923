"""One page for all models: a table to sort, search and filter, readable without JavaScript too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftloop.alerts.messages.wording import count, number
from driftloop.base.scores import metric_name, shown
from driftloop.decision.outcome import OUTCOME_STYLES
from driftloop.reporting.dashboard.rows import ModelRow, dashboard_sentence, most_severe_first
from driftloop.reporting.html.axis import scaled
from driftloop.reporting.html.rendering import render_page

_BOX = 96.0, 26.0, 3.0
_SEVERITIES = {"info": 1, "warning": 2, "page": 3}


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Scores as the points of an SVG polyline, its last point, and the same in words."""

    points: str
    end: tuple[str, str]
    alt_text: str


def dashboard_page(rows: Sequence[ModelRow], now: datetime) -> str:
    """Return the page; `now` is the moment that ages are counted up to."""
    ordered = most_severe_first(rows)
    return render_page(
        "dashboard/dashboard.html.j2",
        sentence=dashboard_sentence(ordered),
        rows=[
            (
                row,
                sparkline(row.scores, row.metric),
                [(figure, sparkline(figure.values, None, figure.name)) for figure in row.business],
            )
            for row in ordered
        ],
        present={row.outcome for row in ordered},
        outcomes=list(OUTCOME_STYLES),
        severities=_SEVERITIES,
        now=now,
    )


def sparkline(
    scores: Sequence[float | None], metric: str | None, name: str | None = None
) -> Sparkline | None:
    """Return the scores as a small line, or None where there are none.

    `name` is what they are called where they are not scores of a metric.
    """
    read = [shown(metric, score) for score in scores]
    known = [(place, score) for place, score in enumerate(read) if score is not None]
    if not known:
        return None
    values = [score for _, score in known]
    name = name or metric_name(metric, begins=True)
    alt_text = (
        f"{name} of {count(len(values), 'run')}: {number(values[0])} to "
        f"{number(values[-1])}, between {number(min(values))} and {number(max(values))}"
    )
    places = [place for place, _ in known]
    points = scaled(places, values, (min(values), max(values)), _BOX)
    return Sparkline(" ".join(map(",".join, points)), points[-1], alt_text)
