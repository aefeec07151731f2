"""What is served as it is: third-party files unmodified, nothing from the network, scripts that a strict policy allows."""

from __future__ import annotations

import hashlib
import re

from components.tokens import ASSETS

VENDOR = ASSETS / "vendor"


def test_third_party_files_are_what_the_list_says() -> None:
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.M))
    assert listed == {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed}
    there = {str(f.relative_to(VENDOR)) for f in VENDOR.rglob("*") if f.is_file()}
    assert there == set(listed) | {"VENDOR.md", "inter/inter.css"}


def test_every_third_party_folder_has_its_licence() -> None:
    assert [f.name for f in VENDOR.iterdir() if f.is_dir() and not (f / "LICENSE.txt").exists()] == []


def test_nothing_is_fetched_from_the_network() -> None:
    files = [*ASSETS.glob("*.css"), *ASSETS.glob("*.js"), VENDOR / "inter" / "inter.css"]
    for file in files:
        addresses = set(re.findall(r"https?://[^\s\"')%]+", file.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file.name


def test_scripts_need_no_eval() -> None:
    for file in ASSETS.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function\(|innerHTML|outerHTML|document\.write", text), file.name
