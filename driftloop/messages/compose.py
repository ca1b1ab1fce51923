"""Messages about a monitored model: trouble, resolved, and blind monitoring.

A parent message says, in this order: what broke and how badly, what driftloop did, what the
reader should do, links.
"""

from datetime import datetime

from driftloop.errors import listed
from driftloop.messages.blocks import Block, bullets, context, escape, section, sentence
from driftloop.messages.message import Message, Severity, event_key
from driftloop.messages.retraining import outcome_line, outcome_of
from driftloop.messages.wording import (
    Links,
    compose,
    count,
    interval,
    lasted,
    links_line,
    number,
)
from driftloop.periods import readable
from driftloop.records import Finding, MonitorRecord, Performance

_LEADS = {
    "prediction": "The predictions moved.",
    "joint": "The inputs can be told apart together.",
}
_KINDS = {
    "data_quality": "Data-quality fault",
    "covariate_shift": "Covariate shift",
    "concept_drift": "Concept drift",
    "label_shift": "Label shift",
}


def trouble_message(record: MonitorRecord, links: Links, since: datetime | None) -> Message:
    """Return the parent message of an incident that began at `since` (None: with this run).

    Failed data checks and lost performance page; drift alone is a warning. Failed checks lead,
    because they explain the rest.
    """
    severity: Severity = "page" if record.broken or _fell(record) else "warning"
    causes = _causes(record)
    blocks: list[Block] = [*(section(cause) for cause in causes), *_kinds(record)]
    blocks += _aftermath(record)
    blocks += _actions(_done(record), _next_step(record))
    blocks += _footer(record, links, since)
    key = event_key(record.model, record.as_of, "trouble")
    summary = causes[0].partition("\n")[0]
    return compose(key, "trouble", severity, record.model, _headline(record), summary, blocks)


def resolved_message(record: MonitorRecord, links: Links, since: datetime | None) -> Message:
    """Return the message that an incident, begun at `since`, is over."""
    began = f" after {lasted(since, record.as_of)}, since {readable(since)} UTC" if since else ""
    summary = f"*The trouble is over*{began}. {sentence(record.verdict.sentence)}"
    blocks = [section(summary), *_aftermath(record), *_actions(_done(record), "Nothing.")]
    blocks += _footer(record, links, None)
    key = event_key(record.model, record.as_of, "resolved")
    return compose(key, "resolved", "good", record.model, "back to normal", summary, blocks)


def blind_message(record: MonitorRecord, links: Links, runs: int) -> Message:
    """Return the message that `runs` runs in a row could not judge the model, and why."""
    times = "The last run" if runs == 1 else f"The last {runs} runs in a row"
    summary = f"*{times} could not judge the data*, so trouble would go unseen."
    why = [check.sentence for check in record.quality if check.status == "inconclusive"]
    why += [finding.sentence for finding in record.findings if finding.status == "inconclusive"]
    step = (
        "No alarm, but nobody is watching. In working hours, check that new data arrive "
        "and that enough rows reach each run."
    )
    reasons = f"*Why*\n{sentence(record.verdict.sentence)}"
    blocks = [section(summary), section("\n".join(filter(None, (reasons, bullets(why)))))]
    blocks += _actions("Changed nothing: no verdict, no retraining.", step)
    blocks += _footer(record, links, None)
    key = event_key(record.model, record.as_of, "blind")
    return compose(key, "blind", "warning", record.model, "monitoring is blind", summary, blocks)


def _headline(record: MonitorRecord) -> str:
    parts = [
        "data checks failed" if record.broken else "",
        "predictions got worse" if _fell(record) else "",
        _moved(record),
    ]
    return ", ".join(part for part in parts if part) or "needs a look"


def _moved(record: MonitorRecord) -> str:
    if any(one.role != "prediction" for one in record.drifted):
        return "inputs drifted"
    return "predictions moved" if record.drifted else ""


def _fell(record: MonitorRecord) -> bool:
    return record.performance.status == "fell"


def _causes(record: MonitorRecord) -> list[str]:
    """Return what broke, one escaped paragraph a cause, the one that explains the others first."""
    drifted = _one_a_feature(record.drifted)
    causes = []
    if record.broken:
        causes.append(_broken_data(record, explains=_fell(record) or bool(drifted)))
    if _fell(record):
        causes.append(_lost_performance(record.performance))
    inputs = [one for one in drifted if one.role == "feature"]
    if inputs:
        every = len({one.name for one in record.findings if one.role == "feature"})
        lead = f"*{len(inputs)} of {count(every, 'input')} drifted* away from the reference."
        causes.append(f"{lead}\n{bullets([finding.sentence for finding in inputs])}")
    causes += [
        f"*{_LEADS[one.role]}* {sentence(one.sentence)}" for one in drifted if one.role in _LEADS
    ]
    return causes or [f"*{sentence(record.verdict.sentence)}*"]


