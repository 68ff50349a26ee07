"""The hosted page: where a buyer pays, or tries what else can happen."""

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from payments.simulator import checkout
from payments.simulator.parameters import ApiError, read

NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}
OTHER_OUTCOMES = [
    ("decline", "Card declined", "Nothing is charged; this page stays open to try again."),
    ("late_notice", "Pay, notice comes late", "The shop’s server hears of it after 10 seconds."),
    ("lost_notice", "Pay, notice lost", "The shop’s server is never told and has to ask."),
    (
        "repeated_notice",
        "Pay, notices repeated and shuffled",
        "A declined try, then the payment; each told five times, in no order.",
    ),
    (
        "late_money",
        "Pay after the time is over",
        "The session ends now, and the money arrives 10 seconds later all the same.",
    ),
    (
        "risky",
        "Pay with a card that may be stolen",
        "It goes through; a minute later the shop’s staff find the sale among their alerts.",
    ),
]
STYLE = """
:root { color-scheme: light dark;
  --ground: light-dark(#eef1f4, #101418); --sheet: light-dark(#ffffff, #181d23);
  --ink: light-dark(#17202a, #e8edf2); --soft: light-dark(#51606f, #a3b1bf);
  --line: light-dark(#d5dce3, #303943); --edge: light-dark(#7b8996, #74828f);
  --deed: light-dark(#1d4f91, #8db8f2); --on-deed: light-dark(#ffffff, #0b1420);
  --bad: light-dark(#9d1c1c, #ff9c94); --note: light-dark(#fff3cf, #3a3010); }
* { box-sizing: border-box; margin: 0; }
body { background: var(--ground); color: var(--ink); min-height: 100vh;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.test { background: var(--note); border-bottom: 1px solid var(--line); padding: .6rem 1.25rem;
  text-align: center; font-size: .9375rem; }
main { display: grid; max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; gap: 2rem; }
h1 { font-size: 1rem; font-weight: 600; color: var(--soft); overflow-wrap: anywhere; }
.amount { font-size: 2.5rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; margin: .25rem 0; }
.what { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin-top: 1.25rem;
  padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: .9375rem; }
dt { color: var(--soft); } dd { overflow-wrap: anywhere; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; }
.alert { color: var(--bad); border-left: .25rem solid; padding-left: .75rem; margin-bottom: 1rem; }
button { font: inherit; color: inherit; width: 100%; min-height: 3rem; cursor: pointer;
  border-radius: .5rem; padding: .65rem 1rem; text-align: left; background: none;
  border: 1px solid var(--edge); }
button:hover { border-color: var(--ink); }
button.pay { background: var(--deed); color: var(--on-deed); border-color: var(--deed);
  text-align: center; font-weight: 650; font-size: 1.125rem; min-height: 3.5rem; }
button.pay:hover { filter: brightness(1.08); }
button small { display: block; color: var(--soft); font-size: .875rem; line-height: 1.4; }
:focus-visible { outline: .1875rem solid var(--deed); outline-offset: .1875rem; }
h2 { font-size: 1rem; margin: 1.75rem 0 .25rem; } h2:first-child { margin-top: 0; }
.hint { color: var(--soft); font-size: .9375rem; margin-bottom: .9rem; }
.others { display: grid; gap: .6rem; padding: 0; list-style: none; }
a { color: var(--deed); text-underline-offset: .15em; }
.back { display: inline-block; padding: .7rem 0; }
@media (min-width: 50rem) {
  main { grid-template-columns: minmax(0, 4fr) minmax(0, 5fr); gap: 4rem; padding-top: 4rem; }
  .sheet { padding: 1.75rem; }
  .amount { font-size: 3rem; }
}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def show_page(call):
    with call.store.transaction():
        session = checkout.get(call.store, "checkout.session", call.object_id, call.now)
        intent = call.store.get("payment_intent", session["payment_intent"] or "")
    return page_of(session, _choices(session, intent))


def take_outcome(call):
    """The buyer's choice: on to the shop, or back to this page when the card was declined."""
    found = read(call.text, required=("outcome",))
    if found["outcome"] not in checkout.OUTCOMES:
        raise ApiError(400, "This page has no such button.")
    with call.store.transaction():
        session = checkout.get(call.store, "checkout.session", call.object_id, call.now)
        if session["status"] == "open" or found["outcome"] == "late_money":
            checkout.act_out(call.store, session, found["outcome"], call.now)
    is_on = session["status"] == "complete" or session.get("_money_due_at")
    return see(success_address(session) if is_on else f"/pay/{session['id']}")


