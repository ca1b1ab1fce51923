"""The head of a report: the verdict in one sentence, what was done, and what to do."""

from driftloop.alerts.messages.causes import causes, headline
from driftloop.alerts.messages.steps import done, next_step
from driftloop.alerts.messages.wording import plain
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.decision.outcome import OUTCOME_STYLES, outcome_of_record
from driftloop.reporting.html.markup import Node, el, group, text
from driftloop.reporting.html.parts import link_list, mrkdwn
from driftloop.reporting.run_page.source import ReportInput

_TROUBLE = ("broken", "fell", "drift")
_ACTIONS = {
    "none": "nothing to do",
    "alert": "tell people",
    "hold": "hold the retraining back",
    "retrain": "retrain",
}


def headline_section(source: ReportInput) -> Node:
    """Return the verdict, its causes, the decision, what was done and what the reader should do."""
    record = source.record
    outcome = outcome_of_record(record)
    look = OUTCOME_STYLES[outcome]
    mark = el("span", look.sign, class_="sign big", aria_hidden="true")
    title = el("h2", mark, el("span", text(verdict_line(record))))
    head = el("div", title, *_explained(record), class_=f"verdict {look.tone}")
    facts = el(
        "dl",
        *_fact("Decision", mrkdwn(_decision(record))),
        *_fact("What driftloop did", mrkdwn(_done(record))),
        *_fact("What you should do", mrkdwn(_step(record))),
        class_="deeds",
    )
    return el(
        "section",
        *group(head, facts, _incident(source), link_list(source.links, own=True)),
        id="verdict",
        class_="lead",
    )


def verdict_line(record: MonitorRecord) -> str:
    """Return the verdict in one sentence, as plain text."""
    outcome = outcome_of_record(record)
    if outcome in _TROUBLE:
        return _capital(plain(headline(record))) + "."
    return {
        "ok": "Healthy: nothing is wrong.",
        "warning": "No trouble, but something is close to its limit.",
        "inconclusive": "This run could not judge the model.",
    }.get(outcome, record.verdict.sentence)


def _explained(record: MonitorRecord) -> tuple[Node, ...]:
    """Return the causes; a bullet of a message is a line of its own here as there."""
    return tuple(el("p", mrkdwn(cause)) for cause in causes(record))


def _decision(record: MonitorRecord) -> str:
    held = f" ({record.decision.held.replace('_', ' ')})" if record.decision.held else ""
    return f"*{_capital(_ACTIONS[record.decision.action])}*{held}."


def _done(record: MonitorRecord) -> str:
    return "Changed nothing." if _calm(record) else done(record)


def _step(record: MonitorRecord) -> str:
    outcome = outcome_of_record(record)
    if not _calm(record):
        return next_step(record)
    if outcome == "inconclusive":
        return "In working hours, check that new data arrive and that enough rows reach each run."
    return "Nothing." if outcome == "ok" else "Nothing now. Keep an eye on what is marked below."


def _calm(record: MonitorRecord) -> bool:
    """Say whether there is neither trouble nor anything that was decided."""
    no_trouble = outcome_of_record(record) not in _TROUBLE
    return no_trouble and record.decision.action == "none" and record.retrain is None


def _incident(source: ReportInput) -> Node:
    going_on = [episode for episode in source.episodes if episode.end is None]
    if not going_on:
        return None
    since = format_time(going_on[-1].start)
    return el(
        "p", f"An incident is open since {since} UTC ({going_on[-1].severity}).", class_="dim"
    )


def _fact(title: str, said: Node) -> tuple[Node, ...]:
    return el("div", el("dt", title), el("dd", said)), None


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]
