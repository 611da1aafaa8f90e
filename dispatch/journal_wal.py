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
_FRAME = struct.Struct(">6I")
_MAGICS = {0x377F0682: "<u4", 0x377F0683: ">u4"}
_FRAME_BYTES = _FRAME.size + PAGE_BYTES
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
        body = np.fromfile(file, dtype=np.uint8)
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
    good = _list_good(frames, _MAGICS[magic], (salt1, salt2), (seed[0], seed[1]))
    ends = [_FRAME.unpack(frame[: _FRAME.size].tobytes())[1] != 0 for frame in frames]
    _find_hole(path, good, ends)


def _find_hole(path: Path, good: npt.NDArray[np.bool_], commits: list[bool]) -> None:
    """Raise when a bad frame is followed by a transaction that began after it and is whole."""
    bad = np.flatnonzero(~good)
    if len(bad) == 0:
        return
    began = None
    for number in range(int(bad[0]) + 1, len(good)):
        if not good[number]:
            began = None
        elif commits[number]:
            if began is not None:
                raise JournalDamagedError(
                    path, 0, f"frame {int(bad[0]) + 1} of its write-ahead log is damaged"
                )
            began = number


def _list_good(
    frames: npt.NDArray[np.uint8], order: str, salts: tuple[int, int], seed: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Whether each frame checks, taking the sum that stands in the frame before it as true."""
    if len(frames) == 0:
        return np.zeros(0, dtype=np.bool_)
    heads = frames[:, : _FRAME.size].copy().view(">u4").astype(np.uint32)
    words = np.concatenate([frames[:, :8], frames[:, _FRAME.size :]], axis=1)
    words = words.copy().view(order).astype(np.uint32)
    before = np.concatenate([np.array([seed], dtype=np.uint32), heads[:-1, 4:6]])
    sums = _sums(words, before)
    same_salt = (heads[:, 2] == salts[0]) & (heads[:, 3] == salts[1])
    result: npt.NDArray[np.bool_] = (sums == heads[:, 4:6]).all(axis=1) & same_salt
    return result


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
