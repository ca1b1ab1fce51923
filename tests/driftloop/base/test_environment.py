"""What is set before the libraries are imported: nothing reports home, and Git asks nobody."""

import os
from pathlib import Path
from unittest import mock

from driftloop.base.environment import prepare_environment

SILENT = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
}


def test_no_telemetry_no_question_and_everything_below_the_state(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ, {}, clear=True):
        prepare_environment(tmp_path)
        assert SILENT.items() <= os.environ.items()
        assert os.environ["GIT_TERMINAL_PROMPT"] == "0"
        for name in ("PREFECT_HOME", "DVC_SITE_CACHE_DIR", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"):
            assert Path(os.environ[name]).parent == tmp_path, name


def test_what_a_person_set_stays(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ, {"DO_NOT_TRACK": "false"}, clear=True):
        prepare_environment(tmp_path)
        assert os.environ["DO_NOT_TRACK"] == "false"
