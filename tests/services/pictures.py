"""Pictures for the documentation: taken where ``SCREENSHOTS`` names their folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parents[2]
MOST_BYTES = 120_000
FOLDER = os.environ.get("SCREENSHOTS")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def keep(shown: Page | Locator, name: str, *, whole: bool = False) -> None:
    """Store a picture of a page's screen, of all of it, or of one part, if one is asked for."""
    if FOLDER is None:
        return
    taken = shown.screenshot(full_page=whole) if isinstance(shown, Page) else shown.screenshot()
    path = ROOT / FOLDER / f"{name}.png"
    with Image.open(BytesIO(taken)) as picture:
        for colours in (128, 64, 32, 16):
            few = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
            few.save(path, optimize=True)
            if path.stat().st_size < MOST_BYTES:
                return
    raise AssertionError(f"{path} is too large for the documentation")


@contextmanager
def opened(browser: Browser, path: Path, size: dict[str, int], scheme: str) -> Iterator[Page]:
    """A page of a file on a screen of that size, sharp enough on a phone to be read."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=1.5 if size is PHONE else 1,
    )
    page = context.new_page()
    page.goto(path.as_uri())
    yield page
    context.close()
