"""The strip of past runs: one cell per run, like the builds of a CI server."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from driftloop.alerts.messages.wording import count, scored
from driftloop.base.periods import format_time
from driftloop.base.scores import metric_name
from driftloop.decision.outcome import OUTCOME_STYLES, OutcomeStyle
from driftloop.promotion.ledger import MOVES, Entry
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.past_runs import RunPoint, point_of_record

MOST_RUNS = 60


@dataclass(frozen=True, slots=True)
class HistoryCell:
    """A past run, whether an incident was open then, and what changed the champion."""

    run: RunPoint
    style: OutcomeStyle
    in_incident: bool
    moves: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """The run in one line of plain text."""
        run, parts = self.run, [format_time(self.run.as_of), self.style.word]
        if run.score is not None and run.metric:
            score = scored(run.metric, run.score, run.low, run.high)
            parts.append(f"{metric_name(run.metric)} {score}")
        if run.champion:
            parts.append(f"version {run.champion}")
        if self.in_incident:
            parts.append("in an incident")
        if self.moves:
            parts.append("the champion changed")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class HistorySection:
    """The newest runs, oldest first, the run of the report last."""

    sentence: str
    cells: tuple[HistoryCell, ...]

    @property
    def styles(self) -> list[OutcomeStyle]:
        """The styles that occur, the most severe first."""
        styles = {cell.style for cell in self.cells}
        return [style for style in OUTCOME_STYLES.values() if style in styles]


def history_section(report: ReportInput) -> HistorySection:
    """Return the newest runs up to the report's own."""
    runs = (*report.past, point_of_record(report.run_id, report.record))[-MOST_RUNS:]
    moves = moves_between(report.ledger, runs)
    cells = tuple(
        HistoryCell(
            run,
            OUTCOME_STYLES[run.outcome],
            any(episode.covers(run.as_of) for episode in report.episodes),
            tuple(moves.get(place, ())),
        )
        for place, run in enumerate(runs)
    )
    return HistorySection(history_sentence(runs), cells)


def history_sentence(runs: Sequence[RunPoint]) -> str:
    """Return what a strip shows, in words: how many runs ended how, and since when."""
    counts = Counter(run.outcome for run in runs)
    parts = [
        style.counted(counts[outcome])
        for outcome, style in OUTCOME_STYLES.items()
        if counts[outcome]
    ]
    since = f" since {format_time(runs[0].as_of)}" if runs else ""
    return f"{count(len(runs), 'run')}{since}: {', '.join(parts) or 'none yet'}."


def moves_between(ledger: Iterable[Entry], runs: tuple[RunPoint, ...]) -> dict[int, list[Entry]]:
    """Return the changes of the champion by the place of the first run at or after each."""
    moves: dict[int, list[Entry]] = {}
    for entry in ledger:
        if entry.kind not in MOVES:
            continue
        places = [place for place, run in enumerate(runs) if run.as_of >= entry.as_of]
        if places and (places[0] > 0 or runs[0].as_of == entry.as_of):
            moves.setdefault(places[0], []).append(entry)
    return moves
