"""A feed: RSS, Atom or JSON Feed. Entries are posts; a summary may lead to its article."""

from __future__ import annotations

from crawlers.admission import Item
from crawlers.answers import Lead, Page
from crawlers.failures import EMPTY_LIST, CrawlFailure, of_page
from crawlers.feeds import NO_ENTRIES, parse_feed
from crawlers.visit import Visit

_FULL_TEXT = 200  # code points; below it an entry is taken for a summary


async def crawl(visit: Visit) -> None:
    """Admit the entries of each feed. Raises CrawlFailure where no feed could be read."""
    failures: list[CrawlFailure] = []
    feeds = list(dict.fromkeys(url for url in (visit.source.url, *visit.options.list_urls) if url))
    for url in feeds:
        try:
            await _one_feed(visit, await visit.fetch(url))
        except CrawlFailure as failure:
            failures.append(failure)
    if len(failures) == len(feeds):
        raise failures[0]
    visit.failures.extend(failures)


async def _one_feed(visit: Visit, page: Page) -> None:
    now = visit.now()
    feed = await visit.in_thread(
        lambda: parse_feed(page.body, base_url=page.url, content_type=page.content_type, now=now)
    )
    if feed.error or not feed.items:
        text = await visit.in_thread(page.text)
        explained = of_page(text, page.url, page.asked)
        raise explained or CrawlFailure(
            EMPTY_LIST, f"{page.asked}：{feed.error or feed.note or NO_ENTRIES}"
        )
    entries = feed.items
    visit.found += len(entries)
    whole: list[Item] = []
    summaries: list[Lead] = []
    for entry in entries:
        lead = Lead(
            url=entry.url or "",
            native=entry.id or None,
            title=entry.title,
            published_at=entry.published,
            author=entry.author,
        )
        if visit.options.articles and lead.url and len(entry.text) < _FULL_TEXT:
            summaries.append(lead)
        else:
            whole.append(visit.item(lead, title=lead.title, text=entry.text, author=entry.author))
    if whole:
        await visit.admit(whole)
    await visit.articles(await visit.unseen(summaries))
