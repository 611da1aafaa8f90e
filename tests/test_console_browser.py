"""The page in a real browser: what a dispatcher sees, and what must never happen."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.console_stage import Stage

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
PATIENCE_MS = 30_000
TRIES = 20
COUNT_GREEN = """async (picture) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, image.width, image.height).data;
  let green = 0;
  for (let i = 0; i < pixels.length; i += 4)
    green += pixels[i] < 110 && pixels[i + 1] > 195 && pixels[i + 2] < 180;
  return green;
}"""
expect.set_options(timeout=PATIENCE_MS)


class Watched:
    """A page with everything it asked for and everything it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, said: ConsoleMessage) -> None:
        """Errors and warnings, but for the software renderer's remarks on its own speed."""
        if said.type in {"error", "warning"} and "GL Driver Message" not in said.text:
            self.complaints.append(said.text)

    def foreign(self) -> list[str]:
        """Requests that left the machine."""
        urls = [urlsplit(url) for url in self.asked]
        return [
            url.geturl()
            for url in urls
            if url.scheme in {"http", "https", "ws", "wss"} and url.hostname != "127.0.0.1"
        ]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        await launched.close()


async def open_page(browser: Browser, stage: Stage, locale: str = "zh-CN") -> Watched:
    page = await browser.new_page(locale=locale, viewport={"width": 1440, "height": 810})
    watched = Watched(page)
    await page.goto(stage.url)
    await expect(page.locator("#link")).to_have_class("pill live")
    return watched


async def test_a_press_appears_with_its_orders_and_reasons(stage: Stage, browser: Browser) -> None:
    watched = await open_page(browser, stage)
    page = watched.page
    await expect(page.locator("#queue .blank")).to_contain_text("当前没有警情")
    await page.wait_for_selector("html[data-map=idle]", timeout=PATIENCE_MS)
    await stage.press("P003", "a1")
    row = page.locator(".case[data-incident=I1]")
    await expect(row).to_contain_text("抢劫")
    await expect(row).to_have_class("case  chosen")
    detail = page.locator("#case[data-incident=I1]")
    await expect(detail.locator(".order")).to_have_count(len(stage.engine.board.orders))
    await expect(detail.locator(".candidate.chosen").first).to_contain_text("路程最近")
    await expect(detail).to_contain_text("两人持刀")
    await expect(page.locator("[data-figure=open] b")).to_have_text("1")
    await expect(page.locator("[data-figure=latency] b")).not_to_have_text("—")
    await expect(page.locator("#wire tr")).to_have_count(len(stage.engine.board.orders))
    await expect(page.locator("#credit")).to_be_visible()
    assert watched.complaints == []
    assert watched.foreign() == []
    assert any(url.endswith("/map/roads.geojson") for url in watched.asked)


async def test_units_are_drawn_on_the_map(stage: Stage, browser: Browser) -> None:
    watched = await open_page(browser, stage)
    await watched.page.wait_for_selector("html[data-map=idle]", timeout=PATIENCE_MS)
    await watched.page.evaluate("document.getElementById('legend').hidden = true")
    for _ in range(TRIES):
        picture = await watched.page.locator("#units").screenshot(timeout=PATIENCE_MS)
        drawn = await watched.page.evaluate(COUNT_GREEN, b64encode(picture).decode())
        if drawn > 100:
            break
    assert drawn > 100, "eight free units are green shapes of some 60 pixels each"
    assert watched.complaints == []


async def test_a_lost_link_is_said_and_heals_with_what_happened_meanwhile(
    stage: Stage, browser: Browser
) -> None:
    watched = await open_page(browser, stage)
    page = watched.page
    await stage.press("P001", "a1")
    await expect(page.locator(".case[data-incident=I1]")).to_be_visible()
    port = stage.console.port
    await stage.console.stop()
    await expect(page.locator("#link")).to_have_class("pill lost")
    await expect(page.locator("#banner")).to_contain_text("连接中断")
    await expect(page.locator(".case[data-incident=I1]")).to_be_visible()
    await stage.press("P005", "a2", "dispute")
    await stage.reopen(port)
    await expect(page.locator("#link")).to_have_class("pill live")
    await expect(page.locator("#banner")).to_be_empty()
    await expect(page.locator(".case[data-incident=I2]")).to_contain_text("纠纷")
    assert watched.foreign() == []


async def test_a_silent_engine_and_a_lost_broker_are_said(stage: Stage, browser: Browser) -> None:
    watched = await open_page(browser, stage)
    stage.connected = False
    await expect(watched.page.locator("#banner")).to_contain_text("消息代理中断")
    stage.connected = True
    await expect(watched.page.locator("#banner")).to_be_empty()
    columns = stage.console._columns_task
    assert columns is not None
    columns.cancel()
    await expect(watched.page.locator("#link")).to_have_class("pill stale")


async def test_both_languages(stage: Stage, browser: Browser) -> None:
    watched = await open_page(browser, stage, "en-GB")
    page = watched.page
    await stage.press("P003", "a1")
    row = page.locator(".case[data-incident=I1]")
    await expect(row).to_contain_text("Robbery")
    await page.click("#language")
    await expect(row).to_contain_text("抢劫")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await page.reload()
    await expect(row).to_contain_text("抢劫")
    await page.keyboard.press("l")
    await expect(row).to_contain_text("Robbery")
    assert watched.complaints == []


async def test_selection_belongs_to_the_incident_not_to_the_row(
    stage: Stage, browser: Browser
) -> None:
    watched = await open_page(browser, stage)
    page = watched.page
    await stage.press("P005", "a1", "dispute")
    await page.click(".case[data-incident=I1]")
    await stage.press("P001", "a2")
    await expect(page.locator(".case").first).to_have_attribute("data-incident", "I2")
    await expect(page.locator("#case")).to_have_attribute("data-incident", "I1")
    await asyncio.gather(*(page.keyboard.press("k") for _ in range(2)))
    await expect(page.locator("#case")).to_have_attribute("data-incident", "I2")
