"""The queries of `engine.rs` in DuckDB, over the same Parquet file: milliseconds of the clock and of
all cores, medians.

    python3 -m venv DUCK && DUCK/bin/pip install duckdb
    DUCK/bin/python bench/duck.py FILE [PART OF A NAME]
"""

import resource
import statistics
import sys
import time

import duckdb

RUNS = 3
THREADS = 2

# What `engine.rs` asks of DataFusion, in DuckDB's words.
CASES = [
    ("search", "SELECT count(*) FROM t WHERE lower(process_name) LIKE 'cmd%'"),
    ("search number", "SELECT count(*) FROM t WHERE event_code = 4688"),
    ("where", "SELECT count(*) FROM t WHERE bytes > 900000"),
    ("where text", "SELECT count(*) FROM t WHERE process_name = 'cmd.exe'"),
    (
        "rex",
        "SELECT regexp_extract(process_name, '^([a-z]+)', 1) AS stem, count(*) FROM t GROUP BY stem",
    ),
    ("stats count by 1", "SELECT host, count(*) FROM t GROUP BY host"),
    ("stats count by 2", "SELECT host, process_name, count(*) FROM t GROUP BY ALL"),
    ("stats count by 3", "SELECT host, process_name, event_code, count(*) FROM t GROUP BY ALL"),
    ("stats sum avg max", "SELECT host, sum(bytes), avg(bytes), max(bytes) FROM t GROUP BY host"),
    ("dc", 'SELECT host, count(DISTINCT "user") FROM t GROUP BY host'),
    ("values", "SELECT host, list(DISTINCT process_name) FROM t GROUP BY host"),
    ("dedup", 'SELECT "user", arg_max(host, _time) FROM t GROUP BY "user"'),
    ("sort head", "SELECT bytes FROM t ORDER BY bytes DESC LIMIT 10"),
    (
        "timechart",
        "SELECT floor(_time / 3600) AS hour, count(*) FROM t GROUP BY hour ORDER BY hour",
    ),
    (
        "timechart by",
        "SELECT floor(_time / 86400) AS day, event_code, count(*) FROM t GROUP BY ALL ORDER BY day",
    ),
    (
        "eventstats",
        "SELECT count(*) FROM (SELECT count(*) OVER (PARTITION BY host) AS c FROM t) "
        "WHERE c > 50000",
    ),
    (
        "streamstats",
        "SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY host ORDER BY _time DESC) "
        "AS c FROM t) WHERE c = 2",
    ),
    (
        "join",
        'SELECT count(*) FROM (SELECT "user" AS u FROM t WHERE event_code = 4688) JOIN '
        '(SELECT "user", max(bytes) FROM t WHERE event_code = 4690 GROUP BY "user") '
        'ON u = "user"',
    ),
    (
        "transaction",
        'SELECT count(*) FROM (SELECT _time - lag(_time) OVER (PARTITION BY "user" ORDER BY '
        "_time) AS gap FROM t WHERE event_code = 4688) WHERE gap IS NULL OR gap > 3600",
    ),
]


def cores():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    db = duckdb.connect()
    db.execute(f"SET threads = {THREADS}")
    db.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{sys.argv[1]}')")
    print(f"DuckDB {duckdb.__version__}, {THREADS} threads, median of {RUNS}")
    print(f"{'':<18} {'clock':>9} {'cores':>9}  {'rows':>10}")
    for name, query in CASES:
        if only not in name:
            continue
        clock, cpu, rows = [], [], []
        for _ in range(RUNS):
            start, before = time.perf_counter(), cores()
            rows = db.execute(query).fetchall()
            clock.append(time.perf_counter() - start)
            cpu.append(cores() - before)
        shown = f"={rows[0][0]}" if len(rows) == 1 and len(rows[0]) == 1 else str(len(rows))
        wall, used = statistics.median(clock) * 1e3, statistics.median(cpu) * 1e3
        print(f"{name:<18} {wall:>7.0f}ms {used:>7.0f}ms  {shown:>10}", flush=True)


if __name__ == "__main__":
    main()
