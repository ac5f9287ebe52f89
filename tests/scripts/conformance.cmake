# docs/CONFORMANCE.md names no test that is no more, and every row.
add_test(NAME conformance COMMAND ${PROJECT_SOURCE_DIR}/docs/conformance.py --check)
set_tests_properties(conformance PROPERTIES LABELS "quick")
