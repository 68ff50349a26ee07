"""Signed notices on their way to the shop, again and again until it answers 2xx."""

import http.client
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from payments.simulator.checkout import pass_time
from payments.webhook_signature import sign

log = logging.getLogger(__name__)

PATIENCE = 10  # seconds to wait for the receiver
LONGEST_PAUSE = 60  # seconds between two attempts
AT_ONCE = 8


class Courier:
    """The background of the provider: lets time pass and delivers what is due.

    Deliveries are rows, so a restart goes on where a killed process stopped. Without an address
    they wait.
    """

    def __init__(self, store, secret, address, pass_time=pass_time):
        self.store = store
        self.pass_time = pass_time
        self.secret = secret
        self.address = address
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery")
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self):
        """Begins with what a killed process had set aside."""
        self.store.rows(
            "UPDATE deliveries SET due_at = ? WHERE done_at IS NULL AND attempts > 0", time.time()
        )
        self._thread.start()

    def wake(self):
        """Something new may be due."""
        self._wake.set()

    def stop(self):
        self._ended.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self):
        while not self._ended.is_set():
            self._wake.clear()
            try:
                pause = self._work()
            except Exception:
                log.exception("the courier stumbled")
                pause = 1
            self._wake.wait(pause)

    def _work(self):
        """Hands out what is due; returns the seconds until there is more to do."""
        now = time.time()
        with self.store.transaction():
            self.pass_time(self.store, now)
            due = self._claim(now)
            following = self.store.next_moment()
        for delivery in due:
            self._pool.submit(self._deliver, delivery)
        pause = LONGEST_PAUSE if following is None else following - time.time()
        # Without an address deliveries stay due; they must not keep us awake.
        return min(max(pause, 0.01 if self.address else 1), LONGEST_PAUSE)

    def _claim(self, now):
        """Rows now due, each counted and set aside until its attempt has surely ended."""
        if not self.address:
            return []
        return self.store.rows(
            """UPDATE deliveries SET attempts = attempts + 1, due_at = ?
               WHERE done_at IS NULL AND due_at <= ? RETURNING id, event_id, attempts""",
            *(now + 2 * PATIENCE + LONGEST_PAUSE, now),
        )

    def _deliver(self, delivery):
        try:
            self._attempt(delivery)
        except Exception:
            log.exception("delivery %s stumbled", delivery["id"])

    def _attempt(self, delivery):
        event = self.store.get("event", delivery["event_id"])
        began = time.time()
        status, trouble = self._send(self.told(event), began)
        delivered = status is not None and 200 <= status < 300
        now = time.time()
        with self.store.transaction():
            self.store.rows(
                "UPDATE deliveries SET done_at = ?, due_at = ? WHERE id = ?",
                *(now if delivered else None, now + pause_after(delivery["attempts"])),
                delivery["id"],
            )
            self.store.write_log(
                "delivery",
                began,
                event=event["id"],
                type=event["type"],
                delivery=delivery["id"],
                attempt=delivery["attempts"],
                status=status,
                trouble=trouble,
                seconds=round(now - began, 3),
            )
        self.wake()

    def told(self, event):
        """The body of its notice."""
        return json.dumps(event).encode()

    def signature(self, body, now):
        """The headers that prove it."""
        return {"Stripe-Signature": sign(body, self.secret, now)}

    def _send(self, body, now):
        """(status, None), or (None, what went wrong)."""
        address = urlsplit(self.address)
        secure = address.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(address.hostname, address.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json", **self.signature(body, now)}
        try:
            connection.request("POST", address.path or "/", body, headers)
            return connection.getresponse().status, None
        except (OSError, http.client.HTTPException) as error:
            return None, type(error).__name__
        finally:
            connection.close()


def pause_after(attempts):
    """Seconds until the next attempt: 1, 2, 4, … up to a minute."""
    return min(2 ** min(attempts - 1, 10), LONGEST_PAUSE)
