"""Compiled loops are loaded once, before a fleet's processes are forked."""

import subprocess
import sys
from pathlib import Path

from workshop import ROOT

WORK = """
import sys
from pathlib import Path
import numpy as np
import pandas as pd
import tasks.fleet.compiled
from driftloop.drift.judge import measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling import loops_numba as loops
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Features, profile_columns
from tasks.monitoring.profile_file import read_profile, write_profile

def loaded():
    return [loop.signatures for loop in (loops.cells, loops.count, loops.radix_sorted)]

before, settings, features = loaded(), DriftSettings(engine="native"), Features(("x",), ())
rows = FrameColumns(pd.DataFrame({"x": np.random.default_rng(0).normal(size=50_000)}))
folder = Path(sys.argv[1])
columns = profile_columns(rows, features, settings.effect_sizes)
made = write_profile(folder, "key", rows.rows, columns)
for profile in (made, read_profile(folder, "key")):
    list(measure_features(profile, rows, features, MeasuringOptions(settings, 0.01)))
assert before == loaded(), (before, loaded())
assert all(before)
"""


def test_a_run_loads_no_compiled_loop_of_its_own(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WORK, str(tmp_path / "profile")], cwd=ROOT, check=True)
