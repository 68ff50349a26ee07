from core.invariants import invariant

invariant(
    "promotions and codes count the uses they have",
    """SELECT 'promotion' AS what, p.id, p.taken, p.usage_limit FROM promotions_promotion p
       WHERE p.usage_limit IS NOT NULL AND p.taken <> (
         SELECT count(*) FROM promotions_use u WHERE u.promotion_id = p.id AND u.status <> 'RETURNED')
       UNION ALL
       SELECT 'code', c.id, c.taken, c.usage_limit FROM promotions_code c
       WHERE c.usage_limit IS NOT NULL AND c.taken <> (
         SELECT count(*) FROM promotions_use u WHERE u.code_id = c.id AND u.status <> 'RETURNED')""",
)
invariant(
    "no promotion or code is used more often than it may be",
    """SELECT 'promotion' AS what, p.id, count(*) AS uses FROM promotions_promotion p
       JOIN promotions_use u ON u.promotion_id = p.id AND u.status = 'KEPT'
       WHERE p.usage_limit IS NOT NULL GROUP BY p.id HAVING count(*) > p.usage_limit
       UNION ALL
       SELECT 'code', c.id, count(*) FROM promotions_code c
       JOIN promotions_use u ON u.code_id = c.id AND u.status = 'KEPT'
       WHERE c.usage_limit IS NOT NULL GROUP BY c.id HAVING count(*) > c.usage_limit""",
)
invariant(
    "a use is of its promotion's own code",
    """SELECT u.id FROM promotions_use u JOIN promotions_code c ON c.id = u.code_id
       WHERE c.promotion_id <> u.promotion_id""",
)
