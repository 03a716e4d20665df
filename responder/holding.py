"""What is not sent at once (不即时发送): silenced alerts, quiet hours, colours for the digest only.

Nothing held back falls away: it is written down with its reason and stands in the next digest.
Red ignores all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta

from msgspec import Struct

from posts.identity import SHANGHAI
from registry.errors import InvalidInputError
from registry.silences import Silence
from responder.colours import HEAT_NAMES, HEATS
from responder.wording import instant

_QUIETABLE = frozenset({"yellow", "blue"})


class Holding(Struct, frozen=True, kw_only=True):
    """``quiet``: from when until when yellow and blue wait (Asia/Shanghai); equal: never.

    ``digest_only``: colours that are never sent by themselves.
    """

    quiet: tuple[time, time] = (time(), time())
    digest_only: frozenset[str] = frozenset()

    def reason(self, heat: str, silences: Sequence[Silence], now: datetime) -> str:
        """Why an alert of that colour, which these silences meet, is not sent now; "": it is."""
        if heat == HEATS[0]:
            return ""
        for one in silences:
            if one.holds(now):
                return f"静默至 {instant(one.end)}（{one.owner}：{one.reason}），列入摘要"
        if heat in self.digest_only:
            return f"{HEAT_NAMES[heat]}色预警不单独发送，列入摘要"
        if heat in _QUIETABLE and self.is_quiet(now):
            start, end = self.quiet
            return f"静默时段 {start:%H:%M}–{end:%H:%M}，列入摘要"
        return ""

    def waits_since(
        self, heat: str, since: datetime, silences: Sequence[Silence], now: datetime
    ) -> datetime | None:
        """From when the wait of an unclaimed alert counts; None while it is held back."""
        if heat == HEATS[0]:
            return since
        if self.reason(heat, silences, now):
            return None
        ends = [one.end for one in silences if one.starts_at <= now and one.end > since]
        if heat in _QUIETABLE and self.is_quiet(since):
            ends.append(self._quiet_end(since))
        return max([since, *ends])

    def is_quiet(self, at: datetime) -> bool:
        """Whether it is quiet hours."""
        start, end = self.quiet
        clock = at.astimezone(SHANGHAI).time()
        if start <= end:
            return start <= clock < end
        return clock >= start or clock < end

    def _quiet_end(self, at: datetime) -> datetime:
        local = at.astimezone(SHANGHAI)
        ended = datetime.combine(local.date(), self.quiet[1], SHANGHAI)
        if ended <= local:
            ended += timedelta(days=1)
        return ended.astimezone(at.tzinfo)


def holding(*, quiet_from: str, quiet_until: str, digest_only: Collection[str]) -> Holding:
    """From settings; empty hours: never quiet. Raises InvalidInputError."""
    if HEATS[0] in digest_only:
        raise InvalidInputError("红色预警不能只进摘要。")
    if unknown := set(digest_only) - set(HEATS):
        raise InvalidInputError(f"预警颜色“{'、'.join(sorted(unknown))}”不认识。")
    if not quiet_from and not quiet_until:
        return Holding(digest_only=frozenset(digest_only))
    return Holding(
        quiet=(clock(quiet_from), clock(quiet_until)), digest_only=frozenset(digest_only)
    )


def clock(text: str) -> time:
    """``22:00``. Raises InvalidInputError."""
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise InvalidInputError(f"时刻“{text}”读不懂，请写成 22:00 的样子。") from None
