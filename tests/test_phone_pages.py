"""The guard's and the officer's page in a real browser, against a real engine."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from dispatch.commands import CallMany, CancelOrder
from dispatch.letters import Recall
from dispatch.words import CallKind, OrderId, ResponderKind
from tests.phone_stage import PhoneStage
from tests.test_console_browser import Watched, browser
from tests.world import spot

__all__ = ["browser"]

POST, UNIT = ResponderKind.POST, ResponderKind.UNIT
HELD_MS = 1_150
PICTURES = os.environ.get("STREET110_PICTURES")
"""A folder for screenshots; none are taken without it."""
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "WebSocket connection")


class Opened(NamedTuple):
    """One device: its browser, its page, and all that it complained about."""

    context: BrowserContext
    page: Page
    watched: Watched

    async def hold(self, name: str, kind: str = "hold") -> None:
        """Press for a little longer than a second."""
        target = self.page.locator(f"[data-{kind}='{name}']")
        await target.scroll_into_view_if_needed()
        box = await target.bounding_box()
        assert box is not None, name
        await self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await self.page.mouse.down()
        if PICTURES:
            await self.page.wait_for_timeout(HELD_MS / 2)
            await self.picture(f"holding-{name}")
        await self.page.wait_for_timeout(HELD_MS)
        await self.page.mouse.up()

    async def picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{name}.png")

    async def sounded(self) -> str:
        found = await self.page.evaluate("document.documentElement.dataset.sounded ?? ''")
        assert isinstance(found, str)
        return found

    def complaints(self, *, was_offline: bool = False) -> list[str]:
        """What a browser says of itself when it has no network is no fault of the page."""
        said = self.watched.complaints
        return [x for x in said if not (was_offline and any(word in x for word in OFFLINE))]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[PhoneStage]:
    made = PhoneStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def open_device(
    browser: Browser,
    stage: PhoneStage,
    kind: ResponderKind,
    responder: str,
    locale: str = "zh-CN",
) -> Opened:
    """Open a pairing link as the device's camera would, and press the one button."""
    size = {"width": 1280, "height": 800} if kind is POST else {"width": 412, "height": 892}
    at = spot(3.02, 3)
    context = await browser.new_context(
        locale=locale,
        viewport={"width": size["width"], "height": size["height"]},
        geolocation={"longitude": at.lon, "latitude": at.lat, "accuracy": 6},
        permissions=["geolocation"],
    )
    page = await context.new_page()
    opened = Opened(context, page, Watched(page))
    await page.goto(stage.pair(kind, responder))
    await page.click("#go")
    await page.wait_for_url("**/post.html" if kind is POST else "**/officer.html")
    await expect(page.locator("#link")).to_have_class("pill live")
    return opened


