"""Errors a person can act on: one line each, with the mend in it."""

import re
from collections.abc import Iterable
from difflib import get_close_matches


class DriftloopError(Exception):
    """Base of every error driftloop raises on purpose. Its text is one line and names the mend."""


class ConfigError(DriftloopError):
    """A configuration file, or one of its values, cannot be used."""


class DataError(DriftloopError):
    """A table lacks what was asked of it: a column, a type, an order, a class."""


class SnapshotError(DriftloopError):
    """A data snapshot cannot be resolved or read through Git and DVC."""


class EmptySnapshotError(SnapshotError):
    """The commit is there and holds no batch of the model."""


class WorkspaceError(DriftloopError):
    """The workspace folder is missing, already there, or not writable."""


class RegistryError(DriftloopError):
    """MLflow refused, or what it holds is not what driftloop needs."""


class TrainingError(DriftloopError):
    """A model could not be trained, scored or stored safely."""


class AlertError(DriftloopError):
    """What was asked of an incident or a channel cannot be done."""


class MetricsError(DriftloopError):
    """Metrics could not be published, and trying again will not help."""


class StackError(DriftloopError):
    """The local stack cannot be started, stopped, backed up or restored as asked."""


class AccessError(DriftloopError):
    """A server asks for a password, and was given none or a wrong one."""


class UnavailableError(DriftloopError):
    """A service did not answer. Trying again later can help, so tasks retry on it."""


class ConflictError(UnavailableError):
    """Another run changed the same document meanwhile; the change has to be made anew."""


class IncompleteError(DriftloopError):
    """Some of a command's work failed, and the rest of it is worth printing: `record`."""

    def __init__(self, message: str, record: object) -> None:
        super().__init__(message)
        self.record = record


class DeliveryError(UnavailableError):
    """A message could not be delivered; it is kept and sent by the next run."""


_ARRAY = re.compile(r"\[[^\])]*(\]|$)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def reason(error: BaseException, known: Iterable[str] = ()) -> str:
    """Return the first line of what a library says, short and without values of data rows.

    Args:
        error: what was raised.
        known: names that may be told, such as columns and parameters; other quoted text and
            arrays are left out.
    """
    names = set(known)

    def told(quoted: re.Match[str]) -> str:
        return quoted[0] if (quoted[1] or quoted[2]) in names else "'…'"

    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return _QUOTED.sub(told, _ARRAY.sub("[…]", line))[:200].rstrip(" .:")


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Return names as ``a, b, c`` and say how many were left out beyond `limit`."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return (", ".join(texts[:limit]) or "none") + more


def valid_choices(received: object, valid: Iterable[object]) -> str:
    """Return ``received 'x'; valid: a, b (did you mean a?)``, for the end of an error message."""
    names = [str(choice) for choice in valid]
    close = get_close_matches(str(received), names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"received {str(received)!r}; valid: {listed(names)}{hint}"
