"""Numbers for a monitoring system, in Prometheus' text form; collected when asked for."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from posts.log.port import RAW, SCORED, SIGNALS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Who reads what: a lag that grows is a stage that stands still.
GROUPS = ((RAW, "scoring"), (SCORED, "grouping"), (SIGNALS, "responder"))


class Metrics:
    """Counters of this process and gauges that are set at each scrape."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seen: dict[int, set[str]] = {}
        self.requests = Counter(
            "yuqing_http_requests",
            "答过的请求",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "yuqing_http_seconds",
            "每个请求用的时间（秒）",
            ("method", "route"),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self.registry,
        )
        self.lag = Gauge(
            "yuqing_log_lag", "每个读者组还没读完的条数", ("topic", "group"), registry=self.registry
        )
        self.written = Gauge(
            "yuqing_log_written",
            "每个主题一共写入的条数；只增不减，rate() 即流量",
            ("topic",),
            registry=self.registry,
        )
        self.rebalances = Gauge(
            "yuqing_log_rebalances",
            "每个读者组重新分配分区的次数，读者重启后从零数起",
            ("topic", "group"),
            registry=self.registry,
        )
        self.alerts = Gauge("yuqing_alerts", "各状态的预警", ("state",), registry=self.registry)
        self.clocks = Gauge(
            "yuqing_open_clocks", "未结时钟，按状态", ("state",), registry=self.registry
        )
        self.sources = Gauge("yuqing_sources", "各状态的信源", ("state",), registry=self.registry)
        self.channels = Gauge(
            "yuqing_channels", "各状态的通知渠道", ("state",), registry=self.registry
        )
        self.silent = Gauge(
            "yuqing_stage_silent_seconds",
            "各环节距上次有进展的秒数；从未有过为无穷",
            ("stage",),
            registry=self.registry,
        )
        self.parts = Gauge(
            "yuqing_part_up", "数据库、日志、索引能否使用", ("part",), registry=self.registry
        )

    def show(
        self,
        *,
        alerts: Mapping[str, int],
        clocks: Mapping[str, int],
        sources: Mapping[str, int],
        channels: Mapping[str, int],
        silent: Mapping[str, float],
    ) -> None:
        """Set the gauges; a state that is not named any more is 0 from now on, not gone."""
        for gauge, counts in (
            (self.alerts, alerts),
            (self.clocks, clocks),
            (self.sources, sources),
            (self.channels, channels),
        ):
            for state in self._seen.setdefault(id(gauge), set()) | set(counts):
                gauge.labels(state).set(counts.get(state, 0))
                self._seen[id(gauge)].add(state)
        self.silent.clear()
        for stage, seconds in silent.items():
            self.silent.labels(stage).set(seconds)

    def text(self) -> bytes:
        """All of it, as text."""
        return generate_latest(self.registry)
