"""`plantglass config`: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest
from sqlalchemy import text

from commands import config as words
from db.store import Store
from settings import Settings
from tests.engine.config_text import PLANT


def run(url: str, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    words.add(parser.add_subparsers())
    parsed = parser.parse_args(["config", *arguments])
    return int(parsed.run(parsed, Settings(database_url=url)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plant.toml"
    path.write_text(PLANT, encoding="utf-8")
    return path


def test_import_shows_what_differs_and_export_gives_it_back(
    database_url: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "import", str(file), "--yes", "--actor", "ines", "--reason", "first plant") == 0
    shown = capsys.readouterr().out
    assert "+ tag acme/dublin filler-1.weight" in shown
    out = tmp_path / "out.toml"
    assert run(database_url, "export", str(out)) == 0
    assert run(database_url, "import", str(out)) == 0
    assert capsys.readouterr().out == "Nothing differs.\n"
    assert run(database_url, "export") == 0
    assert capsys.readouterr().out == out.read_text(encoding="utf-8")
    store = Store(database_url)  # the built-in roles were written at the start
    with store.read() as connection:
        rows = connection.execute(text("select distinct actor, reason from audit_entry where table_name <> 'role'")).all()
    store.close()
    assert [tuple(row) for row in rows] == [("ines", "first plant")]


def test_a_dry_run_and_a_run_without_anybody_to_ask_change_nothing(
    database_url: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "import", str(file), "--dry-run") == 0
    assert run(database_url, "import", str(file)) == 2
    assert "say --yes" in capsys.readouterr().err
    assert run(database_url, "import", str(file), "--dry-run") == 0
    assert "Nothing differs" not in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_a_person_is_asked(database_url: str, file: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert run(database_url, "import", str(file)) == code


def test_mistakes_are_printed_with_file_and_line(database_url: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = PLANT.replace('kind = "float"', 'kind = "flaot"').replace('"EUR"', '"EURO"')
    file.write_text(wrong, encoding="utf-8")
    assert run(database_url, "import", str(file), "--yes") == 1
    said = capsys.readouterr().err.splitlines()
    lines = [wrong[: wrong.index(part)].count("\n") + 1 for part in ('"EURO"', '"flaot"')]
    assert [line.startswith(f"{file}:{n}: ") for line, n in zip(said, lines, strict=True)] == [True, True]


def test_what_cannot_follow_on_the_stored_configuration_has_its_line_too(
    database_url: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "import", str(file), "--yes") == 0
    file.write_text(PLANT.replace('kind = "float"', 'kind = "int"'), encoding="utf-8")
    assert run(database_url, "import", str(file), "--yes") == 1
    line = PLANT[: PLANT.index('kind = "float"')].count("\n") + 1
    assert capsys.readouterr().err.startswith(f"{file}:{line}: The history of tag")


def test_a_missing_or_unreadable_file_is_one_sentence(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database_url, "import", str(tmp_path / "none.toml")) == 2
    assert run(database_url, "export", str(tmp_path / "no" / "folder.toml")) == 2
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"format = 1\n# \xff\n")
    assert run(database_url, "import", str(bad)) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[2].startswith(f"{bad}:2: ")
