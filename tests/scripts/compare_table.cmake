# Results of bench/compare.sh, also of an agent that does badly, make a table.
add_test(NAME compare_table COMMAND ${PROJECT_SOURCE_DIR}/tests/compare_table.py)
set_tests_properties(compare_table PROPERTIES LABELS "quick")
