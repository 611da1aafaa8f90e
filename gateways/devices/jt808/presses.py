"""Alarm bits are held, not sent once: a press is what is between a bit's rise and its fall."""

import structlog

from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, AnyHeard, Fix
from gateways.devices.jt808.body import UNSET_BEFORE_MS
from gateways.devices.jt808.frame import Frame
from gateways.devices.jt808.lines import ANSWERS
from gateways.devices.jt808.tasks import Tasks
from gateways.devices.jt808.terminal import Press, Terminal
from gateways.devices.jt808.write import answer_general, write_confirmation

log = structlog.get_logger(__name__)
DONE, FAILED, CONFIRMED = 0, 1, 4
CONFIRM_AGAIN_MS = 10_000
"""A press that is still held so long after its confirmation is confirmed again."""
Report = tuple[Fix, list[Alarm]]


class Presses:
    """Positions to the tracker, presses to the desk; a frame is answered once both are safe."""

    def __init__(self, door: DeviceDoor, tasks: Tasks) -> None:
        self._door = door
        self._tasks = tasks

    def take(
        self, terminal: Terminal, frame: Frame, heard: tuple[AnyHeard, ...], now_ms: int
    ) -> None:
        """All positions of a frame, each with the alarms that it holds."""
        backfill = frame.msg == 0x0704 and frame.body[2] == 1
        wait: dict[int, Press] = {}
        for fix, alarms in reports_of(heard):
            self._door.take_fix(terminal.device, fix)
            if not backfill and is_of_now(fix) and self._is_newest(terminal, fix, now_ms):
                # By identity: one frame may hold two presses of one button.
                wait |= {id(one): one for one in self._follow(terminal, alarms)}
        self._answer(terminal, frame, list(wait.values()))

    @staticmethod
    def _is_newest(terminal: Terminal, fix: Fix, now_ms: int) -> bool:
        """What is older than what was heard before says nothing about a bit that is held now."""
        at_ms = fix.at_ms
        if at_ms is None or at_ms < UNSET_BEFORE_MS or at_ms > now_ms:
            at_ms = now_ms
        if at_ms < terminal.heard_ms:
            return False
        terminal.heard_ms = at_ms
        return True

    def _follow(self, terminal: Terminal, alarms: list[Alarm]) -> list[Press]:
        """Bits that rise are pressed, bits that fall are released; the calls that are held now."""
        bits = {int(alarm.extra["bit"]): alarm for alarm in alarms}
        for bit in [one for one in terminal.held if one not in bits]:
            del terminal.held[bit]
            log.debug("jt808_released", device=terminal.device.identity, bit=bit)
        for bit, alarm in bits.items():
            if bit not in terminal.held:
                terminal.held[bit] = self._press(terminal, bit, alarm)
        return [one for one in terminal.held.values() if one.calls]

    def _press(self, terminal: Terminal, bit: int, alarm: Alarm) -> Press:
        device = terminal.device
        calls = alarm.type is not None
        press = Press(bit, calls=calls, clears=bool(alarm.extra["cleared_by_answer"]))
        if calls:
            # The position of this very frame is where the desk looks for the source.
            self._door.flush()
            press.task = self._tasks.start(self._door.raise_alarm(device, alarm), "jt808_alarm")
        else:
            log.info("device_told", device=device.identity, code=alarm.code, bit=bit)
        return press

    def _answer(self, terminal: Terminal, frame: Frame, wait: list[Press]) -> None:
        """The general answer, once every press that the frame holds is on record."""
        for press in wait:
            if press.is_pending():
                press.when_done(lambda: self._answer(terminal, frame, wait))
                return
        failed = [press for press in wait if not press.is_on_record()]
        for press in failed:
            # The next frame that holds the bit is another attempt.
            if terminal.held.get(press.bit) is press:
                del terminal.held[press.bit]
        if any(press.has_broken() for press in wait):
            return
        refused = failed
        result = FAILED if refused else DONE
        if not refused and wait and all(press.answered for press in wait):
            result = CONFIRMED
        if frame.msg not in ANSWERS:
            terminal.say(answer_general(frame, terminal.next_serial(), result))
        self._confirm(terminal, frame, [press for press in wait if press not in refused])

    def _confirm(self, terminal: Terminal, frame: Frame, presses: list[Press]) -> None:
        """0x8203: the terminal may clear these bits; again while it does not."""
        now_ms = self._door.engine.now_ms()
        bits = 0
        for press in presses:
            press.answered = True
            if press.clears and now_ms - press.confirmed_ms >= CONFIRM_AGAIN_MS:
                press.confirmed_ms = now_ms
                bits |= 1 << press.bit
        if bits:
            terminal.say(write_confirmation(frame, terminal.next_serial(), bits))


def is_of_now(fix: Fix) -> bool:
    """Whether a report tells of now; a clock that was never set cannot say otherwise."""
    return not fix.history or (fix.at_ms is not None and fix.at_ms < UNSET_BEFORE_MS)


def reports_of(heard: tuple[AnyHeard, ...]) -> list[Report]:
    """Positions in their order, each with its alarms."""
    reports: list[Report] = []
    for one in heard:
        if isinstance(one, Fix):
            reports.append((one, []))
        elif isinstance(one, Alarm) and reports:
            reports[-1][1].append(one)
    return reports
