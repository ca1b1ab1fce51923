"""Imports of a process before it does a model's work, which else each would repeat."""

MODULES = (
    "tasks.fleet.preloaded",  # before all others
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection", "sklearn.metrics"),
    *("scipy.stats", "scipy.optimize", "pyarrow.parquet", "pyarrow.dataset", "pandas"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
    *("mlflow.store.tracking.rest_store", "mlflow.store.model_registry.rest_store"),
    *(
        "mlflow.artifacts",
        "mlflow.models",
        "mlflow.data",
        "mlflow.store.artifact.local_artifact_repo",
    ),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "mpl_toolkits.mplot3d"),
    *("mlflow.tracing.export", "mlflow.tracing.processor.base_mlflow", "opentelemetry.sdk.metrics"),
    "alembic.command",
    *(
        f"mlflow.tracking.request_header.{name}_request_header_provider"
        for name in ("default", "databricks")
    ),
    "mlflow.tracking.request_header.registry",
    *("dvc.repo", "dvc.api", "dvc_data.index", "dvc_http", "dvc_render", "scmrepo.git", "pygit2"),
    *("dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.index", "dvc.repo.open_repo"),
    *("dvc.repo.plots", "dvc.repo.stage", "dvc.cachemgr", "dvc.data_cloud", "dvc.utils.strictyaml"),
    *("dvc_data.fs", "dvc_data.hashfile.db.local", "fsspec.implementations.memory"),
    *("dulwich.ignore", "dulwich.trailers", "dulwich.wildmatch", "dulwich.worktree"),
    *("scmrepo.fs", "scmrepo.git.backend.pygit2.filter", "ruamel.yaml", "configobj"),
    *("numba", "alibi_detect.cd", "narwhals.stable.v2._namespace"),
    *("narwhals._pandas_like.dataframe", "narwhals._interchange.dataframe"),
    *("narwhals._pandas_like.namespace", "narwhals._pandas_like.group_by"),
    *("prefect.artifacts", "prefect.events.worker", "prefect.task_engine", "prefect.flow_engine"),
    *("prefect.utilities.visualization", "anyio._backends._asyncio", "anyio.streams.tls", "netrc"),
    *("tasks.reporting.run_report", "tasks.fleet.compiled", "flows.fleet"),
)


def import_all() -> None:
    """Import them here; one that is not installed is left out."""
    for name in MODULES:
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            print(f"not imported beforehand: {error}")
