"""Retrainings and the promotion ledger in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from driftloop.base.periods import format_time
from driftloop.base.retrain_record import RetrainOutcome
from driftloop.promotion.ledger import MOVES, Ledger
from flows.cli.display.show import empty_table


def retrain_view(record: RetrainOutcome) -> Iterable[RenderableType]:
    """Yield the parts of a retraining that a person wants to see."""
    won = Text("won", "green") if record.won else Text("not promoted", "yellow")
    if record.won and record.scores.champion is None:
        won = Text("is the first that passed every gate", "green")
    if record.waits_for is not None:
        won = Text(f"won and waits for {record.waits_for}", "green")
    if record.challenger is not None:
        yield Text.assemble(f"challenger: version {record.challenger} ", won)
    yield f"  {record.sentence}"
    for gate in record.gates:
        color = "yellow" if gate.status == "not_judged" else "green" if gate.passed else "red"
        mark = Text(gate.status.replace("_", " "), color)
        yield Text.assemble(f"  gate {gate.gate}: ", mark, f" {gate.sentence}")


def ledger_view(ledger: Ledger) -> Iterable[RenderableType]:
    """Yield a line per entry of a promotion ledger, and its contradictions."""
    columns = "#", "written", "as of", "what", "version", "before", "why"
    table = empty_table(*columns, wrapped="why")
    for entry in ledger.entries:
        kind = Text(entry.kind.replace("_", " "), "bold" if entry.kind in MOVES else "")
        written, as_of = format_time(entry.at), format_time(entry.as_of)
        row = (str(entry.number), written, as_of, kind, entry.version, entry.previous or "none")
        table.add_row(*row, entry.sentence)
    yield table
    for fault in ledger.faults:
        yield Text(f"fault: {fault}", style="red")
    yield f"champion: version {ledger.champion.version or 'none'}"
