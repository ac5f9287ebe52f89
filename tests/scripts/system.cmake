# Scenarios with the programs themselves: antipode, antipode-hss and antipode-load over loopback. A file is a test.
file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/test_*.py)
foreach(scenario ${scenarios})
    get_filename_component(base ${scenario} NAME_WE)
    string(REPLACE "test_" "system_" name ${base})
    add_test(NAME ${name} COMMAND python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/system/junit.py ${base}.py)
    set_tests_properties(${name} PROPERTIES LABELS "system" TIMEOUT 300 SKIP_RETURN_CODE 77
        ENVIRONMENT "BIN_DIR=${CMAKE_BINARY_DIR}/bin;RESULTS=${CMAKE_BINARY_DIR}/results")
endforeach()
