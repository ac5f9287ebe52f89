#!/usr/bin/env python3
"""The table of bench/compare.sh, of results as an agent leaves them that does badly."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'bench'))
import compare_table

ERRORS = {'timeout': 0}


def result(peer, run, **report):
    return {'run': run, 'cores': 'one', 'transport': 'tcp', 'profile': 'open10k', 'peer': peer, 'seconds': 2, 'at': '2026-11-23T00:00:00Z',
            'revision': 'abc', 'machine': 'a machine', 'load_average': 1.0, 'us_per_pair': 2.0, 'switches': 50, 'rss_kb': 1024, 'rss_before_kb': 512,
            'report': {'requests': 1000, 'answers': 1000, 'errors': ERRORS, 'rate': 500.0, 'connections': 4, 'connections_lost': 0,
                       'latency_us': {'p50': 10.0, 'p99': 20.0}, 'warmup_requests': 0, 'warmup_errors': 0} | report}


def row(table, heading, profile='open10k'):
    """The cells of the row under a heading."""
    lines = table[table.index(f'**{heading}'):].splitlines()
    return next(line for line in lines if line.startswith(f'| {profile} |'))


class Table(unittest.TestCase):
    def test_switches_are_counted_by_all_pairs_since_the_first_connection(self):
        table = compare_table.report([result('antipode', 0, warmup_requests=1000)])
        self.assertIn('25.0', row(table, 'Context switches'))

    def test_an_agent_that_answers_in_the_warm_up_only_is_in_the_table(self):
        silent = result('freediameter', 0, answers=0, rate=0.0, errors={'timeout': 1000}, warmup_requests=100, latency_us={})
        table = compare_table.report([result('antipode', 0), silent])
        self.assertIn('500', row(table, 'Context switches'))
        self.assertIn('0 of 1,000 answered', table)


if __name__ == '__main__':
    unittest.main()
