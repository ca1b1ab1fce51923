"""The page that the documentation's pictures are made of."""

import re
from pathlib import Path
from typing import get_args

import pytest

from driftloop.alerts.message import Kind
from driftloop.base.errors import ConfigError
from tools.gallery import gallery, messages, write

DOCS = Path(__file__).parents[4] / "docs"


def test_every_kind_of_message_is_shown() -> None:
    assert {message.kind for message in messages().values()} == set(get_args(Kind))


def test_the_page_holds_all_parts_and_one_part_only_itself(tmp_path: Path) -> None:
    write(tmp_path / "all.html")
    page = (tmp_path / "all.html").read_text()
    assert page.count('<div class="message ') == len(messages())
    write(tmp_path / "one.html", "test")
    assert (tmp_path / "one.html").read_text().count('<div class="message ') == 1


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"received 'tests'; valid: opened, .*did you mean test"):
        write(tmp_path / "x.html", "tests")


def test_pictures_in_the_documentation_are_parts_of_it() -> None:
    page = (DOCS / "alerts.md").read_text()
    pictures = set(re.findall(r"images/alerts-([a-z-]+)\.png", page))
    assert pictures <= {*gallery(), "picture"}
    assert pictures == {path.stem.removeprefix("alerts-") for path in DOCS.glob("images/alerts-*")}
    assert all(path.stat().st_size < 120_000 for path in DOCS.glob("images/alerts-*"))
