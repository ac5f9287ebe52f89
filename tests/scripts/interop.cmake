# The agent among programs that others wrote (freeDiameter, tshark, promtool) and scripted peers with their habits.
# A file is a test; they share what tests/system/ has.
add_library(loopback_only MODULE ${CMAKE_CURRENT_SOURCE_DIR}/interop/loopback_only.c)
target_compile_definitions(loopback_only PRIVATE _GNU_SOURCE)
set_target_properties(loopback_only PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests PREFIX "")

file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/interop/test_*.py)
foreach(scenario ${scenarios})
    get_filename_component(base ${scenario} NAME_WE)
    string(REPLACE "test_" "interop_" name ${base})
    add_test(NAME ${name} COMMAND python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/system/junit.py ${scenario})
    set_tests_properties(${name} PROPERTIES LABELS "interop" TIMEOUT 300
        ENVIRONMENT "BIN_DIR=${CMAKE_BINARY_DIR}/bin;TESTS_DIR=${CMAKE_BINARY_DIR}/tests;RESULTS=${CMAKE_BINARY_DIR}/results"
        SKIP_RETURN_CODE 77)
endforeach()
set_tests_properties(interop_freediameter_server PROPERTIES COST 60)  # the longest begins first
