"""Starting with something wrong ends with one clear sentence and a non-zero exit code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from commands import listening
from settings import Settings
from tests.connectors.collecting import free_port


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


@pytest.mark.parametrize(
    ("command", "what", "setting"),
    [
        ("run", "web server", "port"),
        ("demo", "web server", "port"),
        ("demo", "virtual plant's OPC UA server", "plant_port"),
        ("demo", "demo's MQTT broker", "broker_port"),
    ],
)
def test_a_port_in_use_is_named_with_its_setting_before_anything_starts(
    tmp_path: Path, command: str, what: str, setting: str
) -> None:
    ports = {name: str(free_port()) for name in ("port", "plant_port", "broker_port")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports[setting] = str(taken.getsockname()[1])
        said = only_sentence(plantglass(command, data=str(tmp_path / "data"), **ports))
    assert f"The {what} cannot use the address 127.0.0.1:{ports[setting]}: another program listens there." in said
    assert f"PLANTGLASS_{setting.upper()}" in said
    assert list((tmp_path / "data").iterdir()) == []


def test_a_port_that_is_just_being_left_is_waited_for() -> None:
    with socket.socket() as leaving:
        leaving.bind(("127.0.0.1", 0))
        leaving.listen()
        settings = Settings(port=leaving.getsockname()[1])
        threading.Timer(0.5, leaving.close).start()
        listening.web(settings).check()


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    for command in ("run", "demo"):
        said = only_sentence(plantglass(command, data=str(folder)))
        assert said.startswith(f"plantglass: The data folder {folder} cannot be written: ")
        assert "PLANTGLASS_DATA" in said


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert str(tmp_path) in only_sentence(plantglass("run", data=str(tmp_path)))


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    url = "postgresql+psycopg://plant@127.0.0.1:1/plant"
    ports = {name: str(free_port()) for name in ("port", "plant_port", "broker_port")}
    for words in (("run",), ("demo",), ("samples", "press-2.main_force"), ("config", "export"), ("audit", "check")):
        said = only_sentence(plantglass(*words, database_url=url, data=str(tmp_path), **ports))
        assert "database does not answer" in said, words


def test_a_database_host_that_does_not_exist_is_said(tmp_path: Path) -> None:
    url = "postgresql://plant@no-such-host.invalid/plant"
    assert "database does not answer" in only_sentence(
        plantglass("run", database_url=url, data=str(tmp_path), port=str(free_port()))
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "80500"),
        ("port", "abc"),
        ("plant_port", "70000"),
        ("broker_port", "0"),
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


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from app import _secret; from settings import Settings; "
        "print(_secret(Settings(data=Path(sys.argv[1]))).hex())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    secrets = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret"]
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600


def test_an_unknown_command_lists_the_known_ones() -> None:
    done = plantglass("dance")
    assert done.returncode == 2
    assert "demo" in done.stderr


@pytest.mark.parametrize(("content", "said"), [("port = \nhost = 1", "line 1"), ("prot = 5", "PROT")])
def test_a_wrong_settings_file_is_told(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(content)
    assert said in only_sentence(plantglass("audit", "check", settings=str(file)))
