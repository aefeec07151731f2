"""Where samples are kept: hot rows, sealed chunks, the rollup pyramid, last values, texts, and the books of what came in."""

from db.historian.ingest import ingest as ingest
from db.historian.ledger import accounting as accounting
from db.historian.ledger import progress_of as progress_of
from db.historian.load import load as load
from db.historian.load import load_texts as load_texts
from db.historian.seal import Sealed as Sealed
from db.historian.seal import seal as seal
