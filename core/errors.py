"""What a person can be told. Anything that is not a DomainError is a bug and must surface."""


class DomainError(Exception):
    """A refusal with a full sentence for the person who asked.

    `code` is stable and meant for programs, `status` is the HTTP status an edge answers with,
    `details` is a JSON-able dict added to the problem document.
    """

    code = "refused"
    status = 409

    def __init__(self, message, **details):
        super().__init__(message)
        self.message = message
        self.details = details


class NotFound(DomainError):
    """Missing and foreign things look the same from outside."""

    code = "not_found"
    status = 404


class Invalid(DomainError):
    """The request cannot be understood; nothing was written."""

    code = "invalid"
    status = 422
