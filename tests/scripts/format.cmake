# All sources are as clang-format has them; `tests/format.sh --fix` makes them so.
add_test(NAME format COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/format.sh)
set_tests_properties(format PROPERTIES LABELS "quick" TIMEOUT 120 SKIP_RETURN_CODE 77)
