"""A backtest in the terminal."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.alerts.messages.wording import count
from driftloop.backtest.summary import PolicyResult
from driftloop.base.periods import format_time
from driftloop.base.scores import metric_name, shown
from driftloop.reporting.backtest import Backtest, InjectionResult
from flows.cli.display.show import empty_table

if TYPE_CHECKING:
    from driftloop.backtest.gain import Gain
    from driftloop.backtest.matrix_result import MatrixResult, PolicyWorth
    from driftloop.backtest.tuning import Tuning


def backtest_view(result: "Backtest | MatrixResult") -> Iterable[RenderableType]:
    """Yield the parts of a backtest that a person wants to see."""
    if not isinstance(result, Backtest):
        yield from matrix_view(result)
        return
    begin, end = (format_time(moment) for moment in (result.start, result.end))
    yield Text.assemble((f"{result.model} ", "bold"), f"{begin} to {end}: {result.sentence}")
    yield _table(result)
    for policy in result.policies:
        yield from _details(policy)
    if result.injection is not None:
        yield _injection(result.injection)
    yield f"{result.seconds:.0f} s; picture: {result.plot}"


def _table(result: Backtest) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what served")
    numbers = "gain kept", "retrained", "promoted", "alarms", "alarms per year"
    for name in (f"mean {metric_name(result.metric)}", *numbers):
        table.add_column(name, justify="right")
    for policy in result.policies:
        table.add_row(
            policy.name,
            _score(shown(result.metric, policy.mean_score)),
            "" if math.isnan(policy.gain_kept) else f"{policy.gain_kept:.0%}",
            str(policy.retrains),
            str(policy.promotions),
            str(policy.alarms),
            f"{policy.alarms_per_year:.1f}",
        )
    for baseline in result.baselines:
        score, retrains = _score(shown(result.metric, baseline.mean_score)), str(baseline.retrains)
        table.add_row(baseline.name, score, "", retrains, "", "", "")
    return table


def _details(policy: PolicyResult) -> Iterable[str]:
    for detection in policy.detections:
        outcome = ""
        if detection.promoted:
            outcome = f", a new champion on {format_time(detection.promoted)}"
        elif detection.retrained:
            outcome = f", retrained on {format_time(detection.retrained)}, kept"
        yield (
            f"  {policy.name}: drift from {format_time(detection.began)} known on "
            f"{format_time(detection.found)}, after {detection.days:.0f} days{outcome}"
        )
    if policy.persons:
        yield (
            f"  {policy.name}: losing challengers stopped the loop {count(policy.persons, 'time')}"
            "; a person is assumed to have started it again"
        )


def _injection(injection: InjectionResult) -> str:
    begin = format_time(injection.at)
    put_in = f"{injection.kind} of {injection.column} by {injection.size:g} from {begin}"
    if injection.known is None:
        return f"  {put_in}: never known"
    return (
        f"  {put_in}: known on {format_time(injection.known)}, after {injection.days:.0f} days "
        f"and {injection.periods} runs"
    )


def matrix_view(result: "MatrixResult") -> Iterable[RenderableType]:
    """Yield what policies would have been worth over an evaluation matrix."""
    yield _headline(result)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("policy", no_wrap=True)
    table.add_column("trained on")
    for name in ("gain, 90 %", "kept", "regret", "retrained"):
        table.add_column(name, justify="right")
    for policy in result.policies:
        kept = "" if math.isnan(policy.kept) or not result.gain.proven else f"{policy.kept:.0%}"
        gains = _interval(policy.gain), kept, _score(policy.regret), str(policy.retrains)
        table.add_row(policy.policy, policy.setting, *gains)
    yield table
    if not math.isnan(result.coverage):
        yield (
            f"A model's 95 % interval held its score in the next period in {result.coverage:.0%} "
            "of the periods."
        )
    yield f"{result.seconds:.0f} s; predictions: {result.folder}; picture: {result.plot}"


def tune_view(result: "Tuning") -> Iterable[RenderableType]:
    """Yield what policies would have been worth, the chosen one marked, and what was written."""
    yield _headline(result)
    unit = metric_name(result.unit)
    proven = result.gain.proven
    gained = "gain kept, 90 %" if proven else f"gain, {unit}, 90 %"
    table = empty_table("", "policy", gained, "retrained", f"against configured, {unit}")
    for policy in result.policies:
        mark, style = ("→", "bold green") if policy.chosen else ("", "")
        versus = _interval(policy.better) if policy.better.high > policy.better.low else ""
        kept, retrained = _kept(policy.worth, result.gain), str(policy.worth.retrains)
        table.add_row(mark, policy.worth.policy, kept, retrained, versus, style=style)
    best = result.best
    table.add_row("", best.policy, _kept(best, result.gain), str(best.retrains), style="dim")
    yield table
    chosen = next(policy for policy in result.policies if policy.chosen)
    for key, value in chosen.values.items():
        yield f"  {key}: {value}"
    said = f"written to {result.config}" if result.written else f"would write to {result.config}"
    yield f"{result.seconds:.0f} s; {said}; picture: {result.plot}"


def _headline(result: "MatrixResult | Tuning") -> Text:
    begin, end = (format_time(moment) for moment in (result.start, result.end))
    return Text.assemble((f"{result.model} ", "bold"), f"{begin} to {end}: {result.sentence}")


def _kept(policy: "PolicyWorth", whole: "Gain") -> str:
    """Return the share of the gain that is kept, or the gain itself where none is proven."""
    if not whole.proven:
        return _interval(policy.gain)
    low, high = (end / whole.mean * 100 for end in (policy.gain.low, policy.gain.high))
    return f"{policy.kept:.0%} [{low:.0f}, {high:.0f}]"


def _interval(gain: "Gain") -> str:
    return f"{_gain(gain.mean)} [{_gain(gain.low)}, {_gain(gain.high)}]"


def _gain(value: float) -> str:
    """Return a metric with four decimals, and money without."""
    if math.isnan(value):
        return ""
    return f"{value:+.4f}" if abs(value) < 10 else f"{value:+,.0f}"


def _score(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
