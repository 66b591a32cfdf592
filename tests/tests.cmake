# The layers checker and the little houses it must refuse.
add_executable(km_layers_tool tools/layers.c)
target_link_libraries(km_layers_tool PRIVATE km_flags)
add_test(NAME layers/house COMMAND km_layers_tool ${CMAKE_SOURCE_DIR})
add_executable(test_layers_planted tests/layers/planted_test.c)
target_link_libraries(test_layers_planted PRIVATE km_flags PkgConfig::CMOCKA)
add_test(NAME layers/planted COMMAND test_layers_planted)
set_tests_properties(layers/house layers/planted PROPERTIES LABELS layers TIMEOUT 60
                     ENVIRONMENT "KM_LAYERS=$<TARGET_FILE:km_layers_tool>;KM_NAMES=${CMAKE_SOURCE_DIR}/tools/names")

# API scripts: tests/api/*.api, asked of a node from outside. tests/api/README.md has the language.
if(TARGET km_base AND TARGET km_codec_json)
  add_library(api_script STATIC tests/api/script.c tests/api/expect.c tests/api/wire.c tests/api/node.c)
  target_include_directories(api_script PUBLIC tests/api)
  target_link_libraries(api_script PUBLIC km_base km_codec_json)
  add_executable(api_run tests/api/run.c)
  target_link_libraries(api_run PRIVATE api_script)
  foreach(part script expect)
    add_executable(test_api_${part} tests/api/${part}_test.c)
    target_link_libraries(test_api_${part} PRIVATE api_script PkgConfig::CMOCKA)
    add_test(NAME api_language/${part} COMMAND test_api_${part})
    set_tests_properties(api_language/${part} PROPERTIES LABELS unit TIMEOUT 60)
  endforeach()
  if(TARGET kumihimo)
    add_executable(test_api_card tests/api/card_test.c)
    target_link_libraries(test_api_card PRIVATE api_script PkgConfig::CMOCKA PkgConfig::DEPS)
    add_test(NAME api/card COMMAND test_api_card)
    set_tests_properties(api/card PROPERTIES LABELS api TIMEOUT 300
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                         ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>;SIMULATED_OCSP=$<TARGET_FILE:simulated_ocsp>")
    add_executable(test_api_key_process tests/api/key_process_test.c)
    target_link_libraries(test_api_key_process PRIVATE api_script PkgConfig::CMOCKA)
    add_test(NAME api/key_process COMMAND test_api_key_process)
    set_tests_properties(api/key_process PROPERTIES LABELS api TIMEOUT 300
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>")
    add_executable(test_api_hostile tests/api/hostile_test.c)
    target_link_libraries(test_api_hostile PRIVATE api_script PkgConfig::CMOCKA)
    add_test(NAME api/hostile COMMAND test_api_hostile)
    set_tests_properties(api/hostile PROPERTIES LABELS api TIMEOUT 300 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>")
  endif()
  if(TARGET kumihimo)
    add_executable(test_api_corpora tests/api/corpora_test.c)
    target_link_libraries(test_api_corpora PRIVATE api_script PkgConfig::CMOCKA)
    add_test(NAME api/corpora COMMAND test_api_corpora)
    set_tests_properties(api/corpora PROPERTIES LABELS api TIMEOUT 300 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>")
    add_executable(test_api_hidden tests/api/hidden_test.c)
    target_link_libraries(test_api_hidden PRIVATE api_script km_trust_who PkgConfig::CMOCKA)
    add_test(NAME api/hidden COMMAND test_api_hidden)
    set_tests_properties(api/hidden PROPERTIES LABELS api TIMEOUT 120 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>")
    add_executable(test_api_serve tests/api/serve_test.c)
    target_link_libraries(test_api_serve PRIVATE km_http km_sandbox PkgConfig::CMOCKA)
    add_test(NAME api/serve COMMAND test_api_serve)
    set_tests_properties(api/serve PROPERTIES LABELS api TIMEOUT 120 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>")
  endif()
  if(TARGET kumihimo)
    add_executable(test_api_invisible tests/api/invisible_test.c)
    target_link_libraries(test_api_invisible PRIVATE api_script km_app PkgConfig::CMOCKA)
    add_test(NAME api/invisible COMMAND test_api_invisible)
    set_tests_properties(api/invisible PROPERTIES LABELS api TIMEOUT 300 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>"
                         ENVIRONMENT_MODIFICATION KUMIHIMO_TEST_PG=unset:)
  endif()
  if(TARGET kumihimo)
    add_executable(test_api_matrix tests/api/matrix_test.c)
    target_link_libraries(test_api_matrix PRIVATE api_script PkgConfig::CMOCKA)
    add_test(NAME api/matrix COMMAND test_api_matrix)
    set_tests_properties(api/matrix PROPERTIES LABELS api TIMEOUT 600 SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>"
                         ENVIRONMENT_MODIFICATION KUMIHIMO_TEST_PG=unset:)
  endif()
  file(GLOB api_scripts CONFIGURE_DEPENDS tests/api/*.api)
  if(NOT TARGET kumihimo)
    set(api_scripts "")
  endif()
  foreach(script IN LISTS api_scripts)
    get_filename_component(stem ${script} NAME_WE)
    add_test(NAME api/${stem} COMMAND api_run tests/api/${stem}.api)
    add_test(NAME api/${stem}_postgres COMMAND km_pgtest $<TARGET_FILE:api_run> tests/api/${stem}.api)
    set_tests_properties(api/${stem} api/${stem}_postgres PROPERTIES LABELS api TIMEOUT 300
                         SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                         ENVIRONMENT "KUMIHIMO=$<TARGET_FILE:kumihimo>"
                         ENVIRONMENT_MODIFICATION KUMIHIMO_TEST_PG=unset:)
  endforeach()
endif()

# The pages' own rules, by node's test runner.
if(EXISTS ${CMAKE_SOURCE_DIR}/web/package.json)
  add_test(NAME web/unit COMMAND npm run --silent test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/web)
  set_tests_properties(web/unit PROPERTIES LABELS web TIMEOUT 120)
endif()

# What runs on both databases: km_on_postgres(NAME EXE) runs the test once more, with a private PostgreSQL.
add_executable(km_pgtest tools/pgtest.c)
target_link_libraries(km_pgtest PRIVATE km_flags PkgConfig::DEPS)
function(km_on_postgres name exe)
  if(TARGET ${exe})
    add_test(NAME ${name}_postgres COMMAND km_pgtest $<TARGET_FILE:${exe}> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name}_postgres PROPERTIES LABELS postgres TIMEOUT 900 SKIP_RETURN_CODE 77)
  endif()
endfunction()
# The driver itself runs under the sanitizers too (label unit); what stands on it does so on SQLite alone.
foreach(part drivers migrate pool)
  km_on_postgres(store/${part} test_km_store_${part})
  set_tests_properties(store/${part}_postgres PROPERTIES LABELS unit)
endforeach()
foreach(part log plan work history erase faults proof)
  km_on_postgres(record/${part} test_km_record_${part})
endforeach()
km_on_postgres(view/person/person test_km_view_person_person)
km_on_postgres(trust/who/accounts test_km_trust_who_accounts)
km_on_postgres(trust/who/prove test_km_trust_who_prove)
km_on_postgres(trust/who/clients test_km_trust_who_clients)
km_on_postgres(services/oauth/flow test_km_services_oauth_flow)
km_on_postgres(trust/grants test_km_trust_grants)
km_on_postgres(trust/provision test_km_trust_provision)
km_on_postgres(trust/cases/cases test_km_trust_cases_cases)
foreach(part persons changes dump)
  km_on_postgres(trust/identity/${part} test_km_trust_identity_${part})
endforeach()
foreach(part limits include)
  km_on_postgres(view/index/${part} test_km_view_index_${part})
endforeach()
foreach(part property/search property/rebuild fault/kill)
  string(REPLACE "/" "_" exe test_${part})
  km_on_postgres(${part} ${exe})
  if(TARGET ${exe})
    add_test(NAME ${part}_long COMMAND ${exe} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${part}_long PROPERTIES LABELS long TIMEOUT 3600
                         ENVIRONMENT "KUMIHIMO_LONG=1;KUMIHIMO_SEARCHES=200000;KUMIHIMO_LIVES=40")
  endif()
endforeach()
# 10,000 tamperings of an audit, 10,000 found.
if(TARGET test_property_audit)
  add_test(NAME property/audit_long COMMAND test_property_audit WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(property/audit_long PROPERTIES LABELS long TIMEOUT 3600 ENVIRONMENT "KUMIHIMO_LONG=1")
endif()
km_on_postgres(platform/node test_km_platform_node)
foreach(part import bundle resume)
  km_on_postgres(gateways/files/${part} test_km_gateways_files_${part})
endforeach()

# Our JSON parser against simdjson, where that is installed.
pkg_check_modules(SIMDJSON IMPORTED_TARGET simdjson)
if(SIMDJSON_FOUND AND TARGET km_codec_json)
  add_executable(test_oracle_json tests/oracle/json_test.c tests/oracle/second_reader.cc)
  target_link_libraries(test_oracle_json PRIVATE km_codec_json PkgConfig::SIMDJSON PkgConfig::CMOCKA)
  add_test(NAME oracle/json COMMAND test_oracle_json WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(oracle/json PROPERTIES LABELS oracle TIMEOUT 600)
endif()

# The pages: their pure functions, then in Chromium on a simulated server and on the program.
# Where Node, Chromium or web/dist is missing they say so and are skipped; with CI set they fail.
find_program(NODE node)
if(NODE)
  set(pages unit pages)
  if(TARGET kumihimo)
    list(APPEND pages timeline lookers emergency sign_in)
    set(program "KUMIHIMO=$<TARGET_FILE:kumihimo>")
  endif()
  foreach(part IN LISTS pages)
    add_test(NAME browser/${part} COMMAND ${NODE} tests/browser/run.mjs ${part}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(browser/${part} PROPERTIES LABELS browser TIMEOUT 420 SKIP_RETURN_CODE 77
                         ENVIRONMENT "${program};SIMULATED_OPENID=${CMAKE_BINARY_DIR}/simulated_openid")
  endforeach()
endif()

# The audit's log beside a witness of another operator, which is simulated: a program of its own.
if(TARGET km_trust_audit)
  add_executable(simulated_witness tests/simulated/witness.c)
  target_link_libraries(simulated_witness PRIVATE km_trust_audit)
  add_executable(test_simulated_witness tests/simulated/witness_test.c)
  target_link_libraries(test_simulated_witness PRIVATE km_trust_audit PkgConfig::CMOCKA)
  add_test(NAME simulated/audit_witness COMMAND test_simulated_witness)
  set_tests_properties(simulated/audit_witness PROPERTIES LABELS unit TIMEOUT 60
                       ENVIRONMENT "SIMULATED_WITNESS=$<TARGET_FILE:simulated_witness>")
  # Over the network, and a time-stamping authority, simulated as well.
  add_executable(simulated_tsa tests/simulated/tsa.c)
  target_link_libraries(simulated_tsa PRIVATE km_http)
  add_executable(test_simulated_outside tests/simulated/outside_test.c)
  target_link_libraries(test_simulated_outside PRIVATE km_trust_audit PkgConfig::CMOCKA)
  add_test(NAME simulated/audit_outside COMMAND test_simulated_outside)
  set_tests_properties(simulated/audit_outside PROPERTIES LABELS unit TIMEOUT 120
                       ENVIRONMENT "SIMULATED_WITNESS=$<TARGET_FILE:simulated_witness>;SIMULATED_TSA=$<TARGET_FILE:simulated_tsa>")
endif()

# Signing in at a provider, which is simulated: a program of its own, that lies where it is told to.
if(TARGET km_trust_who)
  add_executable(simulated_openid tests/simulated/openid.c)
  target_link_libraries(simulated_openid PRIVATE km_http km_codec_jose)
  add_executable(test_simulated_openid tests/simulated/openid_test.c)
  target_link_libraries(test_simulated_openid PRIVATE km_trust_who PkgConfig::CMOCKA)
  add_test(NAME simulated/openid COMMAND test_simulated_openid)
  set_tests_properties(simulated/openid PROPERTIES LABELS unit TIMEOUT 120
                       ENVIRONMENT "SIMULATED_OPENID=$<TARGET_FILE:simulated_openid>")
endif()
# A responder for certificates' status, which is simulated: a program of its own.
if(TARGET km_codec_x509)
  add_executable(simulated_ocsp tests/simulated/ocsp.c)
  target_link_libraries(simulated_ocsp PRIVATE km_flags PkgConfig::DEPS)
  add_executable(test_simulated_ocsp tests/simulated/ocsp_test.c)
  target_link_libraries(test_simulated_ocsp PRIVATE km_codec_x509 PkgConfig::CMOCKA)
  add_test(NAME simulated/ocsp COMMAND test_simulated_ocsp)
  set_tests_properties(simulated/ocsp PROPERTIES LABELS unit TIMEOUT 120
                       ENVIRONMENT "SIMULATED_OCSP=$<TARGET_FILE:simulated_ocsp>")
endif()

# The unit of the package, beside the sandbox of the program.
add_test(NAME packaging/unit COMMAND ${CMAKE_SOURCE_DIR}/tests/packaging/unit)
set_tests_properties(packaging/unit PROPERTIES LABELS unit TIMEOUT 60 SKIP_RETURN_CODE 77)

# Secrets are compared in constant time.
add_test(NAME secrets/compare COMMAND ${CMAKE_SOURCE_DIR}/tests/secrets/compare)
set_tests_properties(secrets/compare PROPERTIES LABELS unit TIMEOUT 60)
