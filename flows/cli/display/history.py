"""Past runs and reports in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from driftloop.alerts.messages.wording import count
from driftloop.base.periods import format_time
from driftloop.decision.outcome import OUTCOME_STYLES
from driftloop.reporting.dashboard.rows import Dashboard
from driftloop.reporting.retention import Pruning
from driftloop.reporting.run_report.history import history_sentence
from driftloop.reporting.run_report.past_runs import FetchedReport, History
from driftloop.reporting.timeline import LABEL, Line, score_range, timeline
from flows.cli.display.show import TONES, empty_table

WIDTH = 80


def report_view(report: FetchedReport) -> Iterable[RenderableType]:
    """Yield how a run ended and where its report is."""
    style = OUTCOME_STYLES[report.outcome]
    yield Text.assemble(
        (report.model, "bold"),
        f" as of {format_time(report.as_of)}: ",
        (f"{style.sign} {report.headline or style.word}", TONES[style.tone]),
    )
    yield Text(report.path)
    if report.address is not None:
        yield Text(report.address, style="dim")


def history_view(history: History, width: int = WIDTH) -> Iterable[RenderableType]:
    """Yield the strip of past runs with scores, versions and incidents beneath it."""
    yield Text.assemble((history.model, "bold"), f": {history_sentence(history.runs)}")
    for line in timeline(history, width):
        yield _line(line)
    yield Text(f"{'':{LABEL}}{score_range(history.runs)}", style="dim")
    shown = {run.outcome for run in history.runs}
    styles = (style for outcome, style in OUTCOME_STYLES.items() if outcome in shown)
    signs = [f"{style.sign} {style.word}" for style in styles]
    marks = ["★ champion changed"] if history.moves else []
    marks += ["━ incident"] if history.incidents else []
    yield Text("  ".join((*signs, *marks)), style="dim")
    left = len(history.runs) - (width - LABEL)
    if left > 0:
        yield Text(f"{count(left, 'earlier run')} left out: the terminal is too narrow.", "dim")
    yield f"champion: version {history.champion.version or 'none'}"


def dashboard_view(page: Dashboard) -> Iterable[RenderableType]:
    """Yield how all models are and where their page is."""
    yield page.sentence
    yield Text(page.path)


def pruning_view(pruning: Pruning) -> Iterable[RenderableType]:
    """Yield a table of what was removed, or would be, and what that comes to."""
    table = empty_table("model", "kind", "count", "oldest", "MB")
    for removal in pruning.removals:
        size = f"{removal.size / 1e6:,.1f}"
        row = removal.model, removal.kind, f"{removal.count:,}", format_time(removal.oldest), size
        table.add_row(*row)
    if pruning.removals:
        yield table
    yield pruning.sentence


def _line(line: Line) -> Text:
    text = Text(f"{line.label:{LABEL}}", style="dim")
    if not line.tones:
        return text.append(line.text, style="not dim")
    for place, character in enumerate(line.text):
        tone = line.tones[place] if place < len(line.tones) else None
        text.append(character, style=f"not dim {TONES[tone]}" if tone else "not dim")
    return text
