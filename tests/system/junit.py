"""Runs the tests of a file and writes what ctest and the list of requirement rows read: JUnit XML.

usage: python3 tests/system/junit.py test_FILE.py [NAME]...     $BIN_DIR: the programs, $RESULTS: the folder for the XML
The file is one of this folder, or has its path; it finds what this folder shares. Exit status 77: something was skipped.
"""
import os
import pathlib
import sys
import time
import unittest
import xml.etree.ElementTree as xml

SKIPPED = 77


class Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.suite = xml.Element('testsuite')

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        name = test.id().rpartition('.')[2].removeprefix('test_')
        self.case = xml.SubElement(self.suite, 'testcase', name=name, classname=type(test).__name__)

    def stopTest(self, test):
        self.case.set('time', f'{time.monotonic() - self.began:.3f}')
        super().stopTest(test)

    def addSuccess(self, test):
        self.case.set('status', 'passed')
        super().addSuccess(test)

    def addSkip(self, test, reason):
        xml.SubElement(self.case, 'skipped', message=reason)
        super().addSkip(test, reason)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.tell('failure', test)

    def addError(self, test, error):
        super().addError(test, error)
        self.tell('error', test)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            xml.SubElement(self.case, 'failure', message=str(subtest))

    def tell(self, kind, test):
        """Beside what was expected: the last lines of every program, while its files are there."""
        programs = test.tell() if hasattr(test, 'tell') else ''
        xml.SubElement(self.case, kind).text = programs
        self.stream.writeln(programs)


def main():
    here, file = pathlib.Path(__file__).resolve().parent, pathlib.Path(sys.argv[1])
    folder = file.resolve().parent if file.exists() else here
    module = file.stem
    sys.path[:0] = [str(folder), str(here)]
    loader = unittest.TestLoader()
    if len(sys.argv) > 2:
        loader.testNamePatterns = [f'*{name}*' for name in sys.argv[2:]]
    tests = loader.loadTestsFromName(module)
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(tests)
    suite = result.suite
    suite.set('name', f'{folder.name}_{module.removeprefix("test_")}')
    suite.set('tests', str(result.testsRun))
    suite.set('failures', str(len(result.failures)))
    suite.set('errors', str(len(result.errors)))
    results = pathlib.Path(os.environ.get('RESULTS', 'build/results'))
    results.mkdir(parents=True, exist_ok=True)
    xml.ElementTree(suite).write(results / f'{suite.get("name")}.xml', encoding='utf-8', xml_declaration=True)
    if not result.wasSuccessful() or not result.testsRun:
        return 1
    return SKIPPED if result.skipped else 0


if __name__ == '__main__':
    sys.exit(main())
