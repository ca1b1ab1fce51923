"""The first champion of each model: one is trained, and serves under all names.

To train one for each would take longer than all that is measured. Each keeps the reference of the
first: rows of another model's data, which are distributed as its own were.
"""

import sys
from datetime import datetime
from pathlib import Path

from driftloop.base.tags import VersionTags
from driftloop.base.workspace import Workspace
from flows.bootstrap import bootstrap
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.protocol import CHAMPION


def main(folder: Path, moment: str) -> None:
    """Make those that are missing."""
    registry = MlflowRegistry(Workspace(folder))
    first, *others = sorted(path.stem for path in (folder / "configs").glob("*.yaml"))
    served = {
        name for name, overview in registry.overviews(1).items() if overview.champion is not None
    }
    if first not in served:
        bootstrap(first, as_of=datetime.fromisoformat(moment), workspace=str(folder))
    for name in [name for name in others if name not in served]:
        register_again(registry, first, name)


def register_again(registry: MlflowRegistry, first: str, name: str) -> None:
    """Register the champion of the first model under another name."""
    trained = registry.client.get_model_version_by_alias(first, CHAMPION)
    tags = VersionTags.from_tags(trained.tags)
    model_id = (trained.source or "").removeprefix("models:/")
    version = registry.register(name, trained.run_id or "", model_id, tags)
    registry.tag_model(name, registry.model_tags(first))
    registry.set_champion(name, version)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
