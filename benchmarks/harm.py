"""Harm: whether harmful changes are found and harmless ones left in peace, on the same streams.

``python -m benchmarks harm --stream elec2=FILE`` lets each change begin after quiet windows and
judges the windows that follow as runs would, labels one window late. Each case is kept; a run that
was ended goes on where it was.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harm_judge import METRIC, Champion, Told, judge, severity
from benchmarks.harm_streams import FAMILIES, Change, changed, changes_of, generated, real
from benchmarks.launch import Result, kept
from benchmarks.machine import machine, one_thread
from benchmarks.paths import DOCS, RESULTS
from driftloop.performance.no_skill import allowed_loss

QUIET, FOLLOWED = 4, 4
ORACLE_ROWS = 5000
"""Rows at least that harm is computed on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which streams, of how many rows a window; real ones by name and file."""

    files: Mapping[str, Path]
    families: Sequence[str] = FAMILIES
    rows: Sequence[int] = (300, 1000, 10_000)
    seeds: int = 1
    fresh: bool = False


def run(settings: Settings) -> None:
    """Judge every case that is not kept, and print what came of it."""
    one_thread()
    for name, make in _streams(settings):
        folder = RESULTS / "harm" / name
        names = folder / "changes.json"
        if (
            not settings.fresh
            and names.exists()
            and all((folder / f"{name}.json").exists() for name in json.loads(names.read_text()))
        ):
            continue
        stream = make()
        champion = Champion(stream)
        told, quiet = _quiet(champion)
        all_of_them = changes_of(stream, champion.importances())
        folder.mkdir(parents=True, exist_ok=True)
        names.write_text(json.dumps([change.name for change in all_of_them]))
        for change in all_of_them:
            made = partial(_case, champion, change, told, quiet)
            result, old = kept(folder / f"{change.name}.json", settings.fresh, made)
            if not old:
                print(f"{name:24} {change.name:24} {_said(result)}", flush=True)


def _streams(settings: Settings) -> Iterator[tuple[str, Any]]:
    for name, path in settings.files.items():
        yield name, partial(real, name, path)
    for rows in settings.rows:
        for seed in range(settings.seeds):
            for family in settings.families:
                made = partial(generated, family, rows, seed, QUIET + FOLLOWED)
                yield f"{family}-{rows}-{seed}", made


def _quiet(champion: Champion) -> tuple[Told, list[str]]:
    """Return what the quiet windows told, and the severity of each."""
    stream, told, found = champion.stream, Told(), []
    first = stream.reference + stream.holdout
    for number in range(first, first + QUIET):
        record, told = judge(champion, stream.part(number, number + 1), number, told)
        found.append(severity(record))
    return told, found


def _case(champion: Champion, change: Change, told: Told, quiet: list[str]) -> Result:
    """Return what was said of the windows after a change, and the harm that it does."""
    stream = champion.stream
    first = stream.reference + stream.holdout + QUIET
    last = min(stream.windows, first + FOLLOWED)
    said: list[dict[str, Any]] = []
    for number in range(first, last):
        window = changed(stream, stream.part(number, number + 1), change)
        record, told = judge(champion, window, number, told)
        said.append(
            {
                "severity": severity(record),
                "causes": sorted({trouble.kind for trouble in record.troubles}),
                "verdict": record.verdict.status,
                "performance": record.performance.status,
                "promise": record.performance.promise.status if record.performance.promise else "",
                "estimate": record.estimate.status if record.estimate else "",
                "estimated": record.estimate.score if record.estimate else None,
                "action": record.decision.action,
            }
        )
    about = {"stream": stream.name, "rows": stream.rows, "change": asdict(change)}
    return {**about, "quiet": quiet, "windows": said, **_harm(champion, change, first, last)}


def _harm(champion: Champion, change: Change, first: int, last: int) -> dict[str, float]:
    """Return the scores of the same rows unchanged and changed, and of an oracle on them.

    The oracle is trained on half of the changed rows and scored, with the champion, on the rest.
    """
    stream = champion.stream
    after = stream.part(first, last)
    if len(after) < ORACLE_ROWS:  # what is lost does not depend on which rows it is measured on
        after = stream.part(stream.reference, last)
    rng = np.random.default_rng(0)
    half = rng.random(len(after)) < 0.5
    unchanged, now = after, changed(stream, after, change)
    oracle = champion.train(now[half])
    y = now[~half][stream.label].to_numpy()
    return {
        "score": champion.score_of(unchanged[~half]),
        "changed": champion.score_of(now[~half]),
        "oracle": champion.score_of(now[~half], oracle),
        "margin": allowed_loss(METRIC, y, champion.baseline.value),
    }


def harm_of(result: Result) -> str:
    """Return how much a change harms, by the loss that is allowed."""
    loss = (result["score"] - result["changed"]) / max(result["margin"], 1e-9)
    return "harmless" if loss < 0.15 else "small" if loss < 1 else "harmful"


def _said(result: Result) -> str:
    worst = " ".join(window["severity"] for window in result["windows"])
    return f"{harm_of(result):9} {result['score']:.3f} -> {result['changed']:.3f}: {worst}"


def collected() -> list[Result]:
    """Return all kept cases."""
    paths = sorted((RESULTS / "harm").glob("*/*.json"))
    return [json.loads(path.read_text()) for path in paths if path.name != "changes.json"]


def write_json() -> None:
    """Write ``docs/benchmarks/harm.json``."""
    DOCS.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "cases": collected()}
    (DOCS / "harm.json").write_text(json.dumps(document, indent=1) + "\n")
