"""What each kind of fault does to the world, when its moment has come."""

from typing import assert_never

import dispatch.snapshot
from dispatch.journal_file import JournalError
from simulator.faults import schedule as f
from simulator.faults.line import Line

POINT_COMES_WITHIN_S = 5.0


def strike(line: Line, fault: f.Fault, now_s: float) -> None:  # noqa: C901, PLR0912 - one match, all faults
    """Let a fault happen."""
    line.tell(f"fault: {describe(fault)}")
    match fault:
        case f.Crash():
            line.deaths.append(fault)
            line.later(POINT_COMES_WITHIN_S, lambda _: die_anyway(line, fault))
        case f.Restart():
            if line.life is not None and line.life.up and not line.life.stopping:
                line.life.stop()
        case f.DiskFull():
            line.fill_disk(full=True)
            line.later(fault.for_s, lambda _: line.fill_disk(full=False))
        case f.SlowDisk():
            line.slow_s = fault.sync_s
            line.disturb(fault.for_s)
            line.later(fault.for_s, lambda _: quicken(line))
        case f.Snapshot():
            take_snapshot(line, damaged=fault.damaged)
        case f.BrokerRestart():
            line.disturb(fault.down_s)
            line.broker.go_down(keeps_sessions=fault.keeps_sessions)
            line.later(fault.down_s, lambda _: line.broker.come_up())
        case f.CutEngine():
            line.net.cut_until_s = max(line.net.cut_until_s, now_s + fault.for_s)
        case f.CutDevice():
            terminal = line.terminals[fault.responder]
            terminal.cut_until_s = max(terminal.cut_until_s, now_s + fault.for_s)
        case f.Noise():
            make_noise(line, fault)
        case f.DeviceReset():
            line.terminals[fault.responder].start()
        case f.EngineClock():
            line.engine_ahead_s += fault.by_s
            line.disturb()
        case f.DeviceClock():
            line.terminals[fault.responder].jump(fault.by_s)
        case _:
            assert_never(fault)


def describe(fault: f.Fault) -> str:  # noqa: C901, PLR0911 - one match, all faults
    """A fault in words."""
    match fault:
        case f.Crash():
            return f"power will fail at point '{fault.point}', passing {fault.nth}"
        case f.Restart():
            return "an administrator restarts the engine"
        case f.DiskFull():
            return f"the disk is full for {fault.for_s} s"
        case f.SlowDisk():
            return f"each sync takes {fault.sync_s} s, for {fault.for_s} s"
        case f.Snapshot():
            return "a snapshot is taken" + (" and torn" if fault.damaged else "")
        case f.BrokerRestart():
            kept = "with" if fault.keeps_sessions else "without"
            return f"the broker is down for {fault.down_s} s, back {kept} its sessions"
        case f.CutEngine():
            return f"engine and broker are apart for {fault.for_s} s"
        case f.CutDevice():
            return f"{fault.responder} is cut off for {fault.for_s} s"
        case f.Noise():
            return (
                f"{fault.responder}: {fault.lose:.0%} lost, {fault.double:.0%} doubled, "
                f"up to {fault.delay_s} s late, for {fault.for_s} s"
            )
        case f.DeviceReset():
            return f"{fault.responder} starts anew without memory"
        case f.EngineClock():
            return f"the engine's clock jumps by {fault.by_s} s"
        case f.DeviceClock():
            return f"the clock of {fault.responder} jumps by {fault.by_s} s"


def die_anyway(line: Line, crash: f.Crash) -> None:
    """The point did not come: power fails where the engine stands."""
    if crash in line.deaths:
        line.deaths.remove(crash)
        if line.life is not None and line.dying is None:
            line.die(crash)


def quicken(line: Line) -> None:
    """The disk is as fast as before."""
    line.slow_s = None
    line.disturb()


def make_noise(line: Line, noise: f.Noise) -> None:
    """One device's connection is bad for a while."""
    terminal = line.terminals[noise.responder]
    terminal.lose, terminal.double, terminal.delay_s = noise.lose, noise.double, noise.delay_s

    def end(_: float) -> None:
        terminal.lose = terminal.double = terminal.delay_s = 0.0

    line.later(noise.for_s, end)


def take_snapshot(line: Line, *, damaged: bool) -> None:
    """The journal's own snapshot; a damaged one ends in the middle."""
    life = line.life
    if life is None or life.journal is None or life.journal.dead:
        return
    try:
        seq = dispatch.snapshot.take_snapshot(life.journal.path)
    except JournalError as error:
        line.witness.breach(f"no snapshot can be made: {error}")
        return
    files = life.journal.snapshots
    if damaged and seq:
        path = files.folder / f"{seq:012}.snapshot"
        whole = path.read_bytes()
        path.write_bytes(whole[: line.rng.randrange(len(whole))])
