"""Where OEE sums are kept: one row a machine and shift; and what they are computed from."""

from db.oee.facts import facts as facts
from db.oee.facts import places as places
from db.oee.kept import Kept as Kept
from db.oee.kept import behind as behind
from db.oee.kept import lock as lock
from db.oee.kept import mark_all as mark_all
from db.oee.kept import mark_revived as mark_revived
from db.oee.kept import mark_states as mark_states
from db.oee.kept import save as save
from db.oee.read import made as made
from db.oee.read import rates as rates
from db.oee.read import shifts as shifts
from db.oee.read import totals as totals
