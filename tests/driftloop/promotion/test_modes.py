"""What each promotion mode does with a challenger that won."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from driftloop.base.periods import Span
from driftloop.promotion.modes import (
    AnyPromotionMode,
    Approval,
    Auto,
    Never,
    NextStep,
    PromotionSettings,
    Shadow,
)
from tests.driftloop.cases import NOW, utc


@pytest.mark.parametrize(
    ("mode", "next_step"),
    [
        (Auto(), NextStep("promote")),
        (Approval(), NextStep("ask", until=utc(2026, 3, 12, 6))),
        (Approval(deadline=Span(1, "month")), NextStep("ask", until=utc(2026, 4, 9, 6))),
        (Shadow(), NextStep("shadow", windows=4, confidence=0.95)),
        (Shadow(windows=2, confidence=0.9), NextStep("shadow", windows=2, confidence=0.9)),
        (Never(), NextStep("report")),
    ],
)
def test_next_step(mode: Any, next_step: NextStep) -> None:
    assert mode.next_step(NOW) == next_step


def test_promotes_at_once_and_watches_four_windows_unless_told_otherwise() -> None:
    settings = PromotionSettings()
    assert settings.mode == Auto()
    assert (settings.probation.windows, settings.probation.confidence) == (4, 0.95)


def test_no_probation_is_a_choice() -> None:
    made = PromotionSettings.model_validate({"probation": {"windows": 0}})
    assert made.probation.windows == 0


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"kind": "approval", "deadline": "0 days"}, "deadline"),
        ({"kind": "approval", "deadline": "soon"}, "deadline"),
        ({"kind": "shadow", "windows": 0}, "windows"),
        ({"kind": "shadow", "windows": 53}, "windows"),
        ({"kind": "shadow", "confidence": 0.5}, "confidence"),
        ({"kind": "shadow", "confidence": 1}, "confidence"),
        ({"kind": "auto", "windows": 4}, "windows"),
        ({"kind": "perhaps"}, "perhaps"),
    ],
)
def test_senseless_settings_are_refused(raw: Any, why: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(AnyPromotionMode)
    with pytest.raises(ValidationError, match=why):
        adapter.validate_python(raw)
