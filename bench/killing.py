"""An event of thousands of bookings is cancelled while its worker is killed again and again: what it
costs, and whether anybody got his money or his mail twice."""

import email
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import psutil

from bench import processor
from bench.inside import run_inside
from bench.report import Sample
from bench.servers import HOME, database_processes, payment_provider, site

KILLED_AT = (0.2, 0.4, 0.6, 0.8)
"""Of all refunds: when so many have come back the worker is killed and started anew."""
LOOKS = 1.0  # s
PATIENCE = 600.0  # s in which nothing gets done
BACK = "SELECT count(*) FROM payments_refund WHERE status = 'COMPLETED'"
OPEN = """
SELECT (SELECT count(*) FROM core_outboxmessage WHERE done_at IS NULL AND failed_at IS NULL)
     + (SELECT count(*) FROM bookings_eventchange WHERE status = 'RUNNING')
"""
REFUNDS = "SELECT doc ->> '$.payment_intent', sum(doc ->> '$.amount'), count(*) FROM objects"
REFUNDS += " WHERE kind = 'refund' GROUP BY 1"


def cancelled(world):
    """The Sample of cancelling the arena's event of a World; raises RuntimeError when anybody was left
    out or had anything twice. One operation is a booking with its refund, credit note and mail."""
    event = world.events["arena"]["event"]["id"]
    wanted = {"agency": world.events["arena"]["agency"]["id"], "event": event}
    paid = run_inside("taken", wanted, world.url)
    clear_mails()
    with payment_provider("", paid), site(world.url, "cancel") as running:
        watch = Watch(running)
        count = run_inside("call_off", wanted, world.url)
        with world.looked_at() as owner:
            for share in KILLED_AT:
                watch.until(owner, BACK, lambda done, share=share: done >= share * count)
                watch.kill()
            watch.until(owner, OPEN, lambda left: not left)
        watch.stop()
        found = run_inside("called_off", wanted, world.url)
        _check(count, paid, found)
    return Sample.of(
        f"cancelled event, {count:,} bookings, {len(KILLED_AT)} kills",
        milliseconds=[1000 * watch.seconds / count] * count,
        seconds=watch.seconds,
        cpu={group: spent / count for group, spent in watch.spent.items()},
    )


class Watch:
    """Looks at the running Site until something has happened, kills its worker, and counts what all of
    them used, those killed included."""

    def __init__(self, running):
        self.running = running
        self.begun = time.monotonic()
        self.seconds = 0.0
        self.memory = 0
        self.spent = Counter()
        self._count_from_here()

    def until(self, owner, question, is_enough):
        """Waits until the answer of this SQL is enough; raises RuntimeError when nothing moves."""
        last, moved_at = None, time.monotonic()
        while not is_enough(answer := owner.execute(question).fetchone()[0]):
            if answer != last:
                last, moved_at = answer, time.monotonic()
            if time.monotonic() - moved_at > PATIENCE:
                raise RuntimeError(f"Nothing gets done any more at {answer}; see {HOME}/cancel.log")
            self.memory = max(self.memory, psutil.Process(self._worker().pid).memory_info().rss)
            time.sleep(LOOKS)

    def kill(self):
        """Ends the worker as kill -9 does, and starts another."""
        self._count()
        worker = self._worker()
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self.running.restart("worker", 0)
        self._count_from_here()

    def stop(self):
        self._count()
        self.seconds = time.monotonic() - self.begun
        words = f"  {self.seconds:.0f} s, the worker had {self.memory / 2**20:.0f} MB at most"
        print(words, file=sys.stderr)

    def _worker(self):
        return self.running.processes["worker"][0]

    def _groups(self):
        return {**self.running.groups, **database_processes()}

    def _count_from_here(self):
        self.used = processor.used(self._groups())

    def _count(self):
        self.spent.update(processor.between(self.used, processor.used(self._groups()), 1))


def clear_mails():
    for file in _mails():
        file.unlink()


def _mails():
    return Path(os.environ["MAIL_DIR"]).glob("*.eml")


def _check(count, paid, found):
    """Raises RuntimeError unless everybody got all of his money and one mail."""
    with sqlite3.connect(HOME / "provider.sqlite3") as store:
        refunds = {ref: (amount, times) for ref, amount, times in store.execute(REFUNDS)}
    due = {each["ref"]: (each["amount"], 1) for each in paid}
    names = Counter()
    for file in _mails():
        headers = email.message_from_bytes(file.read_bytes())
        names[headers["Message-ID"].strip("<>").partition("@")[0]] += 1
    twice = [name for name in found["mails"] if names[name] > 1]
    never = [name for name in found["mails"] if not names[name]]
    print(
        f"  {len(refunds):,} payments given back by {sum(t for _, t in refunds.values()):,} refunds,"
        f" {len(found['mails']):,} mails noted, {len(twice)} sent twice, {len(never)} never,"
        f" violations: {found['violations'] or 'none'}",
        file=sys.stderr,
    )
    is_told = len(found["mails"]) == count and not never and not twice
    if refunds != due or len(due) != count or not is_told or found["violations"]:
        raise RuntimeError("Somebody was left out, or had something twice.")
