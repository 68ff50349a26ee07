"""What needs the product's own code, each as a process of its own: JSON in, JSON out.

python -m bench.inside load < {name: scenario}        builds worlds in DATABASE_URL
python -m bench.inside load_stadium < {…}         a stadium on sale
python -m bench.inside draft < {"scenario", "sections"}   a layout that is being drawn
python -m bench.inside pages < {…}                    the pages of an event, measured here
python -m bench.inside codes < {"agency", "count"}    valid codes of as many sold tickets
python -m bench.inside ticket < {"agency"}            the session and address of one ticket's PDF
python -m bench.inside receive < {…}                  receives a purchase order, measured here
python -m bench.inside allocate < {…}                 applies an allocation plan, measured here
python -m bench.inside build_house < {…}              a house from its file to its sale, measured here
python -m bench.inside move_house < {…}               moved to another version, measured here
python -m bench.inside build_stock < {…}              events of which every place is owned
python -m bench.inside value < {…}                    what they are worth, measured here
python -m bench.inside bulk_price < {…}               prices a house anew and back, measured here
python -m bench.inside go_to_pay < {…}                buyers on the provider's page
python -m bench.inside taken < {"agency", "event"}    what was paid for an event
python -m bench.inside call_off < {"agency", "event"} begins to cancel it
python -m bench.inside called_off < {…}               whom it was told, and whether the books agree
"""

import json
import os
import subprocess
import sys


def run_inside(job, work, database_url):
    """Runs a job of this module against a database; returns what it answers."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.inside", job],
        env={**os.environ, "DATABASE_URL": database_url},
        input=json.dumps(work),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main():
    import django

    django.setup()
    from bench import jobs

    job = getattr(jobs, sys.argv[1])
    json.dump(job(json.load(sys.stdin)), sys.stdout, default=str)


if __name__ == "__main__":
    main()
