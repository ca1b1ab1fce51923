"""The tables and the picture of harm in ``docs/benchmarks.md``, from the cases that are kept."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harm import FOLLOWED, collected, harm_of, write_json
from benchmarks.harm_streams import FAMILIES
from benchmarks.launch import Result
from benchmarks.page import replace_part, spaced, table
from benchmarks.paths import DOCS, PAGE
from benchmarks.plots import figure, save

FOUND = ("warning", "page")
ORDER = ("ok", "small", "info", "warning", "page")
BY_INPUTS = ("shift", "scale", "missing", "new_category")
KINDS = (*BY_INPUTS, "label_flip")


def write() -> None:
    """Write results, tables and picture; nothing where no case is kept."""
    cases = collected()
    if not cases:
        print("Left out harm: no case is kept. Run python -m benchmarks harm first.")
        return
    write_json()
    made = [case for case in cases if case["stream"] in FAMILIES]  # real ones change by themselves
    parts = [_harmful(made), _lead(made), _harmless(made), _quiet(cases)]
    replace_part(PAGE, "harm", "\n\n".join(parts))
    draw(made, DOCS / "harm.svg")


def delay_of(case: Result, severities: Sequence[str] = FOUND) -> int | None:
    """Return the first window after the change that was told so severely, from 1; None for none."""
    windows = enumerate(case["windows"], start=1)
    return next((number for number, window in windows if window["severity"] in severities), None)


def _of(cases: Sequence[Result], harm: str, kind: str | None = None) -> list[Result]:
    return [
        case
        for case in cases
        if harm_of(case) == harm and (kind is None or case["change"]["kind"] == kind)
    ]


def _harmful(cases: Sequence[Result]) -> str:
    header = ["harmful change", "cases"]
    header += [f"found by window {number}" for number in range(1, FOLLOWED + 1)]
    header += ["paged", "retraining asked for", "an oracle gains"]
    rows = []
    for kind in KINDS:
        own = _of(cases, "harmful", kind)
        if not own:
            continue
        delays = [delay_of(case) for case in own]
        by = [
            f"{sum(d is not None and d <= w for d in delays) / len(own):.0%}"
            for w in range(1, FOLLOWED + 1)
        ]
        paged = sum(delay_of(case, ("page",)) is not None for case in own)
        asked = sum(
            any(window["action"] == "retrain" for window in case["windows"]) for case in own
        )
        gains = sum(case["oracle"] - case["changed"] > case["margin"] for case in own)
        shares = [f"{count / len(own):.0%}" for count in (paged, asked, gains)]
        rows.append([f"`{kind}`", str(len(own)), *by, *shares])
    return table(header, rows)


def _lead(cases: Sequence[Result]) -> str:
    """Return how losses that inputs make were told before any label could tell them."""
    own = [case for kind in BY_INPUTS for case in _of(cases, "harmful", kind)]
    first = [case["windows"][0] for case in own]
    broken = sum("data_quality" in window["causes"] for window in first)
    low = sum(_estimated_low(one) for one in first)
    later = sum(any(_estimated_low(one) for one in case["windows"]) for case in own)
    early = sum(delay_of(case) == 1 for case in own)
    return (
        f"Labels come one window late. Of {len(own)} harmful changes of inputs {early} were told "
        f"in the first window, before any label could tell them: {broken} by the quality check, "
        f"the others by drift whose harm the estimate did not rule out. In {low} of them the "
        f"estimated score itself lay below the limit in that window, in {later} within {FOLLOWED}."
    )


def _estimated_low(window: Result) -> bool:
    """Return whether the score was estimated below what may be lost, proven or not."""
    return window["estimate"] in ("lost", "falling")


def _harmless(cases: Sequence[Result]) -> str:
    header = ["change", "cases", "silent", "small", "informed", "warned", "paged"]
    header += ["retraining asked for"]
    rows = []
    for harm in ("harmless", "small"):
        for kind in ("none", *KINDS):
            own = _of(cases, harm, kind)
            if not own:
                continue
            worst = Counter(
                max((window["severity"] for window in case["windows"]), key=ORDER.index)
                for case in own
            )
            asked = sum(
                any(window["action"] == "retrain" for window in case["windows"]) for case in own
            )
            counts = [str(worst[name]) for name in ORDER]
            name = f"{harm}, `{kind}`" if kind != "none" else "none"
            rows.append([name, str(len(own)), *counts, str(asked)])
    return table(header, rows)


def _quiet(cases: Sequence[Result]) -> str:
    header = ["windows without any change", "windows", *ORDER, "warned or paged a year of weeks"]
    rows = []
    for stream, size in dict.fromkeys((case["stream"], case["rows"]) for case in cases):
        own = [case for case in cases if (case["stream"], case["rows"]) == (stream, size)]
        still = [case for case in own if case["change"]["kind"] == "none"]
        told = [window["severity"] for case in still for window in case["windows"]]
        told += [severity for case in still for severity in case["quiet"]]
        counts = Counter(told)
        loud = sum(counts[name] for name in FOUND) / max(len(told), 1) * 52
        each = [str(counts[name]) for name in ORDER]
        rows.append([f"{stream}, {spaced(size)} rows", str(len(told)), *each, f"{loud:.1f}"])
    return table(header, rows)


def draw(cases: Sequence[Result], path: Path) -> None:
    """Draw each change: the loss it makes in allowed losses, against what was told at worst."""
    drawn, (panel,) = figure(1, 8.0, 3.8)
    colours = ("#0b5394", "#b45309", "#6b21a8", "#15803d", "#b91c1c")
    for kind, colour, marker in zip(KINDS, colours, "osDv^", strict=True):
        own = [case for case in cases if case["change"]["kind"] == kind]
        loss = [(case["score"] - case["changed"]) / max(case["margin"], 1e-9) for case in own]
        worst = [max(ORDER.index(window["severity"]) for window in case["windows"]) for case in own]
        spread = [level + (KINDS.index(kind) - 2) * 0.12 for level in worst]
        x = [max(0.01, value) for value in loss]
        panel.scatter(x, spread, s=22, color=colour, marker=marker, alpha=0.7, label=kind)
    panel.set_xscale("log")
    panel.axvline(1, color="#6b7280", linestyle=":")
    panel.set_xlabel("loss of score, in allowed losses (0.01 and less at the left edge)")
    panel.set_yticks(range(len(ORDER)), ["silent", "small", "informed", "warned", "paged"])
    save(drawn, [panel], path)
