"""What has happened to the people of an agency."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class MemberInvited:
    invitation_id: UUID


@dataclass(frozen=True)
class NewPasswordAsked:
    """A member is to get a link for a new password; each request is answered once."""

    user_id: UUID
    request_id: UUID
