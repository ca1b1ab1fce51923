"""Files are written whole or not at all, and private ones are private from their first moment."""

import os
from pathlib import Path

import pytest

from tasks.runtime.atomic_file import write_atomically


def test_private_files_are_private_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_text("old")
    path.chmod(0o644)
    write_atomically(path, "néw", mode=0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == ("néw".encode(), 0o600)


def test_at_no_moment_may_others_read_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes, real = [], Path.chmod

    def watched(self: Path, mode: int) -> None:
        modes.append(self.stat().st_mode & 0o777)
        real(self, mode)

    monkeypatch.setattr(Path, "chmod", watched)
    write_atomically(tmp_path / "password", "secret", mode=0o600)
    assert modes == [0o600]


def test_a_file_follows_the_umask_unless_told(tmp_path: Path) -> None:
    path, before = tmp_path / "report.html", os.umask(0o027)
    try:
        write_atomically(path, b"page")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_atomically(path, "new", durable=True)
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    assert path.read_text() == "old"
