# Includes never point upwards; atomics and machine paths stand only where they may.
add_test(NAME layers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/layers.sh)
set_tests_properties(layers PROPERTIES LABELS "quick" TIMEOUT 60)
