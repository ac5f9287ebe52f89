# Each patch of tests/mutations/ fits the sources; whether its test goes red, `tests/run.sh mutate` tells.
add_test(NAME mutations COMMAND ${PROJECT_SOURCE_DIR}/tests/mutate.py --check)
set_tests_properties(mutations PROPERTIES LABELS "quick")
