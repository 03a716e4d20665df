"""All tables of the registry, typed; migrations make them, a test compares the two."""

from registry.tables.base import Base, UTCDateTime, instant_text
from registry.tables.copies import CopyGroupRow, CopyMemberRow, CopySegmentRow
from registry.tables.delivery import (
    ChannelRow,
    ClockSampleRow,
    DeliveryEventRow,
    OutboxRow,
)
from registry.tables.duty import (
    DutyFeedRow,
    DutyShiftRow,
    DutySwapRow,
    HandoverRow,
    NoticeLogRow,
    RaisedThresholdRow,
    SilenceRow,
)
from registry.tables.erasing import ErasedRow, ErasureRow
from registry.tables.events import EventDecisionRow, EventPostRow, EventRow
from registry.tables.judging import LabelRow
from registry.tables.people import (
    ApprovalRow,
    SignInFailureRow,
    SignInRow,
    TokenRow,
    UserRoleRow,
    UserRow,
)
from registry.tables.places import (
    AlertRuleRow,
    AreaAliasRow,
    AreaRow,
    OwnPageRow,
    SightingRow,
    SourceRow,
    SourceStateRow,
    UnitRow,
)
from registry.tables.running import (
    AuditRow,
    ChainHeadRow,
    ChangeRow,
    JobRow,
    LeaseRow,
    SecretKeyRow,
    StageMemoryRow,
    StageRow,
)

__all__ = [
    "AlertRuleRow",
    "ApprovalRow",
    "AreaAliasRow",
    "AreaRow",
    "AuditRow",
    "Base",
    "ChainHeadRow",
    "ChangeRow",
    "ChannelRow",
    "ClockSampleRow",
    "CopyGroupRow",
    "CopyMemberRow",
    "CopySegmentRow",
    "DeliveryEventRow",
    "DutyFeedRow",
    "DutyShiftRow",
    "DutySwapRow",
    "ErasedRow",
    "ErasureRow",
    "EventDecisionRow",
    "EventPostRow",
    "EventRow",
    "HandoverRow",
    "JobRow",
    "LabelRow",
    "LeaseRow",
    "NoticeLogRow",
    "OutboxRow",
    "OwnPageRow",
    "RaisedThresholdRow",
    "SecretKeyRow",
    "SightingRow",
    "SignInFailureRow",
    "SignInRow",
    "SilenceRow",
    "SourceRow",
    "SourceStateRow",
    "StageMemoryRow",
    "StageRow",
    "TokenRow",
    "UTCDateTime",
    "UnitRow",
    "UserRoleRow",
    "UserRow",
    "instant_text",
]
