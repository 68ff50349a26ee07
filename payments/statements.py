"""Bank statements as files: CSV as banks export it, and CAMT.053 (ISO 20022 XML).

Only money that came in is read; what went out is no business of ours.
"""

import csv
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from core.errors import Invalid
from core.money import Money, WrongScale

MOST_LINES = 20_000
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y", "%Y%m%d")
COLUMNS = {
    "booked_on": "date booking booking_date buchungstag buchungsdatum date_operation date_comptable",
    "amount": "amount betrag montant credit umsatz",
    "currency": "currency waehrung währung devise",
    "payer": "payer name counterparty debtor auftraggeber beguenstigter_zahlungspflichtiger tiers",
    "text": "text reference remittance purpose verwendungszweck description libelle libellé details",
    "ref": "id transaction_id bank_reference entry_reference",
    "account": "account iban account_iban konto compte",
}
NEEDED = ("booked_on", "amount", "text")


class BadStatement(Invalid):
    """The file is no statement that can be read; nothing was read in."""

    code = "bad_statement"


@dataclass(frozen=True)
class Line:
    """Money that came in. `key` is the same whenever this line is read, in this file or another."""

    key: str
    booked_on: date
    money: Money
    payer: str
    text: str


@dataclass(frozen=True)
class Statement:
    """What a file says; `kind` is CSV or CAMT, `skipped` counts what was not read: {why: lines}."""

    kind: str
    account: str
    lines: list[Line]
    skipped: Counter


def read(content, *, currency):
    """The Statement in a file (bytes); amounts that name no currency are in `currency`. Raises
    BadStatement with the line and the reason."""
    text = _decoded(content)
    found = _camt(text) if text.lstrip().startswith("<") else _csv(text, currency)
    if len(found[2]) > MOST_LINES:
        raise BadStatement(f"One file may have {MOST_LINES:,} lines at most.")
    kind, account, rows, skipped = found
    return Statement(kind, account, _with_keys(rows), skipped)


def _decoded(content):
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise BadStatement("This is not a text file: neither CSV nor CAMT.053.")


def _with_keys(rows):
    """Lines of (account, bank's own id, day, Money, payer, text). A bank that gives no id may book the
    same twice on a day: the second is told apart by being the second."""
    seen, lines = Counter(), []
    for account, ref, day, money, payer, text in rows:
        said = [account, ref] if ref else [account, str(day), str(money), payer, text]
        seen[tuple(said)] += 1
        said.append(str(seen[tuple(said)]))
        key = hashlib.sha256("\x1f".join(said).encode()).hexdigest()
        lines.append(Line(key, day, money, payer[:140], text[:500]))
    return lines


# CSV


def _csv(text, currency):
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    columns = _columns(rows[0] if rows else [])
    found, skipped = [], Counter()
    for number, cells in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in cells):
            row = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
            read = _csv_row(number, row, currency)
            found += read
            skipped["debit"] += not read
    return "CSV", next((row[0] for row in found), ""), found, skipped


def _columns(titles):
    """{our name: position}"""
    plain = [re.sub(r"[^a-zäöüé]+", "_", title.strip().lower()).strip("_") for title in titles]
    found = {
        name: plain.index(known)
        for name, words in COLUMNS.items()
        for known in words.split()[::-1]
        if known in plain
    }
    missing = [name for name in NEEDED if name not in found]
    if missing:
        names = {"booked_on": "date", "amount": "amount", "text": "text"}
        words = ", ".join(names[name] for name in missing)
        raise BadStatement(f"The first line must name the columns; there is none for: {words}.")
    return found


def _csv_row(number, row, currency):
    """[the row], or nothing for money that went out."""
    try:
        amount = _amount(row["amount"])
        day = _day(row["booked_on"])
        money = Money(amount, (row.get("currency") or currency).upper())
    except (KeyError, ValueError, InvalidOperation, WrongScale) as error:
        raise BadStatement(f"Line {number}: {_words(error, row)}") from None
    if amount <= 0:
        return []
    account = re.sub(r"\s", "", row.get("account", ""))
    return [(account, row.get("ref", ""), day, money, row.get("payer", ""), row["text"])]


def _words(error, row):
    if isinstance(error, WrongScale):
        return error.message
    return f"“{row.get('booked_on', '')}”, “{row.get('amount', '')}” are not a day and an amount."


