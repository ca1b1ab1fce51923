"""Checks of a table that is to become a model's data: one line each, with the mend."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.errors import join_names, valid_choices
from driftloop.performance.target import class_text, label_text
from driftloop.profiling.whole_numbers import lost_digits
from driftloop.snapshots.options import Options
from driftloop.snapshots.table_source import Source, fail

MOST_CLASSES = 50


def check_columns(path: Path, names: list[str], options: Options) -> None:
    """Check that every column is there, once, and is named for one thing only.

    Raises:
        DataError: naming the column and the option.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fail(path, f"the header names {join_names(map(repr, twice))} more than once; rename one")
    asked = {"--time": options.time, "--label": options.label, "--key": options.key}
    taken: dict[str, str] = {}
    for option, name in (
        *asked.items(),
        *(("--drop", name) for name in dict.fromkeys(options.drop)),
    ):
        if name is None:
            continue
        if name not in names:
            fail(path, f"no such column for {option}; {valid_choices(name, names)}")
        if name in taken:
            fail(path, f"{taken[name]} and {option} both name {name!r}; name different columns")
        taken[name] = option


def check_rows(source: Source, options: Options) -> None:
    """Check that rows are in time order, can be told apart, and that every feature has values.

    Raises:
        DataError: naming the column and the first offending row.
    """
    _check_order(source, options.time)
    if options.key is None:
        _check_times_differ(source, options.time)
    else:
        _check_key(source, options.key)
    _check_filled(source, options)


def check_label(source: Source, options: Options) -> None:
    """Check that the label holds 2 to 50 classes, the positive one among them.

    Raises:
        DataError: naming the label and its values.
    """
    name = options.label
    present = source.table[name].dropna()
    if present.empty:
        fail(source.path, f"column {name!r}: every label is missing; name another with --label")
    classes = sorted(set(label_text(present)))
    if len(classes) > MOST_CLASSES:
        fail(
            source.path,
            f"column {name!r}: a label of {len(classes):,} different values; driftloop trains "
            f"classifiers of up to {MOST_CLASSES} classes: write it as classes, or name another "
            "column with --label; for a quantity 'driftloop init' is of no help yet: write the "
            "configuration by hand with task: regression (docs/configuration.md)",
        )
    if len(classes) < 2:
        fail(
            source.path,
            f"column {name!r}: every label is {classes[0]!r}; a model needs two classes or more",
        )
    check_positive(source.path, name, classes, options.positive)


def check_positive(path: Path, label: str, classes: list[str], positive: str | None) -> str | None:
    """Return the positive class as the label writes it; None where none is named.

    Raises:
        DataError: if it is not among the classes, or there are more than two.
    """
    if positive is None:
        return None
    if len(classes) > 2:
        fail(
            path,
            f"--positive is for two classes; {label!r} holds {len(classes)} "
            f"({join_names(classes, 6)}): leave it out",
        )
    wanted = next((reading for reading in _readings(positive) if reading in classes), None)
    if wanted is None:
        fail(path, f"{label!r} never takes that --positive; {valid_choices(positive, classes)}")
    return wanted


def _readings(positive: str) -> list[str]:
    """Return what the words of a person may be in the file: true is 1 there, 1.0 is 1."""
    flags = {"true": "1", "false": "0"}
    readings = [positive, flags.get(positive.lower(), positive)]
    try:
        readings.append(class_text(float(positive)))
    except ValueError:
        return readings
    return readings


def _check_order(source: Source, time: str) -> None:
    times = source.table[time].to_numpy()
    earlier = times[1:] < times[:-1]
    if earlier.any():
        row = int(np.argmax(earlier)) + 1
        fail(
            source.path,
            f"column {time!r}, {source.place(row)}: {_moment(times[row])} comes after "
            f"{_moment(times[row - 1])}; sort the file by that column first",
        )


def _check_times_differ(source: Source, time: str) -> None:
    again = source.table[time].duplicated().to_numpy()
    if again.any():
        row = int(np.argmax(again))
        fail(
            source.path,
            f"column {time!r}: {_times(again)} already seen, the first in {source.place(row)} "
            f"({_moment(source.table[time].iloc[row])}); name a column that identifies rows with "
            "--key, because rows could otherwise not be told apart",
        )


def _check_key(source: Source, key: str) -> None:
    column = source.table[key]
    missing = column.isna().to_numpy()
    if missing.any():
        fail(
            source.path,
            f"column {key!r}: {int(missing.sum()):,} keys are missing, the first in "
            f"{source.place(int(np.argmax(missing)))}; fill them in or name another --key",
        )
    if lost_digits(column):
        fail(
            source.path,
            f"column {key!r}: floating-point numbers of 2^53 or more, which have lost their last "
            "digits; export the key as whole numbers or as text, or name another --key",
        )
    again = column.duplicated().to_numpy()
    if again.any():
        row = int(np.argmax(again))
        fail(
            source.path,
            f"column {key!r}: {int(again.sum()):,} rows repeat a key, the first in "
            f"{source.place(row)} ({str(column.iloc[row])!r}); remove the repeated rows or name "
            "another --key",
        )


def _check_filled(source: Source, options: Options) -> None:
    others = {options.time, options.label, options.key}
    empty = [
        name
        for name in source.table.columns
        if name not in others and bool(source.table[name].isna().all())
    ]
    if empty:
        options_text = " ".join(f"--drop {_quoted(name)}" for name in empty)
        noun = "column" if len(empty) == 1 else "columns"
        fail(
            source.path,
            f"{noun} {join_names(map(repr, empty))}: entirely empty; leave out with {options_text}",
        )


def _quoted(name: str) -> str:
    return name if name.replace("_", "").replace(".", "").isalnum() else repr(name)


def _times(again: Any) -> str:
    count = int(again.sum())
    return f"{count:,} row has a time" if count == 1 else f"{count:,} rows have a time"


def _moment(value: Any) -> str:
    return f"{pd.Timestamp(value):%Y-%m-%d %H:%M:%S}"
