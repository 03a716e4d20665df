"""Duty in the wiring: hours, colours, silence, escalation and digests of the settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import duty
from registry.duty import Hours
from yuqing.settings import DutySettings

if TYPE_CHECKING:
    from responder.policies import Policies


def hours(section: DutySettings) -> Hours:
    """When the shifts change. Raises InvalidInputError."""
    return duty.hours(section.day_start, section.night_start)


def policies(section: DutySettings) -> Policies:
    """The escalation policies, with those of the unit. Raises InvalidInputError."""
    from responder import policies as known

    return known.load(Path(section.policies)) if section.policies else known.default()


def parts(section: DutySettings, *, rules: str, every: timedelta) -> dict[str, Any]:
    """What the responder is given for duty and rules; ``rules`` is the unit's rule file, or "".

    Raises InvalidInputError for a wrong setting.
    """
    from responder.budget import Budget
    from responder.colours import colours
    from responder.digest import Digester, times
    from responder.handover_alarm import KIND as HANDOVER
    from responder.handover_alarm import HandoverWatch
    from responder.holding import holding
    from responder.rulefile import RuleFile
    from responder.set_back import SetBack
    from responder.watchkeeper import Watchkeeper

    held = holding(
        quiet_from=section.quiet_from,
        quiet_until=section.quiet_until,
        digest_only=section.digest_only,
    )
    watch = Watchkeeper(policies=policies(section), holding=held, every=every)
    unsigned = HandoverWatch(after=timedelta(minutes=section.handover_min), hours=hours(section))
    plans = [SetBack().on, watch.on, Digester(times=times(section.digest_at)).on, unsigned.on]
    if rules:
        plans.append(RuleFile(Path(rules)).on)
    return {
        "plans": plans,
        "checks": {**watch.checks(), HANDOVER: unsigned.stale},
        "colours": colours(section.hotter_at),
        "holding": held,
        "budget": Budget(most=section.alerts_per_shift, hours=hours(section)),
    }
