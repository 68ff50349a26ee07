"""`python -m bench reserve|scan|event_page|pages|status|streams|…|all`: see docs/performance.md."""

import argparse
import sys

from bench.measures import MEASURES, Options
from bench.report import print_table, write_json
from bench.servers import HOME, collect_static, databases
from bench.worlds import Worlds


def main():
    options = _read_options()
    HOME.mkdir(parents=True, exist_ok=True)
    names = (
        [name for name in MEASURES if name != "limit"] if options.what == "all" else [options.what]
    )
    samples = []
    with databases() as services:
        collect_static()
        given = Options(
            Worlds(services),
            options.seconds,
            options.rounds,
            options.bookings,
            options.a_second,
        )
        for name in names:
            for sample in MEASURES[name](given):
                print(f"  {sample.what}: {sample.whole:.2f} ms CPU", file=sys.stderr, flush=True)
                samples.append(sample)
    print_table(samples)
    if options.json:
        write_json(samples, options.json)


def _read_options():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", choices=[*MEASURES, "all"], help="reserve measures limit, too")
    parser.add_argument("--json", metavar="FILE", help="write every run and the medians there")
    parser.add_argument("--seconds", type=float, default=5, help="of each run, at most (5)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each run is made (3)")
    parser.add_argument("--bookings", type=int, default=10_000, help="of cancel (10,000)")
    parser.add_argument("--a-second", type=int, default=50, help="payments, of notices (50)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
