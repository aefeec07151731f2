"""OEE by ISO 22400-2: sums of machine time and pieces, their indicators, and how they roll up."""

from engine.oee.kpis import KPIS as KPIS
from engine.oee.kpis import OEE_TARGET as OEE_TARGET
from engine.oee.roll import CONSTRAINT as CONSTRAINT
from engine.oee.roll import constraint_of as constraint_of
from engine.oee.roll import rolled_up as rolled_up
from engine.oee.totals import NAMES as NAMES
from engine.oee.totals import Made as Made
from engine.oee.totals import OeeTotals as OeeTotals
from engine.oee.totals import ShiftTotals as ShiftTotals
