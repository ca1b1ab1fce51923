"""Past runs and reports in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from driftloop.alerts.messages.wording import count
from driftloop.base.periods import format_time, parse_time
from driftloop.decision.outcome import OUTCOME_STYLES, Tone
from driftloop.reporting.json.reports import HistoryOutput, ReportOutput
from driftloop.reporting.run_page.strip import strip_sentence
from driftloop.reporting.run_page.timeline import LABEL, Line, score_range, timeline

_COLOURS: dict[Tone, str] = {
    "bad": "red",
    "warn": "yellow",
    "blind": "magenta",
    "good": "green",
    "plain": "dim",
}
WIDTH = 80


def report_view(found: ReportOutput) -> Iterable[RenderableType]:
    """Yield how a run ended and where its report is."""
    look = OUTCOME_STYLES[found.outcome]
    moment = format_time(parse_time(found.as_of))
    yield Text.assemble(
        (found.model, "bold"),
        f" as of {moment}: ",
        (f"{look.sign} {look.word}", _COLOURS[look.tone]),
    )
    yield Text(found.path)
    if found.address is not None:
        yield Text(found.address, style="dim")


def history_view(found: HistoryOutput, width: int = WIDTH) -> Iterable[RenderableType]:
    """Yield the strip of past runs with scores, versions and incidents beneath it."""
    yield Text.assemble((found.model, "bold"), f": {strip_sentence(found.runs)}")
    for line in timeline(found, width):
        yield _line(line)
    yield Text(f"{'':{LABEL}}{score_range(found.runs)}", style="dim")
    shown = {run.outcome for run in found.runs}
    signs = [f"{look.sign} {look.word}" for name, look in OUTCOME_STYLES.items() if name in shown]
    marks = ["★ champion changed"] if found.moves else []
    marks += ["━ incident"] if found.incidents else []
    yield Text("  ".join((*signs, *marks)), style="dim")
    left = len(found.runs) - (width - LABEL)
    if left > 0:
        yield Text(f"{count(left, 'earlier run')} left out: the terminal is too narrow.", "dim")
    yield f"champion: version {found.champion.version or 'none'}"


def _line(line: Line) -> Text:
    text = Text(f"{line.label:{LABEL}}", style="dim")
    if not line.tones:
        return text.append(line.text, style="not dim")
    for place, character in enumerate(line.text):
        tone = line.tones[place] if place < len(line.tones) else None
        text.append(character, style=f"not dim {_COLOURS[tone]}" if tone else "not dim")
    return text
