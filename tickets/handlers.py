from tickets import moving  # noqa: F401 - registers what follows an event to another layout