def _amount(text):
    """1.234,56 and 1,234.56 and 1234.5 and -12: the last point or comma is the decimal one, unless it
    parts thousands as another before it does."""
    plain = re.sub(r"[\s'’+]", "", text)
    if re.fullmatch(r"-?\d{1,3}([.,])\d{3}(\1\d{3})+", plain):
        plain = re.sub(r"[.,]", "", plain)
    decimal = max(plain.rfind("."), plain.rfind(","))
    if decimal >= 0:
        whole, rest = plain[:decimal], plain[decimal + 1 :]
        plain = f"{re.sub(r'[.,]', '', whole)}.{rest}"
    if not re.fullmatch(r"-?\d{1,11}(\.\d+)?", plain):
        raise ValueError(text)
    return Decimal(plain)


def _day(text):
    for shape in DATES:
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValueError(text)


# CAMT.053


def _camt(text):
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadStatement("A statement has no document type of its own; this file was not read.")
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", text))  # noqa: S314 - see above
    except ET.ParseError as error:
        raise BadStatement(f"The XML breaks off: {error}.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    statements = root.findall("BkToCstmrStmt/Stmt")
    if not statements:
        raise BadStatement("There is no bank statement (CAMT.053) in this XML.")
    rows, account, skipped = [], "", Counter()
    for statement in statements:
        account = _said(statement, "Acct/Id/IBAN") or _said(statement, "Acct/Id/Othr/Id")
        for number, entry in enumerate(statement.findall("Ntry"), start=1):
            why = _not_read(entry)
            if why:
                skipped[why] += 1
            else:
                rows += _entry(entry, number, account)
    return "CAMT", account, rows, skipped


def _not_read(entry):
    """Why an entry is none of our business, or an empty string."""
    if _said(entry, "CdtDbtInd") != "CRDT" or _said(entry, "RvslInd") == "true":
        return "debit"
    status = _said(entry, "Sts/Cd") or _said(entry, "Sts")
    return "" if status in ("", "BOOK") else "pending credit"


def _entry(entry, number, account):
    """The credits of an entry: its transactions, when it lists them with their amounts."""
    ref = _said(entry, "AcctSvcrRef") or _said(entry, "NtryRef")
    parts = entry.findall("NtryDtls/TxDtls")
    priced = [part for part in parts if _amount_in(part) is not None]
    try:
        day = _day((_said(entry, "BookgDt/Dt") or _said(entry, "BookgDt/DtTm"))[:10])
        if len(priced) == len(parts) > 1:
            money = [_money(_amount_in(part)) for part in parts]
        else:
            money, parts = [_money(entry.find("Amt"))], [parts[0] if len(parts) == 1 else entry]
    except (ValueError, InvalidOperation, AttributeError, WrongScale):
        raise BadStatement(f"Entry {number}: its day or its amount cannot be read.") from None
    many = len(parts) > 1
    return [
        (account, f"{ref}/{at}" if ref and many else ref, day, amount, _payer(part), _remittance(part))
        for at, (part, amount) in enumerate(zip(parts, money, strict=True))
    ]  # fmt: skip


def _amount_in(part):
    found = part.find("Amt")
    return part.find("AmtDtls/TxAmt/Amt") if found is None else found


def _money(element):
    return Money(Decimal(element.text.strip()), element.get("Ccy"))


def _payer(part):
    return _said(part, ".//RltdPties/Dbtr/Nm") or _said(part, ".//RltdPties/Dbtr/Pty/Nm")


def _remittance(part):
    """All that the payer wrote, his structured reference first."""
    found = part.findall(".//RmtInf/Strd/CdtrRefInf/Ref") + part.findall(".//RmtInf/Ustrd")
    found += part.findall(".//Refs/EndToEndId")
    words = [(element.text or "").strip() for element in found]
    return " ".join(word for word in words if word and word != "NOTPROVIDED")


def _said(element, path):
    return (element.findtext(path) or "").strip()


# References


def reference_of(number):
    """The creditor reference (ISO 11649) of a booking's number: RF, two check digits, the number."""
    plain = re.sub(r"[^0-9A-Z]", "", number.upper())
    figures = "".join(str(int(letter, 36)) for letter in f"{plain}RF00")
    return f"RF{98 - int(figures) % 97:02}{plain}"


def in_fours(reference):
    """RF18 3PXT 7MG5, as people read and type it."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def plain(text):
    """What a payer wrote, without what does not count in a reference."""
    return re.sub(r"[^0-9A-Z]", "", text.upper())
