"""Starting with something wrong ends with one clear sentence and a non-zero exit code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def plantglass(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {f"PLANTGLASS_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "app", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def only_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = only_sentence(plantglass("run", port=port, data=str(tmp_path)))
    assert f"127.0.0.1:{port}" in said
    assert "PLANTGLASS_PORT" in said


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert str(folder) in only_sentence(plantglass("run", data=str(folder), port="8999"))


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    url = "postgresql+psycopg://plant@127.0.0.1:1/plant"
    for words in (("run",), ("samples", "press-2.main_force"), ("config", "export"), ("audit", "check")):
        said = only_sentence(plantglass(*words, database_url=url, data=str(tmp_path), port="8998"))
        assert "database does not answer" in said, words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "80500"),
        ("port", "abc"),
        ("spool_mb", "1"),
        ("demo", "perhaps"),
        ("log_level", "LOUD"),
        ("database_url", "mysql://host/x"),
        ("database_url", "nonsense"),
        ("settings", "/nowhere/settings.toml"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str) -> None:
    said = only_sentence(plantglass("audit", "check", **{name: value}))
    assert f"PLANTGLASS_{name.upper()}" in said
    assert value in said


def test_an_unknown_command_lists_the_known_ones() -> None:
    done = plantglass("dance")
    assert done.returncode == 2
    assert "demo" in done.stderr


@pytest.mark.parametrize(("content", "said"), [("port = \nhost = 1", "line 1"), ("prot = 5", "PROT")])
def test_a_wrong_settings_file_is_told(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(content)
    assert said in only_sentence(plantglass("audit", "check", settings=str(file)))
