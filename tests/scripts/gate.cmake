# What must be seen of the program from outside.
if(TARGET antipode)
    add_test(NAME gate COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/gate.sh $<TARGET_FILE:antipode>)
    set_tests_properties(gate PROPERTIES LABELS "quick" TIMEOUT 60)
endif()
