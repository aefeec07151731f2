"""A person's correction of a stored sample: a revision with its author and reason, and an audit entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from db.historian import chunks, hot, latest, shapes, superseded
from db.historian.gather import gather
from db.historian.merge import merge
from db.historian.stale import Late, announce
from db.historian.wire import execute, rows, signed
from db.store import Change
from engine.access import Scope
from engine.errors import Invalid, NotFound
from engine.historian.block import SampleBlock
from engine.historian.revise import settle
from engine.historian.shape import Shape

_RECORD = """
insert into sample_correction (site_id, tag_id, at_us, seq, old_bits, old_status, new_bits, new_status)
values (%(site)s, %(tag)s, %(at)s, %(seq)s, %(old_bits)s, %(old_status)s, %(new_bits)s, %(new_status)s)
"""
_NOW_MS = "select floor(extract(epoch from now()) * 1000)::bigint"


def correct(scope: Scope, change: Change, tag_id: int, key: tuple[int, int], value: tuple[int, int]) -> None:
    """Replace the value of the sample `key` = (at_us, seq) of a numeric tag by `value` = (bits, status).

    The old value stays as a revision with the change's actor and reason. Raises `NotFound` for a sample that is not there
    or not within the scope, `Invalid` when it has this value already.
    """
    connection = change.connection
    shape = shapes.shape(scope, connection, tag_id)
    shapes.lock_site(connection, shape.site_id)
    old = _stored(connection, shape, *key)
    if (int(old.bits[0]), int(old.status[0])) == value:
        raise Invalid(f"The sample of signal {tag_id} at {key[0]} µs has this value and status already.")
    received = np.array([rows(connection, _NOW_MS)[0][0] * 1_000], np.int64)
    new = replace(old, bits=np.array([value[0]]), status=np.array([value[1]]), received_us=received)
    _store(connection, shape, old, new)
    latest.advance(connection, shape.site_id, new)
    announce(connection, {tag_id: shape}, [Late(tag_id, key[0], key[0] + 1)], "a sample was corrected")
    _record(connection, shape, old, new)


def _stored(connection: Connection, shape: Shape, at_us: int, seq: int) -> SampleBlock:
    block = gather(connection, [shape], at_us, at_us + 1)[shape.tag_id].block
    found = block.take((block.at_us == at_us) & (block.seq == seq))
    if not len(found):
        raise NotFound(f"Signal {shape.tag_id} has no sample at {at_us} µs with sequence {seq}.")
    return found


def _store(connection: Connection, shape: Shape, old: SampleBlock, new: SampleBlock) -> None:
    sealed = chunks.frontier(connection, shape.site_id, [shape.tag_id]).get(shape.tag_id)
    if sealed is not None and int(new.at_us[0]) <= sealed:
        merge(connection, {shape.tag_id: shape}, new, superseded.none)
    else:
        hot.write(connection, shape.site_id, settle(new, old, superseded.none))


def _record(connection: Connection, shape: Shape, old: SampleBlock, new: SampleBlock) -> None:
    entry = {"site": shape.site_id, "tag": shape.tag_id, "at": int(new.at_us[0]), "seq": int(new.seq[0])}
    for name, block in (("old", old), ("new", new)):
        entry |= {f"{name}_bits": int(block.bits[0]), f"{name}_status": signed(int(block.status[0]))}
    execute(connection, _RECORD, entry)
