"""`plantglass plant truth`: what machines really did, readable, for a place and a range, never endless."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from commands import truth as command
from connectors.twin import state
from engine.errors import Invalid, NotFound
from engine.time import HOUR_US, MINUTE_US
from engine.twin.faults import Fault
from engine.twin.plant import Plant
from settings import Settings

ANCHOR_US = 1_763_460_000_000_000
"""2025-11-18 10:00 UTC."""
WINDOW = ("--from", "2025-11-18T11:00", "--to", "2025-11-18T11:30")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a plant that was jammed at press 2, from 11:10 to 11:20."""
    state.birth(tmp_path, ANCHOR_US, 7)
    jam = state.Command("a", ANCHOR_US + HOUR_US + 10 * MINUTE_US, "fault", "press-2", "jam", lasts_s=600)
    state.Channel(tmp_path).send(jam)
    return tmp_path


def run(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    arguments = parser.parse_args(["truth", *words])
    return int(arguments.run(arguments, Settings(data=folder)))


def told(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(folder, *words) == 0
    return capsys.readouterr().out.splitlines()


def test_states_faults_and_stories_are_told_with_times_and_reasons(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(folder, capsys, *WINDOW)
    assert lines[0] == "What really happened from Tue 18 Nov 11:00 to Tue 18 Nov 11:30 (Europe/Dublin, 30 min)"
    assert [line for line in lines if line in ("Stories", "Faults", "States", "Made and used")] == [
        "Stories", "Faults", "States", "Made and used",
    ]  # fmt: skip
    fault = ["18", "Nov", "11:10:00", "18", "Nov", "11:20:00", "10", "min", "press-2", "jam", "command"]
    assert fault in [line.split() for line in lines]
    assert any("acme/dublin/filling/line-1/filler-1" in line and "dosing pump" in line for line in lines)


def test_of_a_machine_its_own_states_are_told_and_the_fault_is_their_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = told(folder, capsys, "acme/dublin/solid-dose/press-2", *WINDOW)
    table = lines[lines.index("States") + 2 :]
    states = table[: table.index("")]
    assert {line.split()[0] for line in states} == {"press-2"}
    expected = Plant(7, ANCHOR_US)
    expected.inject(Fault("jam", "press-2", lasts_s=600), ANCHOR_US + HOUR_US + 10 * MINUTE_US)
    truth = expected.truth(ANCHOR_US + HOUR_US, ANCHOR_US + HOUR_US + 30 * MINUTE_US)
    own = [s for s in truth.states if s.machine == "press-2"]
    assert len(states) == len(own)
    assert [s.text in line and s.cause in line for s, line in zip(own, states, strict=True)] == [True] * len(own)
    [jammed] = [line for line in states if "Aborted" in line and "11:10:00" in line]
    assert jammed.split()[-5:] == ["10", "min", "Aborted", "Fault:", "jam"]


def test_a_line_has_its_machines_and_json_has_everything_of_the_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(folder, capsys, "acme/dublin/packaging/line-1", "--json", *WINDOW)
    found = json.loads(lines[0])["truth"]
    machines = {"blister-1", "cartoner-1", "checkweigher-1", "casepacker-1"}
    assert {s["machine"] for s in found["states"]} == machines
    assert set(found["produced"]) == machines
    assert {name.partition(".")[0] for name in found["emitted"]} == machines
    assert found["faults"] == []


def test_a_long_answer_is_cut_to_the_longest_states_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(folder, capsys, "--most", "5", *WINDOW)
    table = lines[lines.index("States") + 2 :]
    assert len(table[: table.index("")]) == 6
    everything = json.loads(told(folder, capsys, "--json", *WINDOW)[0])["truth"]["states"]
    assert table[5] == (
        f"These are the 5 longest of {len(everything):,} states; name a place, a shorter range, or more with --most."
    )


def test_an_unknown_place_is_answered_with_the_likely_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "pres-2") == 2
    assert "Did you mean “press-2”" in capsys.readouterr().err
    with pytest.raises(Invalid, match="acme/dublin/packaging/line-1"):
        run(folder, "line-1")


def test_what_has_not_happened_cannot_be_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="earlier than now"):
        run(folder, "--from", "2999-01-01", "--to", "2999-01-02")
    with pytest.raises(Invalid, match="--most"):
        run(folder, "--most", "0")
    with pytest.raises(NotFound, match="No virtual plant has run"):
        run(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
