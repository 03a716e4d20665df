"""Which clocks wait for an acknowledgement (逐级提醒的时限): of what changed or fell due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from responder import escalation, ledger
from responder.escalation import Matter
from responder.policies import Policies
from responder.rounds import Rounds
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.timers import timers_of
from responder.workdays import Calendar

_BUDGET_S = 0.05  # of a tick of 0.2 s, of which the reminders may have taken a part


class ClockWatch:
    """The clocks of all open incidents, a bounded part at each look."""

    def __init__(
        self,
        *,
        policies: Policies,
        rules: RuleSet | None,
        calendar: Calendar | None,
        every: timedelta,
    ) -> None:
        self._policies = policies
        self._rules = rules  # None: what is in force, also when that changes
        self._calendar = calendar
        self._version = ("", "")
        self._every = every
        self._rounds = Rounds(budget_s=_BUDGET_S)

    @property
    def more(self) -> bool:
        """Whether the last look left something for the next one."""
        return self._rounds.more

    def forget(self) -> None:
        """Look at all of them again, e.g. after the clock was set back."""
        self._rounds.forget()

    def done(self) -> None:
        """What was found is in the outbox: those incidents rest until their next step."""
        self._rounds.done()

    def matters(self, session: Session, now: datetime) -> list[Matter]:
        """What nobody acknowledged of the incidents that changed, or whose next step is past."""
        book = in_force(session)
        rules, calendar = self._rules or book.rules, self._calendar or book.calendar
        if (rules.version, calendar.version) != self._version:
            self._version = (rules.version, calendar.version)
            self._rounds.forget()
        found = []
        for some in self._rounds.take(lambda: ledger.open_heads(session), now):
            for incident, entries in ledger.load_many(session, some).items():
                timers = timers_of(
                    incident, entries, now, rules=rules, calendar=calendar, every=self._every
                )
                ahead = [timer.next_at for timer in timers]
                for timer in timers:
                    matter, again = escalation.clock_matter(timer, entries, self._policies, now)
                    if matter is not None:
                        found.append(matter)
                        again = escalation.next_at(matter, now)
                    ahead += [again] if again else []
                self._rounds.seen(incident, min(ahead, default=None))
        return found
