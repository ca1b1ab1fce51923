from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from workshop import small_config

from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from tasks.monitoring.scope import criteria
from tasks.runtime.job import Job


@pytest.mark.parametrize(
    ("reference", "seasonal"),
    [({"kind": "champion"}, False), ({"kind": "rolling"}, False), ({"kind": "season"}, True)],
)
def test_only_the_reference_of_a_season_is_judged_as_one(reference: Any, seasonal: bool) -> None:
    config = ModelConfig.model_validate(small_config(windows={"reference": reference}))
    job = Job(Workspace(Path("unused")), config, datetime(2026, 3, 9, tzinfo=UTC), "HEAD", False)
    assert criteria(job).seasonal is seasonal
