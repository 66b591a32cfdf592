# The layers checker and the little houses it must refuse.
add_executable(km_layers_tool tools/layers.c)
target_link_libraries(km_layers_tool PRIVATE km_flags)
add_test(NAME layers/house COMMAND km_layers_tool ${CMAKE_SOURCE_DIR})
add_executable(test_layers_planted tests/layers/planted_test.c)
target_link_libraries(test_layers_planted PRIVATE km_flags PkgConfig::CMOCKA)
add_test(NAME layers/planted COMMAND test_layers_planted)
set_tests_properties(layers/house layers/planted PROPERTIES LABELS layers TIMEOUT 60
                     ENVIRONMENT "KM_LAYERS=$<TARGET_FILE:km_layers_tool>;KM_NAMES=${CMAKE_SOURCE_DIR}/tools/names")
