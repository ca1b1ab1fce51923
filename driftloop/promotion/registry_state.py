"""State of a model's versions in a few words, so that a run sees what others changed since."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from hashlib import sha256

from driftloop.base.errors import join_names
from driftloop.base.tags import VersionTags

MOST_VERSIONS = 300
"""The newest versions that are remembered."""

_FOREIGN = "-"
_LATER = {
    *("repository", "previous_champion", "comparison", "promoted_at", "rolled_back_at"),
    *("proposal", "probation", "shadow_looks", "probation_looks"),
}
"""Tags that driftloop itself changes after a version was registered."""


def version_words(versions: Mapping[str, VersionTags]) -> tuple[str, ...]:
    """Return each version with a hash of what its tags say of its origin, oldest first."""
    newest = sorted(versions, key=lambda version: (len(version), version))[-MOST_VERSIONS:]
    return tuple(f"{version}:{_mark(versions[version])}" for version in newest)


def _mark(tags: VersionTags) -> str:
    if tags.key is None:
        return _FOREIGN
    origin = [own for own in fields(tags) if own.name not in _LATER]
    stored, names = tags.to_tags(), sorted(own.metadata["tag"] for own in origin)
    return sha256(json.dumps([stored.get(name) for name in names]).encode()).hexdigest()[:8]


def changes(before: Iterable[str], now: Iterable[str]) -> str | None:
    """Return what others did to versions between two runs, in a sentence; None for nothing.

    Versions that driftloop registered meanwhile are not news.
    """
    old, new = (
        dict(word.split(":", 1) for word in words if ":" in word) for words in (before, now)
    )
    oldest = min(map(_number, new)) if len(new) >= MOST_VERSIONS else 0
    parts = {
        "deleted": [
            version for version in old if version not in new and _number(version) >= oldest
        ],
        "registered without driftloop": [
            version for version, mark in new.items() if version not in old and mark == _FOREIGN
        ],
        "changed in driftloop's tags": [
            version for version, mark in new.items() if old.get(version, mark) != mark
        ],
    }
    clauses = [
        f"version {join_names(versions, 4)} was {what}"
        if len(versions) == 1
        else f"versions {join_names(versions, 4)} were {what}"
        for what, versions in parts.items()
        if versions
    ]
    text = "; ".join(clauses)
    return f"Since the last run {text}." if text else None


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