async def test_from_the_guards_press_to_the_officers_clear(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P003")
    officer = await open_device(browser, stage, UNIT, "U03")
    await expect(guard.page.locator(".sign b")).to_have_text("3")
    await guard.picture("post-calm")
    await officer.picture("officer-calm")
    await guard.hold("robbery")
    row = guard.page.locator("#alarms li")
    await expect(row).to_have_class("recorded")
    await expect(row).to_contain_text("已受理")
    await expect(row).to_contain_text("I1")
    await expect(guard.page.locator("#last")).to_have_text("抢劫 · 已受理 I1")
    order = officer.page.locator("#order.screen")
    await expect(order).to_contain_text("抢劫")
    await expect(order.locator(".way li").first).to_be_visible()
    await officer.picture("officer-order")
    await order.locator("[data-do=accepted]").click()
    card = officer.page.locator("#order.card")
    await expect(card).to_have_attribute("data-step", "accepted")
    await officer.picture("officer-accepted")
    await card.locator("[data-do=en_route]").click()
    await expect(card).to_have_attribute("data-step", "en_route")
    await card.locator("[data-do=on_scene]").click()
    await expect(card).to_have_attribute("data-step", "on_scene")
    await officer.hold("clear")
    await expect(officer.page.locator("#order")).to_have_count(0)
    await expect(officer.page.locator("#status h2 small")).to_have_text("待命")
    assert stage.statuses("U03") == ["completed"]
    await guard.picture("post-recorded")
    assert guard.complaints() + officer.complaints() == []
    assert guard.watched.foreign() + officer.watched.foreign() == []


async def test_a_short_touch_calls_nobody_and_a_held_key_does(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P003")
    await guard.page.locator("[data-hold=alarm]").click(delay=300)
    await guard.page.locator("[data-hold=alarm]").focus()
    await guard.page.keyboard.press("Enter")
    await guard.page.wait_for_timeout(HELD_MS)
    assert not stage.engine.board.alarms
    await guard.page.keyboard.down("Enter")
    await guard.page.wait_for_timeout(HELD_MS)
    await guard.page.keyboard.up("Enter")
    await expect(guard.page.locator("#alarms li.recorded")).to_have_count(1)
    assert len(stage.engine.board.alarms) == 1


async def test_pressed_without_a_network_it_arrives_once_when_it_is_back(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P003")
    await guard.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await guard.context.set_offline(True)
    await expect(guard.page.locator("#link")).to_have_class("pill lost")
    await guard.hold("alarm")
    row = guard.page.locator("#alarms li")
    await expect(row).to_contain_text("已保存")
    await guard.picture("post-offline")
    # Reloaded without a network: the page and what it owes are still there.
    await guard.page.reload()
    await expect(guard.page.locator("#unsent")).to_have_text("1")
    assert not stage.engine.board.alarms
    await guard.context.set_offline(False)
    await expect(row).to_have_class("recorded")
    await expect(guard.page.locator("#unsent")).to_have_count(0)
    await expect(guard.page.locator("#link")).to_have_class("pill live")
    assert len(stage.engine.board.alarms) == 1
    assert guard.complaints(was_offline=True) == []


async def test_pressed_while_the_engine_is_away_it_arrives_once_when_it_is_back(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P003")
    port = await stage.leave()
    await expect(guard.page.locator("#link")).to_have_class("pill lost")
    await guard.hold("robbery")
    await expect(guard.page.locator("#alarms li")).to_contain_text("已保存")
    await stage.come_back(port)
    await expect(guard.page.locator("#alarms li.recorded")).to_have_count(1)
    assert len(stage.engine.board.alarms) == 1


async def test_where_no_websocket_comes_through_the_same_goes_by_post(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P002")

    async def close(route: WebSocketRoute) -> None:
        await route.close()

    await guard.page.route_web_socket("**/phone/ws", close)
    await guard.page.reload()
    await expect(guard.page.locator("#link")).to_have_class("pill polling")
    await guard.hold("alarm")
    await expect(guard.page.locator("#alarms li.recorded")).to_have_count(1)
    await stage.press("P001", "a1")
    order = guard.page.locator("#order.screen")
    await order.locator("[data-do=accepted]").click()
    await expect(guard.page.locator("#order.card")).to_have_attribute("data-step", "accepted")
    assert stage.statuses("P002") == ["accepted"]


async def test_it_can_be_installed(stage: PhoneStage, browser: Browser) -> None:
    officer = await open_device(browser, stage, UNIT, "U03")
    await officer.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tools = await officer.context.new_cdp_session(officer.page)
    manifest = await tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/pages/phone/officer.webmanifest")
    found = await tools.send("Page.getInstallabilityErrors")
    assert [one["errorId"] for one in found["installabilityErrors"]] in ([], ["in-incognito"])


async def test_a_silent_call_leaves_no_trace(stage: PhoneStage, browser: Browser) -> None:
    guard = await open_device(browser, stage, POST, "P003")
    neighbour = await open_device(browser, stage, POST, "P004")
    await guard.page.mouse.click(640, 790)
    text = "document.getElementById('post').outerHTML + document.getElementById('link').outerHTML"
    before = await guard.page.evaluate(text)
    await guard.hold("sign", "still")
    await guard.page.mouse.move(640, 790)
    # What only the guard who pressed can read: the marks between the figures of the clock.
    await expect(guard.page.locator("#clock")).to_contain_text("·")
    assert await guard.page.evaluate(text) == before
    assert await guard.sounded() == ""
    alarm = next(iter(stage.engine.board.alarms.values()))
    assert (alarm.type, alarm.silent, alarm.source) == ("duress", True, "P003")
    await guard.picture("post-silent")
    assert await neighbour.sounded() == ""
    await expect(neighbour.page.locator("#notices li")).to_have_count(0)


async def test_an_order_is_shown_once_and_rings_until_it_is_answered(
    stage: PhoneStage, browser: Browser
) -> None:
    officer = await open_device(browser, stage, UNIT, "U03")
    await officer.page.mouse.click(200, 700)
    await stage.press("P003", "a1")
    order = officer.page.locator("#order.screen")
    await expect(order).to_be_visible()
    assert (await officer.sounded()).startswith("order1")
    for letter in stage.engine.outbox():
        stage.phones.post.send(letter)
    await expect(officer.page.locator("#order")).to_have_count(1)
    await order.locator("[data-do=refused]").click()
    await officer.picture("officer-refuse")
    # The refusal is on its way while the order, owed until it arrives, comes once more.
    owed = stage.engine.outbox()
    await officer.context.set_offline(True)
    await order.locator("[data-reason=tooFar]").click()
    await expect(order).to_have_count(0)
    await officer.context.set_offline(False)
    await expect(officer.page.locator("#link")).to_have_class("pill live")
    for letter in owed:
        stage.phones.post.send(letter)
    await expect(officer.page.locator("#status h2 small")).to_have_text("待命")
    await expect(officer.page.locator("#order")).to_have_count(0)
    rang = await officer.sounded()
    await officer.page.wait_for_timeout(2_800)
    assert await officer.sounded() == rang
    assert stage.statuses("U03") == ["refused"]


async def test_a_silent_order_makes_no_sound_and_an_open_one_rings_again_after_a_reload(
    stage: PhoneStage, browser: Browser
) -> None:
    officer = await open_device(browser, stage, UNIT, "U01")
    await stage.press("P003", "q1", "duress")
    order = officer.page.locator("#order.screen")
    await expect(order).to_contain_text("静默")
    assert await officer.sounded() == ""
    await order.locator("[data-do=accepted]").click()
    await officer.hold("clear")
    await expect(officer.page.locator("#order")).to_have_count(0)
    await stage.press("P003", "a1")
    await expect(officer.page.locator("#order.screen")).to_contain_text("抢劫")
    await officer.page.reload()
    await expect(officer.page.locator("#order.screen")).to_contain_text("抢劫")
    await expect(officer.page.locator("html")).to_have_attribute(
        "data-sounded", re.compile("^order1")
    )


async def test_a_recalled_order_goes_and_says_so(stage: PhoneStage, browser: Browser) -> None:
    officer = await open_device(browser, stage, UNIT, "U03")
    await stage.press("P003", "a1")
    shown = officer.page.locator("#order.screen")
    name = await shown.get_attribute("data-order")
    cancel = CancelOrder(id="c1", order=OrderId(name or ""), reason="mistake")
    await stage.engine.submit(cancel, "user/wang")
    await expect(officer.page.locator("#recalled")).to_be_visible()
    await officer.picture("officer-recalled")
    await officer.page.click("#recalled button")
    await expect(officer.page.locator("#recalled")).to_have_count(0)
    await expect(officer.page.locator("#unsent")).to_have_count(0)
    assert not [one for one in stage.engine.outbox() if isinstance(one, Recall)]


async def test_neighbours_are_rung_and_a_test_call_is_answered(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P004", "en-GB")
    await guard.page.mouse.click(640, 790)
    await stage.press("P003", "a1", "panic")
    notice = guard.page.locator("#notices li.fresh")
    await expect(notice).to_have_count(1)
    assert "neighbour" in await guard.sounded()
    await guard.picture("post-neighbour")
    again = re.compile("neighbour neighbour")
    await expect(guard.page.locator("html")).to_have_attribute("data-sounded", again)
    await notice.get_by_role("button", name="Read").click()
    await stage.engine.submit(CallMany(id="c1", kind=CallKind.MUSTER, text="拉动"), "user/boss")
    await guard.page.locator("#notices li.muster button").click()
    await expect(guard.page.locator("#notices li.muster")).to_contain_text("answered")
    await expect(guard.page.locator("#unsent")).to_have_count(0)
    heard = next(iter(stage.engine.board.calls.values()))
    assert list(heard.read_ms) == ["P004"]


async def test_english_plate_check_status_keys_and_fixes(
    stage: PhoneStage, browser: Browser
) -> None:
    officer = await open_device(browser, stage, UNIT, "U05", "en-GB")
    page = officer.page
    await expect(page.locator("#gps")).to_have_text("GPS")
    await page.fill("[name=plate]", "沪a12345")
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator(".told.clean")).to_contain_text("not wanted")
    await page.click("[data-status=busy]")
    await expect(page.locator("#status h2 small")).to_have_text("Busy")
    await page.click("[data-seen=motorcycle]")
    await expect(page.locator("#seen [role=status]")).to_contain_text("sent")
    await officer.hold("sos")
    await expect(page.locator("#alarms li.recorded")).to_have_count(1)
    alarm = next(iter(stage.engine.board.alarms.values()))
    seen = stage.engine.board.sightings
    assert [one.on for one in seen] == ["motorcycle"]
    at = spot(3.02, 3)
    assert (round(alarm.place.lon, 4), round(alarm.place.lat, 4)) == (
        round(at.lon, 4),
        round(at.lat, 4),
    )
    await officer.picture("officer-english")
    await page.click("#language")
    await expect(page.locator("#plate h2")).to_have_text("车牌查询")
    assert officer.complaints() == []


async def test_a_used_code_is_refused_and_an_unpaired_page_says_so(
    stage: PhoneStage, browser: Browser
) -> None:
    link = stage.pair(POST, "P003")
    page = await browser.new_page(locale="zh-CN")
    await page.goto(f"{stage.url}/pages/phone/post.html")
    await expect(page.locator("#link")).to_have_class("pill unpaired")
    stage.pages.pair(link.partition("#")[2], stage.now_ms())
    await page.goto(link)
    await page.click("#go")
    await expect(page.locator("[data-state=pairFailed]")).to_be_visible()


async def test_a_direct_call_and_an_order_to_the_post_itself(
    stage: PhoneStage, browser: Browser
) -> None:
    guard = await open_device(browser, stage, POST, "P002")
    await guard.page.mouse.click(640, 790)
    await guard.hold("direct_call")
    await expect(guard.page.locator("#notices li")).to_contain_text("coming: U01")
    await stage.press("P001", "a1")
    order = guard.page.locator("#order.screen")
    await expect(order).to_contain_text("支援守点")
    await guard.picture("post-order")
    # The red button is in reach whatever fills the screen.
    await guard.hold("alarm-too")
    await expect(guard.page.locator("#alarms li.recorded")).to_have_count(2)
    await order.locator("[data-do=accepted]").click()
    card = guard.page.locator("#order.card")
    await expect(card).to_have_attribute("data-step", "accepted")
    await guard.picture("post-holding")
    assert stage.statuses("P002") == ["accepted"]
    assert guard.complaints() == []
