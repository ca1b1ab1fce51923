"""Publishing the metrics of a model: to a Pushgateway, to a textfile collector, or to neither.

Which of them there is belongs to an installation and not to a model, so the environment says it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from prefect.states import Completed

from driftloop.base.errors import DriftloopError, MetricsError, UnavailableError
from driftloop.base.workspace import Workspace
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.prometheus.metrics import Sample
from driftloop.reporting.prometheus.samples import MOST_FEATURES, samples_of
from tasks.registry.memory import in_memory
from tasks.reporting.metric_inputs import read_metric_inputs
from tasks.reporting.prometheus_format import collector_registry, text_format
from tasks.runtime.credentials import GATEWAY_BLOCK, GATEWAY_PASSWORD, secret_for
from tasks.runtime.job import Job
from tasks.runtime.step import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

URL, FOLDER, FEATURES = (
    "DRIFTLOOP_PUSHGATEWAY_URL",
    "DRIFTLOOP_METRICS_FOLDER",
    "DRIFTLOOP_METRICS_FEATURES",
)
JOB = "driftloop"
TIMEOUT = 10.0
"""Seconds that a gateway may take to connect, and again to answer."""
_LARGEST = 1_000


def publish_after_run(job: Job) -> "State[None]":
    """Return what became of publishing the metrics of a job's model, done at the end of its run.

    Where they are published nowhere, nothing is done. A failure is for the flow to tell, after its
    work is done and recorded: see `tasks.alerts.write.undelivered`.
    """
    if job.dry_run or in_memory(job.workspace) is not None or not any(_targets()):
        return Completed()
    return publish_metrics(job, return_state=True)


@step("publish metrics", retries=2)
def publish_metrics(job: Job) -> None:
    """Publish what is known of the job's model.

    Raises:
        UnavailableError: if the gateway, or what the metrics are read from, does not answer.
        MetricsError: if the gateway refused them or a setting is wrong.
    """
    publish(job.workspace, job.config)


def publish(workspace: Workspace, config: ModelConfig) -> None:
    """Publish the metrics of one model where the environment says; see `publish_metrics`.

    One target that fails does not keep the other from being served.
    """
    url, folder = _targets()
    if not url and not folder:
        return
    samples = samples_of(read_metric_inputs(workspace, config), most_features())
    errors: list[DriftloopError] = []
    if folder:
        _tried(errors, lambda: write_textfile(Path(folder), config.model, samples))
    if url:
        _tried(errors, lambda: push(url, config.model, samples))
    if errors:
        kind = UnavailableError if all(map(_passes, errors)) else MetricsError
        raise kind("; ".join(map(str, errors)))


def _targets() -> tuple[str, str]:
    """The Pushgateway's address and the textfile collector's folder; empty where there is none."""
    url, folder = (os.environ.get(name, "").strip() for name in (URL, FOLDER))
    return url, folder


def most_features() -> int:
    """Return how many features of a model have an effect size.

    Raises:
        MetricsError: if the setting is no number of features.
    """
    text = os.environ.get(FEATURES, "").strip()
    if not text:
        return MOST_FEATURES
    if not text.isascii() or not text.isdigit() or int(text) > _LARGEST:
        raise MetricsError(f"{FEATURES}: received {text!r}; valid: a number from 0 to {_LARGEST}")
    return int(text)


def write_textfile(folder: Path, model: str, samples: tuple[Sample, ...]) -> Path:
    """Write the metrics of a model for node_exporter's textfile collector, and return the file.

    It is replaced as a whole, so that a scrape never sees half of it.

    Raises:
        MetricsError: if the folder is missing or cannot be written.
    """
    path = folder / f"driftloop_{model}.prom"
    part = None
    try:
        with NamedTemporaryFile(
            "w", dir=folder, prefix=f".{path.name}.", delete=False, encoding="utf-8"
        ) as file:
            part = Path(file.name)
            file.write(text_format(samples))
        part.chmod(0o644)
        return part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise MetricsError(
            f"the metrics of {model} could not be written to {folder} "
            f"({error.strerror or error}); make the folder and allow it, or correct {FOLDER}"
        ) from error


def push(url: str, model: str, samples: tuple[Sample, ...]) -> None:
    """Replace the model's group on a Pushgateway, so that what is gone vanishes there.

    Raises:
        UnavailableError: if it does not answer.
        MetricsError: if it refused, or the address or its password is wrong.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError

    from prometheus_client import push_to_gateway

    gateway = _gateway(url)
    try:
        push_to_gateway(
            gateway.address,
            JOB,
            collector_registry(samples),
            {"model": model},
            timeout=TIMEOUT,
            handler=gateway.handler,
        )
    except HTTPError as error:
        told = f"the Pushgateway at {gateway.address} refused the metrics of {model}"
        said = " ".join(error.read(300).decode(errors="replace").split())
        kind = UnavailableError if error.code >= 500 else MetricsError
        raise kind(f"{told} (HTTP {error.code}{said and ': '}{said}); {_MEND}") from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise UnavailableError(
            f"the Pushgateway at {gateway.address} did not take the metrics of {model} "
            f"({str(why) or type(error).__name__}); {_MEND}"
        ) from None


_MEND = f"start it or correct {URL}; the next run publishes them again"


@dataclass(frozen=True, slots=True)
class _Gateway:
    """Where to push: the address without a user, and how the request is sent."""

    address: str
    handler: Callable[..., Callable[[], None]] = field(repr=False)


def _gateway(url: str) -> _Gateway:
    from prometheus_client.exposition import basic_auth_handler, default_handler

    parts = _parts(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
    if parts.username is None:
        return _Gateway(address, default_handler)
    user, password = unquote(parts.username), _password()

    def signed(**request: Any) -> Callable[[], None]:
        return basic_auth_handler(**request, username=user, password=password)

    return _Gateway(address, signed)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at here, as urllib says it less clearly
    except ValueError as error:
        raise MetricsError(f"{URL} is no address ({error}); {_VALID}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise MetricsError(f"{URL} is no address of a Pushgateway; {_VALID}")
    if parts.password is not None:
        raise MetricsError(
            f"{URL} holds a password; name the user only and put the password in "
            f"{GATEWAY_PASSWORD} or the Secret block {GATEWAY_BLOCK}"
        )
    return parts


_VALID = "valid: such as http://pushgateway:9091 or https://user@host/path"


def _password() -> str:
    secret = secret_for(GATEWAY_PASSWORD, GATEWAY_BLOCK)
    if secret is None:
        raise MetricsError(
            f"{URL} names a user, and the password is not set; put it in {GATEWAY_PASSWORD} or the "
            f"Secret block {GATEWAY_BLOCK}"
        )
    return secret


def _tried(errors: list[DriftloopError], work: Callable[[], object]) -> None:
    try:
        work()
    except DriftloopError as error:
        errors.append(error)


def _passes(error: DriftloopError) -> bool:
    return isinstance(error, UnavailableError)
