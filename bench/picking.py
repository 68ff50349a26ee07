"""`python -m bench.picking`: how well and at what cost the picker sells whole houses.

Prints a table, a line for each wish; every figure is of one sale to the last place, to parties of one
to eight, with returns and single places that go elsewhere: of 100 parties 76 take what is best, 10 name
a section, 10 a price level, 4 come with a wheelchair. CPU is that of this process; nothing else takes
part.
"""

import os

import django

PLANS = {
    "theatre, 1,180": ("theatre", {}),
    "arena, 12,000": ("arena", {"seats": 12_000}),
    "arena, 50,000": ("arena", {"seats": 50_000}),
}
HEAD = (
    "| house | wish | parties (refused, falsely) | together | avoidable splits, singles | "
    "singles left, of 100 | distance p50, p95 | spread of splits p50, p95 | ms CPU p50, p95, most |"
)


def main():
    from inventory.picking.reading import house_in
    from inventory.tests.judge import sell_out
    from venues import generators, geometry

    print(HEAD)
    print("| --- " * (HEAD.count("|") - 1) + "|")
    for name, (kind, words) in PLANS.items():
        house = house_in(geometry.encode(getattr(generators, kind)(**words)))
        verdicts, _ = sell_out(house, seed=5, judged_every=max(1, len(house) // 60))
        for wish, verdict in verdicts.items():
            print(_line(name, wish, verdict), flush=True)


def _line(name, wish, verdict):
    from inventory.tests.judge import at

    shares = {
        "distance": (verdict.distances, (0.5, 0.95), "{:.3f}"),
        "spread": (verdict.spreads, (0.5, 0.95), "{:.1f}"),
        "cost": (verdict.costs, (0.5, 0.95, 1), "{:.1f}"),
    }
    told = [
        ", ".join(shape.format(at(values, share)) for share in wanted)
        for values, wanted, shape in shares.values()
    ]
    return (
        f"| {name} | {wish} | {verdict.parties:,} ({verdict.refused}, {verdict.falsely}) | "
        f"{verdict.share_together:.2%} | "
        f"{verdict.avoidable_splits}, {verdict.avoidable_singles} | "
        f"{100 * verdict.singles / verdict.parties:.2f} | {' | '.join(told)} |"
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main()
