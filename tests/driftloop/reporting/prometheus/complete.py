"""A model of which everything is known, so that every metric has a value."""

from dataclasses import replace
from datetime import datetime, timedelta

from driftloop.alerts.incident import AlertState
from driftloop.base.findings import EstimatedPerformance
from driftloop.base.records import Decision
from driftloop.reporting.prometheus.inputs import MetricInputs
from tests.driftloop.alerts.messages.message_records import AS_OF, WINDOW, drifted
from tests.driftloop.reporting.prometheus.test_samples import (
    SLACK,
    entry,
    facts,
    incident,
    last,
    past,
    post,
    retraining,
    version,
)


def complete(now: datetime = AS_OF, model: str = "complete") -> MetricInputs:
    """A model that drifts, with an incident that goes on, one that is over, and a message."""
    alerts = AlertState(
        incidents=(replace(incident(2, 20, 23), severity="page"),),
        past=(past(1, 1, 8, 18),),
        posts=(post("a", SLACK.key),),
        failures={SLACK.key: 3},
        muted_until=now + timedelta(days=1),
        blind=1,
    )
    estimate = EstimatedPerformance("roc_auc", "reweighted", WINDOW, 900, 0.8, 0.7, 0.9, 0.01, "ok")
    record = drifted(decision=Decision("hold", (), (), "cooldown"), estimate=estimate)
    return facts(
        model=model,
        now=now,
        alerts=alerts,
        last=last(record),
        champion=version("2"),
        ledger=(entry(1, "promoted", "1"), entry(2, "promoted", "2", day=12)),
        retrainings=(retraining(AS_OF, True, True, True, 30.0),),
        losing=0,
    )