def _kinds(record: MonitorRecord) -> list[Block]:
    """Return the kinds of trouble with their evidence, where there is any."""
    if not record.troubles:
        return []
    lines = [f"{_KINDS[one.kind]}: {one.sentence}" for one in record.troubles]
    return [section(f"*Kind of trouble*\n{bullets(lines)}")]


def _aftermath(record: MonitorRecord) -> list[Block]:
    return [section(f"*Did it help?*\n{sentence(record.aftermath)}")] if record.aftermath else []


def _one_a_feature(findings: tuple[Finding, ...]) -> list[Finding]:
    worst: dict[str, Finding] = {}
    for finding in findings:
        worst.setdefault(finding.name, finding)
    return list(worst.values())


def _broken_data(record: MonitorRecord, explains: bool) -> str:
    failed, checks = len(record.broken), len(record.quality)
    rest = " This may explain the rest." if explains else ""
    lead = f"*{failed} of {count(checks, 'data check')} failed:* the data look broken.{rest}"
    return f"{lead}\n{bullets([check.sentence for check in record.broken])}"


def _lost_performance(performance: Performance) -> str:
    if performance.score is None:
        return f"*{sentence(performance.sentence)}*"
    was = f", was {number(performance.baseline)}" if performance.baseline is not None else ""
    now = number(performance.score) + interval(performance.low, performance.high)
    rows = f"on {count(performance.rows, 'row')} with known outcome"
    return f"*{escape(performance.metric, 60)} is {now}{was}*, {rows}."


def _done(record: MonitorRecord) -> str:
    reasons = " ".join(sentence(reason) for reason in _untold(record))
    dry = "Dry run, so nothing was changed. " if record.dry_run else ""
    if record.retrain is not None:
        lead = "A trial retraining:" if record.dry_run else "Retrained."
        return f"{dry}{lead} {outcome_line(record.retrain)}"
    lead = {
        "none": "Changed nothing.",
        "alert": "Changed nothing.",
        "hold": "Held back the retraining.",
        "retrain": "Would retrain." if record.dry_run else "Started a retraining.",
    }[record.decision.action]
    return f"{dry}{lead} {reasons}".strip()


def _untold(record: MonitorRecord) -> tuple[str, ...]:
    """Return the reasons that the causes have not told already."""
    if record.decision.action == "none":
        return ()
    told = {record.verdict.sentence, *(check.sentence for check in record.broken)}
    return tuple(reason for reason in record.decision.reasons if reason not in told)[:3]


def _next_step(record: MonitorRecord) -> str:
    """Return what the reader should do, for the gravest cause."""
    if record.broken:
        named = [check.column for check in record.broken if check.column is not None]
        where = f" ({escape(listed(dict.fromkeys(named), 3))})" if named else ""
        return (
            f"Tell the owner of the data feed now{where}. Until it is mended, do not trust "
            "predictions made from these data."
        )
    if record.retrain is not None and outcome_of(record.retrain) == "promoted":
        return "Nothing now. The next run shows whether the new model holds."
    if record.decision.held == "losing_streak":
        return (
            "Retraining has stopped until a person starts one. In working hours, read why the "
            f"challengers lost, then run `driftloop retrain {escape(record.model, 60)}`."
        )
    if record.decision.action == "retrain" and record.retrain is None and not record.dry_run:
        return "Wait for the retraining; its result is posted here."
    asked = next((one for one in record.trials if one.kind == "approval"), None)
    if record.decision.held == "waiting" and asked is not None:
        return (
            f"Version {escape(asked.version, 40)} is proven better and waits for approval. Decide "
            f"on it with `driftloop approve {escape(record.model, 60)}`, or in the Prefect UI."
        )
    if _fell(record):
        return (
            f"Version {escape(record.champion, 40)} is live and predicts worse than it should. "
            "Decide now: stop using it, roll back, or retrain by hand."
        )
    return "Nothing tonight. In working hours, check whether the change is real and will stay."


def _actions(done: str, step: str) -> list[Block]:
    return [section(f"*What driftloop did*\n{done}"), section(f"*What you should do*\n{step}")]


def _footer(record: MonitorRecord, links: Links, since: datetime | None) -> list[Block]:
    facts = [
        f"{count(record.rows_current, 'row')} from {record.window}",
        f"version {escape(record.champion, 40)}",
        f"data {escape(record.rev[:10])}",
    ]
    if since is not None:
        facts.insert(0, f"Since {readable(since)} UTC ({lasted(since, record.as_of)})")
    return [context(" · ".join(facts)), *links_line(links)]
