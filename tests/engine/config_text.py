"""Configurations as texts, for the tests of the configuration: the documentation's example, and a small plant."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0]

PLANT = """\
format = 1

[[location]]
path = "acme"
name = "Acme"
kind = "enterprise"

[[location]]
path = "acme/dublin"
name = "Dublin"
kind = "site"
time_zone = "Europe/Dublin"
currency = "EUR"

[[location]]
path = "acme/dublin/line-1"
name = "Line 1"
kind = "line"
calendar = "four-on"

[[location]]
path = "acme/dublin/line-1/filler-1"
name = "Filler 1"
kind = "machine"
machine = {class = "filler", criticality = 5}

[[state_table]]
name = "packml"
title = "PackML"
codes = {4 = ["Execute", "running"]}

[[source]]
site = "acme/dublin"
name = "line-server"
kind = "opcua"
settings = {url = "opc.tcp://127.0.0.1:4840"}

[[calendar]]
site = "acme/dublin"
name = "four-on"
[[calendar.pattern]]
cycle_days = 8
anchor = 2026-01-05
shift = [
    {name = "day", start = "07:00", end = "19:00", teams = ["A", "A", "A", "A", "B", "B", "B", "B"]},
    {name = "night", start = "19:00", end = "07:00", teams = ["C", "C", "C", "C", "D", "D", "D", "D"]},
]

[[tag]]
at = "acme/dublin/line-1/filler-1"
name = "filler-1.weight"
title = "Fill weight"
kind = "float"
unit = "g"
binding = {source = "line-server", address = "ns=1;s=weight"}

[[product]]
code = "VX10"
name = "Vialex"

[[rate]]
product = "VX10"
at = "acme/dublin/line-1/filler-1"
per_hour = 12000
effective_from = 2026-01-01T00:00:00Z

[[role]]
name = "shift-lead"
permissions = ["location.read"]

[[user]]
name = "ines"
full_name = "Inês"

[[grant]]
user = "ines"
role = "shift-lead"
at = "acme/dublin"
"""
