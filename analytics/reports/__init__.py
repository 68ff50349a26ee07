"""All reports by name, in the order of their list."""

from analytics.reports import books

REPORTS = {report.name: report for report in [*books.REPORTS]}


def groups():
    """{group: [Report, …]} in the order of the list."""
    found = {}
    for report in REPORTS.values():
        found.setdefault(report.group, []).append(report)
    return found
