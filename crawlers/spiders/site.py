"""A site: list pages with a pager, and the articles that they list."""

from __future__ import annotations

from datetime import datetime

from crawlers.answers import Lead, Page
from crawlers.failures import EMPTY_LIST, LAYOUT_CHANGED, CrawlFailure, of_page
from crawlers.lists import next_page
from crawlers.spiders.rows import rows
from crawlers.visit import Visit
from posts.identity import SHANGHAI


async def crawl(visit: Visit) -> None:
    """Read each list, then its new articles, newest first, then the next page of the list.

    The pager is followed while a page had something new, and wholly in the first visit of a run:
    what was left over when the process ended is found again. Raises CrawlFailure where no list
    could be read.
    """
    failures: list[CrawlFailure] = []
    lists = [url for url in (visit.source.url, *visit.options.list_urls) if url]
    for url in dict.fromkeys(lists):
        try:
            await _one_list(visit, url)
        except CrawlFailure as failure:
            failures.append(failure)
    if failures and (not visit.found or len(failures) == len(lists)):
        raise failures[0]
    visit.failures.extend(failures)
    await visit.look_again()


async def _one_list(visit: Visit, url: str) -> None:
    address: str | None = url
    read: set[str] = set()
    while address is not None and address not in read and len(read) < visit.options.max_pages:
        read.add(address)
        try:
            page = await visit.fetch(address)
        except CrawlFailure as failure:
            if address == url:
                raise
            visit.failures.append(failure)  # an older page of the list: what is new was read
            return
        leads, following = await _leads(visit, page, first=address == url)
        visit.found += len(leads)
        fresh = await visit.unseen(leads)

        async def refresh(top: str = url) -> list[Lead]:
            try:
                again, _ = await _leads(visit, await visit.fetch(top), first=False)
            except CrawlFailure as failure:
                visit.failures.append(failure)
                return []
            return _newest_first(await visit.unseen(again))

        await visit.articles(_newest_first(fresh), refresh=refresh)
        if not fresh and not visit.first:
            return
        address = following


async def _leads(visit: Visit, page: Page, *, first: bool) -> tuple[list[Lead], str | None]:
    now = visit.now()

    def read() -> tuple[str, list[Lead], int, str | None]:
        text = page.text()
        links, seen = rows(text, page.url, visit.options, now=now)
        leads = [
            Lead(url=link.url, title=link.title, published_at=link.published) for link in links
        ]
        following = next_page(text, page.url) if visit.options.max_pages > 1 else None
        return text, leads, seen, following

    text, leads, seen, following = await visit.in_thread(read)
    if not leads and first:
        explained = of_page(text, page.url, page.asked)
        if explained is not None:
            raise explained
        if seen and visit.options.follow:
            raise CrawlFailure(
                LAYOUT_CHANGED,
                f"{page.asked} 有 {seen} 个链接，却没有一个符合选项 follow："
                "网站可能改版，请核对 follow 的写法",
            )
        raise CrawlFailure(
            EMPTY_LIST,
            f"{page.asked} 打开正常，但一条文章链接也没有：可能改版，或列表由脚本生成，请核对地址",
        )
    return leads, following


def _newest_first(leads: list[Lead]) -> list[Lead]:
    """By stated time where all state one; else in the order of the list, which is newest first."""
    if any(lead.published_at is None for lead in leads):
        return leads

    def at(lead: Lead) -> str:
        stated = lead.published_at
        if isinstance(stated, datetime):
            stated = stated.astimezone(SHANGHAI).date()
        return stated.isoformat() if stated else ""

    return sorted(leads, key=at, reverse=True)
