"""The operator's day in a real browser: in, a call, a button, a confirmation, answers, the end."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from dispatch.commands import AnswerOrder, ReportStatus
from dispatch.model import Order
from dispatch.words import Answer, OrderId, OrderStatus, ResponderKind, UnitStatus
from tests.api_stage import PASSWORD, ApiStage
from tests.console_stage import epoch_ms
from tests.mqtt_lab import until
from tests.test_console_browser import Watched, browser

__all__ = ["browser"]

PICTURES = os.environ.get("STREET110_PICTURES")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ApiStage]:
    made = ApiStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png")


async def enter(browser: Browser, stage: ApiStage, name: str, locale: str) -> Watched:
    page = await browser.new_page(locale=locale, viewport={"width": 1680, "height": 1000})
    watched = Watched(page)
    await page.goto(f"{stage.url}/")
    await expect(page.locator("#login")).to_be_visible()
    await page.fill("[name=name]", name)
    await page.fill("[name=password]", PASSWORD)
    await page.click("#login .loud")
    await expect(page.locator("#login")).to_have_count(0)
    await expect(page.locator("#link")).to_have_class("pill live")
    return watched


async def take(stage: ApiStage, order: Order, answer: Answer, number: int) -> None:
    command = AnswerOrder(
        id=f"k{number}",
        kind=order.kind,
        responder=order.responder,
        order=OrderId(order.id),
        answer=answer,
        sent_ms=epoch_ms(),
    )
    await stage.engine.submit(command, "test")


async def arrive(stage: ApiStage, order: Order) -> None:
    command = ReportStatus(
        id=f"s{order.id}",
        kind=order.kind,
        responder=order.responder,
        status=UnitStatus.ON_SCENE,
        sent_ms=epoch_ms(),
        order=OrderId(order.id),
    )
    await stage.engine.submit(command, "test")


def nothing_wrong(watched: Watched) -> None:
    """No complaint but that of the browser about the 401 that asks for a login, nobody outside."""
    assert [text for text in watched.complaints if "401" not in text] == []
    assert watched.foreign() == []


async def run(page: Page, command: str) -> None:
    await page.keyboard.press("/")
    await page.fill("#command", command)
    await page.keyboard.press("Enter")


async def test_the_operators_day(browser: Browser, stage: ApiStage) -> None:
    watched = await enter(browser, stage, "wang", "en-GB")
    page = watched.page
    await take_a_call(page, stage)
    await follow_a_button(page, stage)
    await confirm_with_one_key(page, stage)
    await work_by_the_command_line(page, stage)
    await merge_and_call(page, stage)
    await close_with_outcomes(page, stage)
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_contain_text("command line")
    await picture(page, "console-help")
    await page.keyboard.press("Escape")
    await page.locator("#person button").click()
    await expect(page.locator("#login")).to_be_visible()
    nothing_wrong(watched)


async def take_a_call(page: Page, stage: ApiStage) -> None:
    """The place as one types, who would be sent before it is saved, the code after."""
    await page.keyboard.press("c")
    await page.fill("#call-where", stage.district.posts[0].name[:2])
    await page.locator("#call [role=option]").first.click()
    await page.locator("#call select").select_option("dispute")
    await expect(page.locator("#preview")).to_contain_text("Would be sent")
    await picture(page, "console-call")
    await page.click("#call .loud")
    await expect(page.locator("#code")).to_contain_text("I1")
    await page.keyboard.press("Escape")
    await until(lambda: "I1" in stage.engine.board.incidents)


async def follow_a_button(page: Page, stage: ApiStage) -> None:
    """A post's press; its first order is accepted and arrives, under the operator's eyes."""
    await stage.press("P004", "a1", "robbery")
    await page.locator('.case[data-incident="I2"]').click()
    await expect(page.locator("#case")).to_have_attribute("data-incident", "I2")
    order = next(row for row in stage.engine.board.orders.values() if row.incident == "I2")
    await take(stage, order, Answer.ACCEPTED, 1)
    row = page.locator(f'[data-order="{order.id}"]')
    await expect(row.locator(".state")).to_contain_text("Accepted")
    await arrive(stage, order)
    await expect(row.locator(".state")).to_contain_text("On scene")


async def confirm_with_one_key(page: Page, stage: ApiStage) -> None:
    """What waits for a person."""
    await stage.press("P002", "a2", "notice_only")
    await page.keyboard.press("n")
    await page.locator('.case[data-incident="I3"]').click()
    await expect(page.locator('[data-act="confirm"]')).to_be_visible()
    await picture(page, "console-confirm")
    await page.keyboard.press("y")
    await until(lambda: bool(stage.engine.board.incidents["I3"].orders))


async def work_by_the_command_line(page: Page, stage: ApiStage) -> None:
    """A remark, an order to another unit, and its undoing."""
    board = stage.engine.board
    await run(page, "note two men, white van")
    await expect(page.locator("#case")).to_contain_text("two men, white van")
    units = [row for row in board.responders.values() if row.kind is ResponderKind.UNIT]
    free = next(row.id for row in units if row.order is None)
    await run(page, f"send {free.lower()}")
    await until(lambda: board.responders[free].order is not None)
    sent = board.responders[free].order
    assert sent is not None
    await page.click("#undo")
    await until(lambda: board.orders[sent].status is OrderStatus.CANCELLED)


async def merge_and_call(page: Page, stage: ApiStage) -> None:
    """Two become one and two again; everybody is called."""
    board = stage.engine.board
    await page.click('[data-act="merge"]')
    await page.locator('[data-form="merge"] select').select_option("I2")
    await page.fill('[data-form="merge"] [name=reason]', "the same")
    await page.click('[data-form="merge"] .loud')
    await until(lambda: board.incidents["I3"].merged_into == "I2")
    await page.click("#undo")
    await until(lambda: board.incidents["I3"].merged_into is None)
    await run(page, "call white van to the east")
    await until(lambda: len(board.calls) == 1)


async def close_with_outcomes(page: Page, stage: ApiStage) -> None:
    """The end, with what it came to."""
    board = stage.engine.board
    await page.locator('.case[data-incident="I2"]').click()
    await page.click('[data-act="close"]')
    await page.fill('[data-form="close"] [name=arrested]', "2")
    await page.click('[data-form="close"] .loud')
    await until(lambda: board.incidents["I2"].closed_ms is not None)
    assert board.incidents["I2"].outcomes.arrested == 2


async def test_in_chinese_and_without_the_right_to_act(browser: Browser, stage: ApiStage) -> None:
    watched = await enter(browser, stage, "audit", "zh-CN")
    page = watched.page
    await stage.press("P001", "a1", "robbery")
    await page.locator(".case").first.click()
    await expect(page.locator("#detail")).to_contain_text("只能查看：没有处警权限")
    await expect(page.locator("[data-recall]")).to_have_count(0)
    await page.keyboard.press("c")
    await expect(page.locator("#call")).to_have_count(0)
    nothing_wrong(watched)


async def test_a_wrong_password_is_said_and_a_refusal_too(
    browser: Browser, stage: ApiStage
) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{stage.url}/")
    await page.fill("[name=name]", "wang")
    await page.fill("[name=password]", "not the one")
    await page.click("#login .loud")
    await expect(page.locator("#login [role=alert]")).to_contain_text("Wrong name or password")
    await page.fill("[name=password]", PASSWORD)
    await page.click("#login .loud")
    await expect(page.locator("#login")).to_have_count(0)
    await run(page, "recall I9-9 nothing")
    await expect(page.locator("#said .bad")).to_contain_text("I9-9")
