"""Errors that a person can act on: one line each, which says what to do."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

REDACTED = "[redacted]"
CREDENTIALS = r"(?<=://)(?:[^\s/@\"'<>]+:[^\s/@\"'<>]*|[^\s/@\"'<>:]{20,})(?=@)"
"""User and password in an address, or a token in their place."""


class DriftloopError(Exception):
    """Base of every error that driftloop raises itself: one line that says what to do.

    An address in it is told without its password, wherever the line goes.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(re.sub(CREDENTIALS, REDACTED, text))


class ConfigError(DriftloopError):
    """A configuration file, or one of its values, cannot be used."""


class DataError(DriftloopError):
    """A table lacks what is required of it: a column, a type, an order, a class."""


class SnapshotError(DriftloopError):
    """A data snapshot cannot be resolved or read through Git and DVC."""


class EmptySnapshotError(SnapshotError):
    """The commit exists and has no batch of the model."""


class WorkspaceError(DriftloopError):
    """The workspace folder is missing, exists already, or is not writable."""


class RegistryError(DriftloopError):
    """MLflow refused, or does not hold what driftloop needs."""


class ChampionLostError(RegistryError):
    """The model that the ledger calls champion serves no longer: somebody took its alias away.

    `version` is the one that lost it, `sentence` says what happened, `ways_back` are the former
    champions that can be champion again, the newest first.
    """

    def __init__(self, model: str, version: str, sentence: str, ways_back: tuple[str, ...]) -> None:
        way = (
            f"go back with 'driftloop rollback {model} --to {ways_back[0]}'"
            if ways_back
            else f"no former champion is left, so train one with 'driftloop bootstrap {model}'"
        )
        super().__init__(f"{model} has no champion: {sentence.rstrip('.')}; {way}")
        self.model = model
        self.version = version
        self.sentence = sentence
        self.ways_back = ways_back


class TrainingError(DriftloopError):
    """A model could not be trained, scored or stored safely."""


class AlertError(DriftloopError):
    """A request about an incident or a channel cannot be carried out."""


class MetricsError(DriftloopError):
    """Metrics could not be published, and a retry will not help."""


class StackError(DriftloopError):
    """The local stack cannot be started, stopped, backed up or restored as requested."""


class AccessError(DriftloopError):
    """A server requires a password, and none or a wrong one was sent."""


class PlaceError(DriftloopError):
    """The model's locks and alerts are kept by another Prefect server or state folder."""


class UnavailableError(DriftloopError):
    """A service did not answer. Trying again later can help, so tasks retry."""


class ConflictError(UnavailableError):
    """Another run changed the same document meanwhile; the change has to be made again."""


class IncompleteError(DriftloopError):
    """Some of a command's work failed, and the rest of it is worth printing: `record`."""

    def __init__(self, message: str, record: object) -> None:
        super().__init__(message)
        self.record = record


class DeliveryError(UnavailableError):
    """A message could not be delivered; it is kept, and the next run sends it."""


_ARRAY = re.compile(r"\[[^\])]*(\]|$)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def reason(error: BaseException, known: Iterable[str] = ()) -> str:
    """Return the first line of a library's error, short and without values of data rows.

    Args:
        error: what was raised.
        known: names that may be shown, such as columns and parameters; other quoted text and
            arrays are left out.
    """
    names = set(known)

    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if (quoted[1] or quoted[2]) in names else "'…'"

    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return _QUOTED.sub(shown, _ARRAY.sub("[…]", line))[:200].rstrip(" .:")


def join_names(names: Iterable[object], limit: int = 12) -> str:
    """Return names as ``a, b, c`` and say how many were left out beyond `limit`."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return (", ".join(texts[:limit]) or "none") + more


def valid_choices(received: object, valid: Iterable[object]) -> str:
    """Return ``received 'x'; valid: a, b (did you mean a?)``, for the end of an error message."""
    names = [str(choice) for choice in valid]
    close = get_close_matches(str(received), names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"received {str(received)!r}; valid: {join_names(names)}{hint}"
