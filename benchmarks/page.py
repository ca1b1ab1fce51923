"""The generated parts of ``docs/benchmarks.md``; the prose around them is left alone."""

from collections.abc import Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    marks = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Write a positive number with two significant digits, or three where it is larger."""
    if value >= 100:
        return f"{value:,.0f}".replace(",", " ")
    if value >= 10:
        return f"{value:.1f}"
    if value >= 1:
        return f"{value:.2f}"
    return f"{value:.2g}" if value >= 0.001 or value == 0 else f"{value:.1g}"


def spaced(value: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{value:,}".replace(",", " ")


def replace_part(page: Path, name: str, text: str) -> None:
    """Put text between the markers of a generated part of a page.

    Raises:
        ValueError: The page lacks the markers.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    content = page.read_text()
    if begin not in content or end not in content:
        raise ValueError(f"{page.name} lacks the markers {begin} and {end}; put them back.")
    before, rest = content.split(begin, 1)
    after = rest.split(end, 1)[1]
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}")
