\set k :k + 1
\set place (:client_id * :share + :k) * 2 + :first
SELECT bench_reserve(:event, ARRAY[:place::int, :place::int + 1]);
