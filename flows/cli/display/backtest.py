"""A backtest in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from driftloop.base.periods import format_time, parse_time
from driftloop.reporting.json.backtest import BacktestOutput, InjectionOutput, PolicyOutput


def backtest_view(found: BacktestOutput) -> Iterable[RenderableType]:
    """Yield the parts of a backtest that a person wants to see."""
    begin, end = (format_time(parse_time(moment)) for moment in (found.start, found.end))
    yield Text.assemble((f"{found.model} ", "bold"), f"{begin} to {end}: {found.sentence}")
    yield _table(found)
    for policy in found.policies:
        yield from _details(policy)
    if found.injection is not None:
        yield _injection(found.injection)
    yield f"{found.seconds:.0f} s; picture: {found.plot}"


def _table(found: BacktestOutput) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what served")
    for name in (
        f"mean {found.metric}",
        "gain kept",
        "retrained",
        "promoted",
        "alarms",
        "alarms a year",
    ):
        table.add_column(name, justify="right")
    for policy in found.policies:
        table.add_row(
            policy.name,
            _score(policy.mean_score),
            "" if policy.gain_kept is None else f"{policy.gain_kept:.0%}",
            str(policy.retrains),
            str(policy.promotions),
            str(policy.alarms),
            f"{policy.alarms_per_year:.1f}",
        )
    for rival in found.rivals:
        table.add_row(rival.name, _score(rival.mean_score), "", str(rival.retrains), "", "", "")
    return table


def _details(policy: PolicyOutput) -> Iterable[str]:
    for detection in policy.detections:
        done = ""
        if detection.promoted:
            done = f", a new champion on {format_time(parse_time(detection.promoted))}"
        elif detection.retrained:
            done = f", retrained on {format_time(parse_time(detection.retrained))}, kept"
        yield (
            f"  {policy.name}: drift from {format_time(parse_time(detection.began))} known on "
            f"{format_time(parse_time(detection.found))}, after {detection.days:.0f} days{done}"
        )
    if policy.persons:
        times = f"{policy.persons} time{'' if policy.persons == 1 else 's'}"
        yield (
            f"  {policy.name}: losing challengers stopped the loop {times}; a person is taken to "
            "have started it again"
        )


def _injection(found: InjectionOutput) -> str:
    put_in = (
        f"{found.kind} of {found.column} by {found.size:g} from {format_time(parse_time(found.at))}"
    )
    if found.known is None:
        return f"  {put_in}: never known"
    return (
        f"  {put_in}: known on {format_time(parse_time(found.known))}, after {found.days:.0f} days "
        f"and {found.periods} runs"
    )


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
