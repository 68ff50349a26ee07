from core.invariants import invariant

invariant(
    "of a lot of points no more went than came",
    """SELECT l.id AS lot_id, l.points, l.agency_id,
         coalesce(sum(p.points) FILTER (WHERE p.kind = 'REVERSED'), 0) AS reversed,
         coalesce(sum(p.points) FILTER (WHERE p.kind = 'EXPIRED'), 0) AS expired
       FROM customers_pointentry l LEFT JOIN customers_pointentry p ON p.of_id = l.id
       WHERE l.of_id IS NULL AND l.points > 0
       GROUP BY l.id
       HAVING coalesce(sum(p.points) FILTER (WHERE p.kind = 'REVERSED'), 0) NOT BETWEEN -l.points AND 0
         OR coalesce(sum(p.points) FILTER (WHERE p.kind = 'EXPIRED'), 0) NOT BETWEEN -l.points AND 0
         OR l.points + coalesce(sum(p.points), 0) < 0""",
)
invariant(
    "parts of a lot are its customer's, and have its last day",
    """SELECT p.id AS entry_id, p.of_id AS lot_id FROM customers_pointentry p
       JOIN customers_pointentry l ON l.id = p.of_id
       WHERE p.customer_id <> l.customer_id OR p.expires_at IS DISTINCT FROM l.expires_at
         OR l.of_id IS NOT NULL OR l.points < 0
         OR p.kind = 'REVERSED' AND p.reference IS DISTINCT FROM l.reference""",
)
invariant(
    "nobody spent, and staff took, more points than came; only what was reversed is owed",
    """SELECT customer_id, sum(points) AS balance FROM customers_pointentry
       GROUP BY customer_id
       HAVING sum(points) < least(0, coalesce(sum(points) FILTER (WHERE kind = 'REVERSED'), 0))""",
)
invariant(
    "the digest of a frozen draw is that of its numbers, however many withdrew",
    """SELECT d.id AS draw_id, d.entered FROM customers_draw d
       CROSS JOIN LATERAL (
         SELECT count(*) AS entered, encode(sha256(convert_to(coalesce(
           string_agg(e.number || E'\\n', '' ORDER BY e.number COLLATE "C"), ''), 'UTF8')), 'hex')
           AS digest
         FROM customers_drawentry e WHERE e.draw_id = d.id AND NOT e.is_struck) now
       WHERE d.frozen_at IS NOT NULL AND (d.entered, d.digest) <> (now.entered, now.digest)""",
)
invariant(
    "places in a draw follow from its value and the entries' numbers",
    """SELECT ranked.draw_id, ranked.number FROM (
         SELECT e.draw_id, e.number, e.rank, d.drawn_at, row_number() OVER (
           PARTITION BY d.id ORDER BY sha256(convert_to(d.value || '|' || e.number, 'UTF8')),
           e.number COLLATE "C") AS lot
         FROM customers_drawentry e JOIN customers_draw d ON d.id = e.draw_id
         WHERE NOT e.is_struck) ranked
       WHERE ranked.rank IS DISTINCT FROM CASE WHEN drawn_at IS NOT NULL THEN lot END""",
)
invariant(
    "as many of a draw are in as its waves let in, and no more than it said",
    """SELECT d.id AS draw_id, d.let_in FROM customers_draw d
       WHERE d.let_in > d.places + d.reserve OR d.let_in <> (
         SELECT coalesce(sum(w.last - w.first + 1), 0) FROM customers_drawwave w
         WHERE w.draw_id = d.id)""",
)
