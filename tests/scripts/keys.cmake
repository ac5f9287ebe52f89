# Every key of pools, users, subscribers, redirects, routes and policies has a test of its effect.
add_test(NAME keys COMMAND ${PROJECT_SOURCE_DIR}/tests/keys.py)
set_tests_properties(keys PROPERTIES LABELS "quick")
