"""Records that the message tests speak about: a payments model and its week of trouble."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from driftloop.alerts.message import Links, Message
from driftloop.alerts.messages.formats.slack import slack_blocks
from driftloop.base.findings import Finding, Performance, QualityFinding, Verdict
from driftloop.base.periods import Window
from driftloop.base.records import Decision, MonitorRecord
from driftloop.base.retrain_record import Promotion, RetrainRecord
from driftloop.base.scores import Comparison, GateResult, Score

AS_OF = datetime(2026, 3, 9, 6, tzinfo=UTC)
WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
LINKS = Links("http://prefect/runs/1", "http://mlflow/runs/2", "http://mlflow/models/payments/8")
LINK_LINE = (
    "<http://prefect/runs/1|Prefect run> · <http://mlflow/runs/2|MLflow run> · "
    "<http://mlflow/models/payments/8|Model version>"
)


def finding(name: str, sentence: str, effect: float = 0.3, status: Any = "drift") -> Finding:
    return Finding(
        name, "ks", 0.3, 1e-9, 1e-8, "psi", effect, 0.1, status, sentence, 180_000, 12_408
    )


def check(column: str | None, sentence: str, status: Any = "failed") -> QualityFinding:
    return QualityFinding("range", column, status, sentence)


def performance(status: Any = "ok") -> Performance:
    return Performance("roc_auc", WINDOW, 8204, 0.712, 0.694, 0.729, 0.842, status, "roc_auc fell.")


def monitor(**changes: Any) -> MonitorRecord:
    record = MonitorRecord(
        model="payments",
        as_of=AS_OF,
        rev="a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
        dry_run=False,
        champion="7",
        window=WINDOW,
        rows_reference=180_000,
        rows_current=12_408,
        verdict=Verdict("ok", "20 inputs look as before"),
        quality=(check("amount", "amount is in range", "ok"),),
        findings=tuple(finding(f"input_{i}", "as before", status="ok") for i in range(12)),
        performance=performance(),
        decision=Decision("none", ()),
    )
    return replace(record, **changes)


DRIFTED = (
    finding("amount", "amount: the median rose from 42 to 61", 0.9),
    finding("country", "country: PL went from 2 % to 19 % of rows", 0.7),
    finding("hour", "hour: evenings went from 21 % to 35 % of rows", 0.5),
    *(finding(f"signal_{i}", f"signal_{i}: moved", 0.2) for i in range(5)),
)


def drifted(**changes: Any) -> MonitorRecord:
    calm = tuple(finding(f"input_{i}", "as before", status="ok") for i in range(12))
    return monitor(
        **{
            "verdict": Verdict("drift", "8 of 20 inputs drifted"),
            "findings": DRIFTED + calm,
            "decision": Decision("alert", ("Retraining needs 2 of 3 runs to agree",)),
            **changes,
        }
    )


def comparison(won: bool = True, **changes: Any) -> Comparison:
    gates = (
        GateResult("latency", "passed", "3 ms a row"),
        GateResult("calibration", "passed", "error 0.01"),
    )
    made = Comparison(
        metric="roc_auc",
        champion=Score("roc_auc", 0.842, 0.831, 0.853, 4210),
        challenger=Score("roc_auc", 0.861, 0.851, 0.871, 4210),
        difference=0.019,
        low=0.007,
        high=0.031,
        margin=0.005,
        confidence=0.95,
        rows=4210,
        gates=gates,
        won=won,
        sentence="the gain of 0.002 may be chance",
    )
    return replace(made, **changes)


def retrain(**changes: Any) -> RetrainRecord:
    record = RetrainRecord(
        model="payments",
        as_of=AS_OF,
        rev="a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
        reason="8 of 20 inputs drifted in 2 of 3 runs",
        challenger="8",
        run_id="abc",
        parameters={"depth": 3},
        plan=None,
        comparison=comparison(),
        promotion=Promotion(True, "8", "7", "champion moved"),
        sentence="version 8 won",
    )
    return replace(record, **changes)


def shown(message: Message) -> str:
    """The message as Slack shows it, one paragraph per block."""
    parts = []
    for block in slack_blocks(message):
        texts = block.get("fields") or block.get("elements") or [block["text"]]
        parts.append("\n".join(text["text"] for text in texts))
    return "\n\n".join(parts)
