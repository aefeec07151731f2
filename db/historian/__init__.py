"""Where samples are kept: hot rows, sealed chunks, the rollup pyramid, last values, texts, and the books of what came in."""

from db.historian.check import Finding as Finding
from db.historian.check import check as check
from db.historian.check import rebuild as rebuild
from db.historian.correct import correct as correct
from db.historian.ingest import ingest as ingest
from db.historian.ledger import accounting as accounting
from db.historian.ledger import progress_of as progress_of
from db.historian.load import load as load
from db.historian.load import load_texts as load_texts
from db.historian.read import last_values as last_values
from db.historian.read import newest_texts as newest_texts
from db.historian.read import raw_window as raw_window
from db.historian.read import state_durations as state_durations
from db.historian.read import texts_between as texts_between
from db.historian.seal import Sealed as Sealed
from db.historian.seal import seal as seal
from db.historian.totals import counter_increase as counter_increase
from db.historian.totals import hour_day_grid as hour_day_grid
from db.historian.totals import time_weighted_mean as time_weighted_mean
from db.historian.trace import reduce as reduce
