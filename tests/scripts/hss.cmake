# antipode-hss and antipode-load against each other, without an agent.
add_test(NAME hss_and_load
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/scripts/hss.sh $<TARGET_FILE:antipode-hss> $<TARGET_FILE:antipode-load>)
set_tests_properties(hss_and_load PROPERTIES LABELS "quick" TIMEOUT 300)
