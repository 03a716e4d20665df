"""How the crawl behaves towards sites, and what that means in Scrapy's own settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

AGENT_TOKEN = "YuqingDesk"  # noqa: S105  -- the name that robots.txt addresses
MIN_DELAY_S = 1.0
# The site counts from arrival to arrival, which varies; the pause must hold there too.
_MARGIN = 1.05
REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"


@dataclass(frozen=True, kw_only=True)
class CrawlSettings:
    """Polite by default. Times in seconds, sizes in bytes.

    ``delay_s`` lies between two requests to one host, one at a time; below ``MIN_DELAY_S`` it is
    for tests on loopback only. ``max_bytes`` bounds an answer packed and unpacked.
    ``allow_private`` lists what the address guard lets through besides public addresses: an
    address, a network (CIDR), a host name, or one of them with ``:port``.
    """

    user_agent: str = f"{AGENT_TOKEN}/0.1"
    delay_s: float = MIN_DELAY_S
    max_delay_s: float = 30.0
    timeout_s: float = 15.0
    max_bytes: int = 8 * 1024 * 1024
    retries: int = 2
    max_redirects: int = 5
    obey_robots: bool = True
    robots_keep_s: float = 3600.0
    robots_retry_s: float = 60.0
    allow_private: tuple[str, ...] = ()
    concurrency: int = 32
    poll_s: float = 0.3
    stop_s: float = 2.0


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    """The same, for Scrapy. Everything that could leave by another way than ours is off."""
    return {
        "TWISTED_REACTOR": REACTOR,
        "USER_AGENT": settings.user_agent,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
        },
        # One request at a time and a pause after it, for each host; never less than the delay.
        "CONCURRENT_REQUESTS": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": settings.delay_s * _MARGIN,
        "DOWNLOAD_DELAY_JITTER": 0,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": settings.delay_s * _MARGIN,
        "AUTOTHROTTLE_MAX_DELAY": settings.max_delay_s,
        "DOWNLOAD_TIMEOUT": settings.timeout_s,
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "RETRY_TIMES": settings.retries,
        # 429 and 503 say "not so often": asking again at once would be the wrong answer.
        "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "REDIRECT_MAX_TIMES": settings.max_redirects,
        "METAREFRESH_ENABLED": True,
        "METAREFRESH_MAXDELAY": 5,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": True,
        "HTTPPROXY_ENABLED": False,
        "ROBOTSTXT_OBEY": False,  # crawlers.middleware.StrictRobots takes its place
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "crawlers.middleware.AddressGuard": 50,
            "crawlers.middleware.StrictRobots": 100,
        },
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        # In place of Scrapy's own list: it loads what is only set to None too, with its libraries.
        "EXTENSIONS_BASE": {
            "scrapy.extensions.closespider.CloseSpider": 0,
            "scrapy.extensions.corestats.CoreStats": 0,
            "scrapy.extensions.logcount.LogCount": 0,
            "scrapy.extensions.throttle.AutoThrottle": 0,
        },
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_ENABLED": False,
        "STATS_DUMP": False,
    }
