from bookings.models.account import Account
from bookings.models.audit import AuditEntry
from bookings.models.booking import Booking
from bookings.models.choice import NoticeChoice
from bookings.models.connection import Connection
from bookings.models.door import Invitation, PersonSession, Tally
from bookings.models.export import Export
from bookings.models.feed import CalendarFeed
from bookings.models.handoff import Screen, Stroke
from bookings.models.language import SpokenLanguage
from bookings.models.lease import Lease
from bookings.models.outbox import Notice
from bookings.models.partner import ApiKey, Client, Membership, Partner, UpstreamGroup
from bookings.models.property import Property
from bookings.models.receipt import Receipt
from bookings.models.run import Attempt, BookingRun, Evidence, RunEvent
from bookings.models.showing import ShowingRequest
from bookings.models.sync import SyncPass, UnreadableRow
from bookings.models.upstream import Upstream
from bookings.models.view import ListColumns, SavedView

__all__ = [
    "Account",
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "Booking",
    "BookingRun",
    "CalendarFeed",
    "Client",
    "Connection",
    "Evidence",
    "Export",
    "Invitation",
    "Lease",
    "ListColumns",
    "Membership",
    "Notice",
    "NoticeChoice",
    "Partner",
    "PersonSession",
    "Property",
    "Receipt",
    "RunEvent",
    "SavedView",
    "Screen",
    "ShowingRequest",
    "SpokenLanguage",
    "Stroke",
    "SyncPass",
    "Tally",
    "UnreadableRow",
    "Upstream",
    "UpstreamGroup",
]
