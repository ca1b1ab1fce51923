"""What a retraining came to, versions under observation, and the promotions so far."""

from driftloop.alerts.messages.retraining import outcome_line, outcome_of
from driftloop.alerts.messages.wording import count, interval, number
from driftloop.alerts.messages.wording import score as score_text
from driftloop.base.periods import format_time
from driftloop.base.records import Comparison, RetrainRecord, Score, TrainingPlan, WindowScore
from driftloop.decision.outcome import Tone
from driftloop.promotion.ledger import Entry
from driftloop.reporting.html.markup import Element, Node, el, group, table, text, told
from driftloop.reporting.html.parts import badge, figure, mrkdwn, status_badge
from driftloop.reporting.run_page.source import Pictures, ReportInput

_SHOWN = 20
_LEDGER = 30
_OUTCOMES: dict[str, tuple[str, str, Tone]] = {
    "promoted": ("✓", "promoted", "good"),
    "proposed": ("✓", "proved better, waits", "good"),
    "kept": ("!", "champion kept", "plain"),
    "refused": ("✖", "refused", "warn"),
    "failed": ("✖", "nothing trained", "bad"),
}


def training_section(source: ReportInput) -> Node:
    """Return champion against challenger, the gates and the plan, where the run retrained."""
    record = source.record.retrain
    if record is None:
        return None
    compared = record.comparison
    return el(
        "section",
        el("h2", "Champion against challenger"),
        el("p", badge(*_OUTCOMES[outcome_of(record)]), " ", mrkdwn(outcome_line(record))),
        el("p", el("strong", "Why it retrained. "), *told(record.reason)),
        *(_compared(compared, source.pictures) if compared is not None else ()),
        el("p", *told(record.sentence)) if compared is None else None,
        _plan(record.plan) if record.plan is not None else None,
        _parameters(record),
        id="challenger",
    )


def trials_section(source: ReportInput) -> Node:
    """Return the versions that are observed: in shadow, on probation, or waiting for approval."""
    trials = source.record.trials
    if not trials:
        return None
    rows = [
        (
            f"version {text(trial.version, 40)}",
            trial.kind,
            f"version {text(trial.against, 40)}",
            trial.status.replace("_", " "),
            f"{trial.looks} of {trial.planned}",
            number(trial.difference, "+") if trial.difference is not None else "none yet",
            el("span", *told(trial.sentence)),
        )
        for trial in trials
    ]
    heads = ("version", "trial", "against", "state", "windows", "difference", "what came of it")
    made = table("Versions under observation", heads, rows, hide=True)
    return el("section", el("h2", "Trials"), made, id="trials")


def promotions_section(source: ReportInput) -> Node:
    """Return the newest entries of the promotion ledger, those that were not made too."""
    entries = [one for one in source.ledger if one.kind != "began"][-_LEDGER:]
    if not entries:
        return None
    rows = [_entry(entry) for entry in reversed(entries)]
    heads = ("as of", "what", "version", "before", "why")
    made = table("The newest first", heads, rows)
    return el("section", el("h2", "Promotions"), made, id="promotions")


def comparison_words(found: Comparison) -> str:
    """Return what the picture of the comparison shows, for those who do not see it."""
    new = f"challenger {score_text(found.challenger)}"
    old = f"champion {score_text(found.champion)}, " if found.champion is not None else ""
    return f"{found.metric}: {old}{new}."


def gain_words(found: Comparison) -> str:
    """Return what the picture of the gain shows."""
    edge = interval(found.low, found.high, "+")
    return f"Gain {number(found.difference, '+')}{edge}; over {number(found.bound)} is needed."


def _compared(found: Comparison, pictures: Pictures) -> tuple[Node, ...]:
    parts: list[Node] = [el("p", *told(found.sentence))]
    drawn = [figure(one) for one in (pictures.comparison, pictures.gain) if one is not None]
    parts.append(el("div", *drawn, class_="cards") if drawn else None)
    parts.append(_scores(found))
    if found.delong is not None:
        agrees = "agrees" if found.delong.agrees else "does not agree"
        edge = interval(found.delong.low, found.delong.high, "+").strip(" ()")
        parts.append(el("p", f"DeLong's test {agrees}: {edge}.", class_="small dim"))
    rows = [
        (
            text(gate.gate.replace("_", " "), 60),
            status_badge(gate.status),
            el("span", *told(gate.sentence)),
        )
        for gate in found.gates
    ]
    if rows:
        parts.append(table("Gates: every one has to pass", ("gate", "result", "why"), rows))
    return group(*parts)


def _scores(found: Comparison) -> Element:
    def line(place: str, rows: int, old: Score | None, new: Score, gain: str) -> tuple[Node, ...]:
        return place, f"{rows:,}", score_text(old) if old else "none", score_text(new), gain

    whole = number(found.difference, "+") + interval(found.low, found.high, "+")
    rows = [line("all of the holdout", found.rows, found.champion, found.challenger, whole)]
    for slice_ in found.slices[:_SHOWN]:
        gain = number(slice_.difference, "+") + interval(slice_.low, slice_.high, "+")
        rows.append(
            line(text(slice_.name, 80), slice_.rows, slice_.champion, slice_.challenger, gain)
        )
    sure = f"{found.confidence * 100:.4g} %"
    caption = f"{found.metric} with {sure} intervals; a gain over {number(found.bound)} is needed"
    return table(caption, ("on", "rows", "champion", "challenger", "gain"), rows)


def _plan(plan: TrainingPlan) -> Element:
    training, holdout = plan.training, plan.holdout
    known = f", {count(training.rows, 'row')}" if training.rows is not None else ""
    rows: list[tuple[Node, ...]] = [
        ("trained on", f"{training.window}{known}"),
        ("compared on", f"{holdout.window}{_rows(holdout.rows)}"),
    ]
    if training.excluded:
        left = ", ".join(str(window) for window in training.excluded[:_SHOWN])
        rows.append(("left out", f"{left} (broken periods)"))
    parts = [el("p", *told(plan.sentence)), table("The plan", ("what", "window"), rows, hide=True)]
    if plan.candidates:
        tried = [_candidate(candidate) for candidate in plan.candidates[:_SHOWN]]
        heads = ("window", "rows", "validation score", "why")
        parts.append(table("Training windows that were tried", heads, tried))
    return el("div", el("h3", "How it was trained"), *parts)


def _candidate(one: WindowScore) -> tuple[Node, ...]:
    where = f"{one.candidate.replace('_', ' ')}: {one.window}"
    return text(where, 120), f"{one.rows:,}", number(one.score), el("span", *told(one.sentence))


def _rows(amount: int | None) -> str:
    return f", {count(amount, 'row')}" if amount is not None else ""


def _parameters(found: RetrainRecord) -> Node:
    if not found.parameters:
        return None
    rows = [(text(key, 80), text(value, 120)) for key, value in list(found.parameters.items())[:60]]
    made = table("Settings of the challenger", ("setting", "value"), rows, hide=True)
    return el("details", el("summary", "Settings of the challenger"), made)


def _entry(one: Entry) -> tuple[Node, ...]:
    return (
        format_time(one.as_of),
        one.kind.replace("_", " "),
        text(one.version, 40),
        text(one.previous or "none", 40),
        el("span", *told(one.sentence)),
    )
