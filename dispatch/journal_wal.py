"""A look at SQLite's write-ahead log before SQLite opens it.

SQLite takes the first frame of the log that does not check as its end, and forgets what follows
without a word. After a power cut that is right: the last transaction was never promised. But a
bad frame *in front of* a later whole transaction is damage to what was promised, and must be said.
The format is described at https://www.sqlite.org/fileformat2.html#the_write_ahead_log .
"""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dispatch.journal_file import PAGE_BYTES, JournalDamagedError

_HEAD = struct.Struct(">8I")
_FRAME_HEAD_BYTES = 24
_MAGICS = {0x377F0682: "<u4", 0x377F0683: ">u4"}
_FRAME_BYTES = _FRAME_HEAD_BYTES + PAGE_BYTES
_FRAMES_AT_ONCE = 1_024
_WORD = 0xFFFF_FFFF
Words = npt.NDArray[np.uint32]


def check_wal(path: Path) -> None:
    """See that the log beside a journal holds all that was committed to it.

    Raises:
        JournalDamagedError: a frame in front of a later committed transaction is wrong.
    """
    log = path.with_name(path.name + "-wal")
    if not log.is_file() or log.stat().st_size < _HEAD.size:
        return
    with log.open("rb") as file:
        head = _HEAD.unpack(file.read(_HEAD.size))
    body = np.memmap(log, dtype=np.uint8, mode="r")[_HEAD.size :]
    magic, _, page_bytes, _, salt1, salt2, *seed = head
    words = np.array([head[:6]], dtype=np.uint32)
    whole = magic in _MAGICS and page_bytes == PAGE_BYTES
    if whole and _MAGICS[magic] == "<u4":
        words = words.byteswap()
    if not whole or _sums(words, np.zeros((1, 2), dtype=np.uint32))[0].tolist() != seed:
        # SQLite would take the log for empty; with frames in it that loses them all.
        if len(body) >= _FRAME_BYTES:
            raise JournalDamagedError(path, 0, "the head of its write-ahead log is damaged")
        return
    frames = body[: len(body) // _FRAME_BYTES * _FRAME_BYTES].reshape(-1, _FRAME_BYTES)
    good, ends, sums = [], [], np.array([seed], dtype=np.uint32)
    for begin in range(0, len(frames), _FRAMES_AT_ONCE):
        some = np.asarray(frames[begin : begin + _FRAMES_AT_ONCE])
        heads = some[:, :_FRAME_HEAD_BYTES].copy().view(">u4").astype(np.uint32)
        ours = (heads[:, 2:4] == np.array([salt1, salt2], dtype=np.uint32)).all(axis=1)
        # A frame is judged by the sum that stands in the frame before it, taken as true.
        before = np.concatenate([sums, heads[:-1, 4:6]])
        words = np.concatenate([some[:, :8], some[:, _FRAME_HEAD_BYTES:]], axis=1)
        told = _sums(words.view(_MAGICS[magic]).astype(np.uint32), before)
        good += (ours & (told == heads[:, 4:6]).all(axis=1)).tolist()
        ends += (heads[:, 1] != 0).tolist()
        sums = heads[-1:, 4:6]
    _find_hole(path, good, ends)


def _find_hole(path: Path, good: list[bool], ends: list[bool]) -> None:
    """Raise when a bad frame is followed by a transaction that began after it and is whole."""
    if all(good):
        return
    bad = good.index(False)
    began = None
    for number in range(bad + 1, len(good)):
        if not good[number]:
            began = None
        elif ends[number]:
            if began is not None:
                raise JournalDamagedError(
                    path, 0, f"frame {bad + 1} of its write-ahead log is damaged"
                )
            began = number


def _sums(words: Words, before: Words) -> Words:
    """SQLite's checksum of every row at once.

    The step `s0 += x0 + s1; s1 += x1 + s0` (mod 2^32) is linear, so the sum over a row is a dot
    product of its words with Fibonacci numbers; numpy's unsigned product wraps as wanted.
    """
    count = words.shape[1]
    fibonacci = [0, 1]
    while len(fibonacci) < count + 3:
        fibonacci.append((fibonacci[-1] + fibonacci[-2]) & _WORD)
    # A word with k words from it to the end weighs F(k - 1) in the first sum, F(k) in the second.
    left = np.arange(count, 0, -1)
    table = np.array(fibonacci, dtype=np.uint32)
    first, second = table[left - 1], table[left]
    start = np.stack(
        [
            before[:, 0] * table[count - 1] + before[:, 1] * table[count],
            before[:, 0] * table[count] + before[:, 1] * table[count + 1],
        ],
        axis=1,
    )
    body = np.stack([words @ first, words @ second], axis=1)
    result: Words = (start + body).astype(np.uint32)
    return result
