"""Events from other people's files, one module a format."""
