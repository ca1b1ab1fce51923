from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.base.errors import SnapshotError
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_column import (
    CategoricalReference,
    NumericReference,
    UnreadableColumn,
)
from driftloop.profiling.reference_profile import Features, profile_columns
from tasks.monitoring.profile_file import VALUES, read_profile, write_profile


def test_profile_survives_the_disk_and_damage_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=900), "c": rng.choice(["a", "b"], 900)})
    features = Features(("x", "absent"), ("c",))
    built = dict(profile_columns(FrameColumns(table), features, DriftSettings().effect_sizes))
    stored = write_profile(tmp_path / "p", "key", 900, built.items())
    number, category, absent = (stored.column(name) for name in ("x", "c", "absent"))
    assert isinstance(number, NumericReference)
    np.testing.assert_array_equal(number.values, np.sort(table.x))
    np.testing.assert_array_equal(number.edges, built["x"].edges)  # type: ignore[union-attr]
    assert isinstance(category, CategoricalReference)
    assert category.counts.tolist() == table.c.value_counts().sort_index().tolist()
    assert isinstance(absent, UnreadableColumn)
    assert read_profile(tmp_path / "p", "key", thorough=True).rows == 900
    with pytest.raises(SnapshotError, match="damaged"):
        read_profile(tmp_path / "p", "another")
    (tmp_path / "p" / VALUES).write_bytes(b"")
    with pytest.raises(SnapshotError, match="damaged"):
        read_profile(tmp_path / "p", "key")
