"""The cost of reading the state of many models, each with a long past: queries and seconds.

Every command works on a real MLflow database, without a server between, so that each query is
seen. Two fleets stand beside each other: what one model costs must not depend on their number.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from benchmarks.fleet_store import STATE_ID, fill, last_moment, model_name
from driftloop.base.workspace import Workspace, find_workspace
from tasks.coordination.place import FOLDER

RUNS = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took; `of` is how many models it read.

    The processor's seconds are those of the command. The clock's are also those of a database that
    is a server, if nothing else is at work.
    """

    command: str
    of: int
    queries: int
    processor_seconds: float
    seconds: float


def run(sizes: list[int], database: str | None = None) -> None:
    """Print what each command costs in fleets of these sizes, each in a store of its own.

    A given database is one store, so there is one size.
    """
    for models in sizes[:1] if database else sizes:
        with TemporaryDirectory() as folder:
            uri = database or f"sqlite:///{folder}/mlflow.db"
            fill(uri, models, RUNS)
            for cost in measure(uri, models):
                print(json.dumps({"models": models, **asdict(cost)}), flush=True)


def measure(uri: str, models: int, runs: int = RUNS) -> Iterator[Cost]:
    """Yield what each command costs in a filled store."""
    with TemporaryDirectory() as folder, _queries(uri) as counted:
        root = Path(folder)
        (root / "configs").mkdir()
        (root / FOLDER).mkdir()
        (root / FOLDER / "id").write_text(STATE_ID)
        with patch.dict("os.environ", {"MLFLOW_TRACKING_URI": uri, "DRIFTLOOP_STATE": folder}):
            workspace = find_workspace(folder)
            for command, (of, call) in _commands(workspace, models, runs).items():
                before, begun, used = len(counted), time.perf_counter(), time.process_time()
                call()
                used, took = time.process_time() - used, time.perf_counter() - begun
                yield Cost(command, of, len(counted) - before, round(used, 3), round(took, 3))


def _commands(
    workspace: Workspace, models: int, runs: int
) -> dict[str, tuple[int, Callable[[], object]]]:
    from tasks.registry.opening import open_registry
    from tasks.reporting.history import model_history
    from tasks.reporting.status import model_statuses

    one, registry = model_name(models // 2), open_registry(workspace)
    moment = last_moment(runs) + timedelta(days=1)
    return {
        "open": (1, registry.models),
        "status MODEL": (1, lambda: model_statuses(workspace, one)),
        "history MODEL": (1, lambda: model_history(workspace, one, 12)),
        "past runs": (1, lambda: registry.past_runs(one, moment)),
        "run with key": (1, lambda: registry.run_with_key(one, f"{7:024x}")),
        "status": (models, lambda: model_statuses(workspace, None)),
        "dashboard data": (models, lambda: registry.overviews()),
        "which have run": (models, lambda: registry.overviews(1)),
    }


@contextmanager
def _queries(uri: str) -> Iterator[list[str]]:
    """Note every statement that SQLAlchemy sends to a database; the process may use others too."""
    from sqlalchemy import Connection, Engine, event, make_url

    sent: list[str] = []
    database = make_url(uri).database

    def note(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.engine.url.database == database:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
