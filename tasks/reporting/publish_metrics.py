"""Publishing of a model's metrics: to a Pushgateway, to a textfile collector, or to neither.

The targets belong to an installation and not to a model, so environment variables set them.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from prefect.states import Completed

from driftloop.base.errors import DriftloopError, MetricsError, UnavailableError
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.prometheus.metrics import Sample
from driftloop.reporting.prometheus.samples import samples_of
from tasks.registry.memory import in_memory
from tasks.reporting.metric_inputs import most_features, read_metric_inputs
from tasks.reporting.prometheus_format import collector_registry, text_format
from tasks.runtime.atomic_file import write_atomically
from tasks.runtime.credentials import GATEWAY_BLOCK, GATEWAY_PASSWORD, secret_for
from tasks.runtime.job import Job
from tasks.runtime.step import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

URL, FOLDER = "DRIFTLOOP_PUSHGATEWAY_URL", "DRIFTLOOP_METRICS_FOLDER"
JOB = "driftloop"
TIMEOUT = 10.0
"""Seconds that a gateway may take to connect, and as many to answer."""


def publish_after_run(job: Job) -> "State[None]":
    """Publish the metrics of a job's model at the end of its run, and return the task's state.

    Without a target nothing is done. The flow reports a failure after its work is done and
    recorded: see `tasks.alerts.write.undelivered`.
    """
    if job.dry_run or in_memory(job.workspace) is not None or not any(_targets()):
        return Completed()
    return publish_metrics(job, return_state=True)


@step("publish metrics", retries=2)
def publish_metrics(job: Job) -> None:
    """Publish the metrics of the job's model; see `publish`."""
    publish(job.workspace, job.config)


def publish(workspace: Workspace, config: ModelConfig) -> None:
    """Publish the metrics of one model to the targets of the environment.

    If one target fails, the other is still served.

    Raises:
        UnavailableError: if the gateway, or the source of the metrics, does not answer.
        MetricsError: if the gateway refused them or a setting is wrong.
    """
    url, folder = _targets()
    if not url and not folder:
        return
    samples = samples_of(read_metric_inputs(workspace, config), most_features())
    errors: list[DriftloopError] = []
    if folder:
        _attempt(errors, lambda: write_textfile(Path(folder), config.model, samples))
    if url:
        _attempt(errors, lambda: push(url, config.model, samples))
    if errors:
        temporary = all(isinstance(error, UnavailableError) for error in errors)
        kind = UnavailableError if temporary else MetricsError
        raise kind("; ".join(map(str, errors)))


def _targets() -> tuple[str, str]:
    """Return the Pushgateway's address and the textfile collector's folder; empty if not set."""
    url, folder = (os.environ.get(name, "").strip() for name in (URL, FOLDER))
    return url, folder


def write_textfile(folder: Path, model: str, samples: tuple[Sample, ...]) -> Path:
    """Write the metrics of a model for node_exporter's textfile collector, and return the file.

    It is replaced atomically, so that a scrape never sees half of it.

    Raises:
        MetricsError: if the folder is missing or cannot be written.
    """
    path = folder / f"driftloop_{model}.prom"
    try:
        write_atomically(path, text_format(samples).encode(), mode=0o644)
    except OSError as error:
        raise MetricsError(
            f"the metrics of {model} could not be written to {folder} "
            f"({error.strerror or error}); create a writable folder, or correct {FOLDER}"
        ) from error
    return path


def push(url: str, model: str, samples: tuple[Sample, ...]) -> None:
    """Replace the model's group on a Pushgateway, so that old series disappear.

    Raises:
        UnavailableError: if it does not answer.
        MetricsError: if it refused, or the address or its password is wrong.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError

    from prometheus_client import push_to_gateway

    address, handler = _gateway(url)
    series, group = collector_registry(samples), {"model": model}
    try:
        push_to_gateway(address, JOB, series, group, timeout=TIMEOUT, handler=handler)
    except HTTPError as error:
        reply = " ".join(error.read(300).decode(errors="replace").split())
        kind = UnavailableError if error.code >= 500 else MetricsError
        raise kind(
            f"the Pushgateway at {address} refused the metrics of {model} "
            f"(HTTP {error.code}{reply and ': '}{reply}); {_FIX}"
        ) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UnavailableError(
            f"the Pushgateway at {address} did not accept the metrics of {model} "
            f"({str(reason) or type(error).__name__}); {_FIX}"
        ) from None


_FIX = f"start it or correct {URL}; the next run publishes them again"


def _gateway(url: str) -> tuple[str, Callable[..., Callable[[], None]]]:
    """Return the address without a user, and the handler that sends the request."""
    from prometheus_client.exposition import basic_auth_handler, default_handler

    parts = _parts(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
    if parts.username is None:
        return address, default_handler
    user, password = unquote(parts.username), _password()

    def signed(**request: Any) -> Callable[[], None]:
        return basic_auth_handler(**request, username=user, password=password)

    return address, signed


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # urllib reports a bad port later and less clearly
    except ValueError as error:
        raise MetricsError(f"{URL} is not a valid address ({error}); {_VALID}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise MetricsError(f"{URL} is not the address of a Pushgateway; {_VALID}")
    if parts.password is not None:
        raise MetricsError(
            f"{URL} contains a password; keep the user only and put the password in "
            f"{GATEWAY_PASSWORD} or the Secret block {GATEWAY_BLOCK}"
        )
    return parts


_VALID = "valid: such as http://pushgateway:9091 or https://user@host/path"


def _password() -> str:
    secret = secret_for(GATEWAY_PASSWORD, GATEWAY_BLOCK)
    if secret is None:
        raise MetricsError(
            f"{URL} contains a user, but the password is not set; put it in {GATEWAY_PASSWORD} or "
            f"the Secret block {GATEWAY_BLOCK}"
        )
    return secret


def _attempt(errors: list[DriftloopError], work: Callable[[], object]) -> None:
    try:
        work()
    except DriftloopError as error:
        errors.append(error)
