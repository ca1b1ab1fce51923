"""The check of a label's classes: are they those that the champion was trained on?"""

from collections.abc import Mapping

from driftloop.base.errors import join_names
from driftloop.base.findings import QualityFinding

CHECK = "label_classes"


def check_label_classes(
    label: str, unknown: Mapping[str, int], rows: int, binary: bool
) -> QualityFinding | None:
    """Return the failed check of labels whose classes are not the champion's, None if they may be.

    Two classes are all there are. Of more a new one may come up, but not only new ones. `unknown`
    has the rows of each new class, of `rows` in all.
    """
    new = sum(unknown.values())
    if not new or not (binary or new == rows):
        return None
    sentence = (
        f"`{label}` holds classes that the champion was never trained on: "
        f"{join_names(unknown, 3)} ({new:,} of {rows:,} labels): recoded labels?"
    )
    return QualityFinding(CHECK, label, "failed", sentence, new / rows)
