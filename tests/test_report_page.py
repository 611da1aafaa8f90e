"""The supervisor's page in a real browser, against a real engine that has had a few incidents."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from dispatch.commands import AnswerOrder, CallMany, ReportStatus
from dispatch.words import Answer, CallKind, OrderId, ResponderKind, UnitStatus
from tests.api_stage import PASSWORD, ApiStage
from tests.console_stage import epoch_ms
from tests.test_console_browser import Watched, browser

__all__ = ["browser"]

PICTURES = os.environ.get("STREET110_PICTURES")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ApiStage]:
    made = ApiStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def work(stage: ApiStage) -> None:
    """Two robberies in the west, one in the east; one order is followed to the scene."""
    for number, post in enumerate(("P001", "P003", "P005")):
        await stage.press(post, f"a{number}")
    order = next(o for o in stage.engine.board.orders.values() if o.kind is ResponderKind.UNIT)
    await stage.engine.submit(
        AnswerOrder(
            id="m1",
            kind=order.kind,
            responder=order.responder,
            order=OrderId(order.id),
            answer=Answer.ACCEPTED,
            sent_ms=epoch_ms(),
        ),
        "test",
    )
    await stage.engine.submit(
        ReportStatus(
            id="m2",
            kind=order.kind,
            responder=order.responder,
            status=UnitStatus.ON_SCENE,
            sent_ms=epoch_ms(),
            order=OrderId(order.id),
        ),
        "test",
    )
    await stage.engine.submit(CallMany(id="c1", kind=CallKind.MUSTER, text="拉动"), "user/boss")
    await stage.api.presence.look()


async def log_in(page: Page, stage: ApiStage, name: str) -> None:
    await page.goto(f"{stage.url}/report.html")
    await page.fill("[name=name]", name)
    await page.fill("[name=password]", PASSWORD)
    await page.click("#login .loud")


async def open_report(browser: Browser, stage: ApiStage, name: str, locale: str) -> Watched:
    page = await browser.new_page(locale=locale, viewport={"width": 1440, "height": 1000})
    watched = Watched(page)
    await log_in(page, stage, name)
    await expect(page.locator("#figures")).to_be_visible()
    return watched


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def faults(watched: Watched) -> list[str]:
    """The browser itself reports the first question of who asks, which a guest gets refused."""
    return [one for one in watched.complaints if "401" not in one]


async def test_a_supervisor_sees_the_day(stage: ApiStage, browser: Browser) -> None:
    await work(stage)
    watched = await open_report(browser, stage, "boss", "zh-CN")
    page = watched.page
    await expect(page.locator("[data-figure=incidents] dd")).to_contain_text("3")
    await expect(page.locator("#response [data-row='W'] td.n")).to_have_text("2")
    await expect(page.locator("#response [data-row='E'] td.n")).to_have_text("1")
    await expect(page.locator("#response [data-row='1'] .range").first).to_be_visible()
    await expect(page.locator(".heat circle")).to_have_count(3)
    shades = [
        await page.locator(f".heat [data-area={area}]").get_attribute("class") for area in "WE"
    ]
    assert shades[0] != shades[1]
    await expect(page.locator("#circles [data-within='300']")).to_contain_text("5/5")
    await expect(page.locator("[data-circle=Z1]")).to_contain_text("西广场")
    await expect(page.locator("#presence tbody tr")).to_have_count(8)
    await expect(page.locator("[data-unit=U08]")).to_contain_text("西街道")
    await expect(page.locator("#calls tbody tr")).to_have_count(1)
    await picture(page, "report-zh")
    await page.click("#language")
    await expect(page.locator("#response h2")).to_contain_text("Response times")
    await picture(page, "report-en")
    assert faults(watched) == []
    assert watched.foreign() == []


async def test_ledgers_come_as_files_and_the_sheet_as_pdf(
    stage: ApiStage, browser: Browser, tmp_path: Path
) -> None:
    await work(stage)
    page = (await open_report(browser, stage, "boss", "zh-CN")).page
    for name in ("incidents", "orders", "calls", "follow_ups"):
        async with page.expect_download() as coming:
            await page.click(f"[data-ledger={name}]")
        file = await (await coming.value).path()
        assert file.read_bytes()[:2] == b"PK"
    await page.emulate_media(media="print")
    await expect(page.locator("#tools")).to_be_hidden()
    await expect(page.locator("#signed")).to_contain_text("boss")
    sheet = await page.pdf(prefer_css_page_size=True, print_background=True)
    assert sheet.startswith(b"%PDF")
    assert 1 <= sheet.count(b"/Type /Page\n") <= 4
    if PICTURES:
        (Path(PICTURES) / "report.pdf").write_bytes(sheet)


async def test_a_supervisor_of_one_area_sees_that_area(stage: ApiStage, browser: Browser) -> None:
    await work(stage)
    page = (await open_report(browser, stage, "east", "en-GB")).page
    await expect(page.locator("[data-figure=incidents] dd")).to_contain_text("1")
    await expect(page.locator(".heat polygon")).to_have_count(1)
    await expect(page.locator("#presence tbody tr")).to_have_count(4)


async def test_an_operator_is_told_that_he_may_not_and_a_stranger_nothing(
    stage: ApiStage, browser: Browser
) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{stage.url}/report.html")
    await page.fill("[name=name]", "boss")
    await page.fill("[name=password]", "guess")
    await page.click("#login .loud")
    await expect(page.locator("#login [role=alert]")).to_have_text("Wrong name or password")
    await log_in(page, stage, "wang")
    await expect(page.locator("main.told")).to_contain_text("may not see reports")
    await page.click("main.told button")
    await expect(page.locator("#login")).to_be_visible()


async def test_a_calm_day_an_own_period_and_an_engine_that_is_gone(
    stage: ApiStage, browser: Browser
) -> None:
    page = (await open_report(browser, stage, "boss", "en-GB")).page
    await expect(page.locator("#response .blank")).to_have_text("No incident in this period")
    await picture(page, "report-calm")
    await work(stage)
    await page.click("[data-period=h8]")
    await expect(page.locator("[data-figure=incidents] dd")).to_contain_text("3")
    await page.click("[data-period=custom]")
    await page.fill("[name=since]", "2020-01-01T00:00")
    await page.fill("[name=until]", "2020-01-02T00:00")
    await page.click("#period form button")
    await expect(page.locator("#response .blank")).to_be_visible()
    await stage.console.stop()
    await page.click("[data-period=today]")
    await expect(page.locator(".banner")).to_contain_text("cannot be reached")
