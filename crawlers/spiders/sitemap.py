"""A sitemap: nested and packed ones too, filtered by age, within bounds."""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, timedelta

from crawlers.answers import Lead, Page
from crawlers.failures import EMPTY_LIST, CrawlFailure, of_page
from crawlers.sitemaps import Entry, Sitemap, parse_sitemap
from crawlers.visit import Visit

_MOST_SITEMAPS = 50
_NEVER = datetime.min.replace(tzinfo=UTC)


async def crawl(visit: Visit) -> None:
    """Fetch the new pages that the sitemaps list, newest first.

    Raises CrawlFailure where the first sitemap can't be read or nothing is listed at all.
    """
    earliest = visit.now() - timedelta(days=visit.options.since_days)
    waiting = deque(url for url in (visit.source.url, *visit.options.list_urls) if url)
    read: set[str] = set()
    listed = 0
    leads: dict[str, tuple[datetime, Lead]] = {}
    while waiting and len(read) < _MOST_SITEMAPS:
        url = waiting.popleft()
        if url in read:
            continue
        read.add(url)
        try:
            page = await visit.fetch(url)
        except CrawlFailure as failure:
            if len(read) == 1:
                raise
            visit.failures.append(failure)
            continue
        sitemap = await _parse(visit, page)
        if len(read) == 1 and not sitemap.pages and not sitemap.sitemaps:
            await _explain(visit, page, sitemap.error)
        listed += len(sitemap.pages)
        waiting.extend(entry.url for entry in sitemap.sitemaps if _recent(entry, earliest))
        for entry in sitemap.pages:
            if visit.options.follows(entry.url) and _recent(entry, earliest):
                leads[entry.url] = (_instant(entry) or _NEVER, Lead(url=entry.url))
    visit.found += listed
    newest = sorted(leads.values(), key=lambda pair: pair[0], reverse=True)
    await visit.articles(await visit.unseen(lead for _, lead in newest))


async def _parse(visit: Visit, page: Page) -> Sitemap:
    now = visit.now()
    return await visit.in_thread(lambda: parse_sitemap(page.body, page.url, now=now))


async def _explain(visit: Visit, page: Page, error: str | None) -> None:
    text = await visit.in_thread(page.text)
    raise of_page(text, page.url, page.asked) or CrawlFailure(
        EMPTY_LIST, f"{page.asked}：{error or '里面没有列出任何页面，请核对地址'}"
    )


def _instant(entry: Entry) -> datetime | None:
    stated = entry.lastmod
    if isinstance(stated, datetime):
        return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    if isinstance(stated, date):
        return datetime(stated.year, stated.month, stated.day, tzinfo=UTC)
    return None


def _recent(entry: Entry, earliest: datetime) -> bool:
    """Whether it changed lately, or does not say; a day counts to its end."""
    at = _instant(entry)
    return at is None or at + timedelta(days=1) >= earliest
