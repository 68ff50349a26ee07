"""All reports by name, in the order of their list."""

from analytics.reports import books, demand, funnel, profit, promotions, stock, suppliers

REPORTS = {
    report.name: report
    for module in (stock, profit, promotions, suppliers, demand, funnel, books)
    for report in module.REPORTS
}


def groups():
    """{group: [Report, …]} in the order of the list."""
    found = {}
    for report in REPORTS.values():
        found.setdefault(report.group, []).append(report)
    return found
