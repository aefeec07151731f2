"""The indicators of machine time as records."""

from __future__ import annotations

from engine.kpi import Kpi
from engine.oee.totals import OeeTotals

ISO = "ISO 22400-2"
OEE_TARGET = 0.70

KPIS: tuple[Kpi[OeeTotals], ...] = (
    Kpi(
        "oee",
        "OEE",
        "%",
        lambda t: t.oee,
        "up",
        1,
        OEE_TARGET,
        ISO,
        "Availability × effectiveness × quality ratio: the share of planned busy time that made good pieces at the ideal rate.",
    ),
    Kpi(
        "availability",
        "Availability",
        "%",
        lambda t: t.availability,
        "up",
        1,
        None,
        ISO,
        "Production time (APT) ÷ planned busy time (PBT). Setup, delays and downtime are losses.",
    ),
    Kpi(
        "effectiveness",
        "Effectiveness",
        "%",
        lambda t: t.effectiveness,
        "up",
        1,
        None,
        ISO,
        "Σ ideal time per piece (PRI) × pieces (PQ) ÷ production time (APT). Above 100 % the ideal rate is wrong.",
    ),
    Kpi(
        "quality_ratio",
        "Right first time",
        "%",
        lambda t: t.quality,
        "up",
        1,
        0.99,
        ISO,
        "Quality ratio: good pieces (GQ) ÷ pieces made (PQ). Different products are weighted by their ideal time.",
    ),
    Kpi(
        "nee",
        "NEE",
        "%",
        lambda t: t.nee,
        "up",
        1,
        None,
        ISO,
        "Net equipment effectiveness: OEE with setup not counted as a loss.",
    ),
    Kpi(
        "teep",
        "TEEP",
        "%",
        lambda t: t.teep,
        "up",
        1,
        None,
        "not in ISO 22400-2",
        "Total effective equipment performance: good pieces at the ideal rate ÷ calendar time.",
    ),
    Kpi(
        "coverage",
        "Data coverage",
        "%",
        lambda t: t.coverage,
        "up",
        1,
        0.99,
        "Plantglass",
        "The share of planned busy time of which the state of the machine is known.",
    ),
    Kpi(
        "produced",
        "Output",
        "pieces",
        lambda t: t.produced,
        "up",
        0,
        None,
        ISO,
        "Produced quantity (PQ): the increase of the machine's counter, rejects included.",
    ),
)
"""The indicators of machine time, in the order in which they are shown."""