def trouble_page(error):
    sheet = f"<p>{escape(str(error))}</p>"
    return _document(
        "There is no such page",
        f'<main><div class="sheet">{sheet}</div></main>',
        status=error.status,
    )


def success_address(session):
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def amount_text(units, currency):
    """1250, eur → €12.50; other currencies by their code: CHF 12.50."""
    currency = currency.upper()
    places = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    whole, rest = divmod(units, 10**places)
    figures = f"{whole:,}" + (f".{rest:0{places}}" if places else "")
    return SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}") + figures


def _summary(session):
    rows = [("Session", session["id"])]
    if session["customer_email"]:
        rows.insert(0, ("Buyer", session["customer_email"]))
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return f"""<section><h1>Pay {escape(_merchant(session))}</h1>
<p class="amount">{amount_text(session["amount_total"], session["currency"])}</p>
<p class="what">{escape(session["_description"])}</p>
<dl>{listed}</dl>
{_way_back(session)}</section>"""


def _way_back(session):
    """A provider may have none."""
    if not session["cancel_url"]:
        return ""
    words = "Cancel and go back" if session["status"] == "open" else "Go back"
    return f'<a class="back" href="{escape(session["cancel_url"])}">{words}</a>'


def _choices(session, intent):
    if session["payment_status"] == "paid":
        return f"""<h2>This has been paid.</h2>
<a class="back" href="{escape(success_address(session))}">Continue to the shop</a>"""
    if session["status"] == "expired":
        return _over(session)
    declined = (
        '<p class="alert" role="alert">The card was declined. Nothing was charged; you can try '
        "again.</p>"
        if intent and intent["last_payment_error"]
        else ""
    )
    amount = amount_text(session["amount_total"], session["currency"])
    others = "".join(
        f'<li><button name="outcome" value="{value}">{name}<small>{why}</small></button></li>'
        for value, name, why in OTHER_OUTCOMES
    )
    return f"""{declined}<form method="post">
<button name="outcome" value="pay" class="pay">Pay {amount}</button>
<h2>Or see what else can happen</h2>
<p class="hint">No card is asked for and no money moves.</p>
<ul class="others">{others}</ul></form>"""


def _over(session):
    if session.get("_money_due_at"):
        return "<h2>The time to pay is over.</h2><p>Late money is on its way all the same.</p>"
    return """<h2>The time to pay is over.</h2>
<p class="hint">Nothing was charged.</p><form method="post"><ul class="others">
<li><button name="outcome" value="late_money">Pay all the same
<small>Money that arrives after the time, as banks sometimes send it.</small></button></li>
</ul></form>"""


def _merchant(session):
    """Whom the buyer pays: the name the shop gave itself, else its address."""
    return session.get("_payee") or urlsplit(session["success_url"]).netloc


def page_of(session, choices):
    """The page of a session, which offers these choices (HTML)."""
    title = f"Pay {_merchant(session)} – simulated provider"
    origins = {_origin(session[name]) for name in ("success_url", "cancel_url") if session[name]}
    body = f'<main>{_summary(session)}<section class="sheet">{choices}</section></main>'
    return _document(title, body, form_targets=sorted(origins))


def _origin(url):
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}"


def _document(title, body, *, status=200, form_targets=()):
    html = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><header class="test"><strong>Simulated provider, test mode.</strong> No real payment is made
here.</header>
{body}</body></html>"""
    # Browsers hold form-action against the redirect that follows, too.
    targets = " ".join(("'self'", *form_targets))
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_HASH}'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return status, html.encode(), headers


def see(address):
    return 303, b"", {"Location": address}
