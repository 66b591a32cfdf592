# SPDX-License-Identifier: Apache-2.0
# Tables become C at build time: every file given to km_embed is a constant byte
# array in gen/. tools/embed.c writes it; nothing generated is kept in the repository.
add_executable(km_embed_tool tools/embed.c)

# km_embed(FOLDER NAME FILE...): the library of FOLDER gets gen/NAME.c and gen/NAME.h,
# which declare `extern const km_embedded NAME[]` (name, bytes, length; ends with NULL).
function(km_embed folder name)
  set(c ${CMAKE_BINARY_DIR}/gen/${name}.c)
  set(h ${CMAKE_BINARY_DIR}/gen/${name}.h)
  add_custom_command(
    OUTPUT ${c} ${h}
    COMMAND km_embed_tool ${name} ${CMAKE_BINARY_DIR}/gen ${ARGN}
    DEPENDS km_embed_tool ${ARGN}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "embedding ${name}")
  set(KM_GENERATED_${folder} ${KM_GENERATED_${folder}} ${c} ${h} PARENT_SCOPE)
endfunction()

# Every .sql file belongs to the library of its folder, as gen/<folder>_sql.h.
file(GLOB_RECURSE km_sql_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} src/*.sql)
set(km_sql_folders "")
foreach(f IN LISTS km_sql_files)
  get_filename_component(d ${f} DIRECTORY)
  string(REGEX REPLACE "^src/" "" d ${d})
  list(APPEND km_sql_folders ${d})
  list(APPEND km_sql_in_${d} ${f})
endforeach()
list(REMOVE_DUPLICATES km_sql_folders)
foreach(d IN LISTS km_sql_folders)
  string(REPLACE "/" "_" n ${d})
  km_embed(${d} km_sql_${n} ${km_sql_in_${d}})
endforeach()

# Tables of facts, by the folder that reads them.
foreach(pair
    "base:data/base"
    "record:data/record"
    "codec/fhir:data/fhir"
    "view/person:data/index"
    "gateways/fhir:data/gateway"
    "synth:data/synth"
    "trust/roles:data/roles"
    "trust/classes:data/classes"
    "trust/audit:data/audit"
    "trust:data/trust"
    "trust/who:data/who"
    "trust/identity:data/identity"
    "trust/cases:data/cases"
    "linkage:data/linkage"
    "codec/layout:data/layouts"
    "codec/x509:data/x509"
  )
  string(REGEX MATCH "^([^:]+):(.*)$" _ ${pair})
  set(d ${CMAKE_MATCH_1})
  set(p ${CMAKE_MATCH_2})
  string(REPLACE "/" "_" n ${d})
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${p}/*.tsv ${p}/*.zdict)
  if(files)
    km_embed(${d} km_data_${n} ${files})
  endif()
endforeach()

# Writes data/fhir from the published definitions; run by hand (data/fhir/README.md).
add_executable(km_fhir_tables_tool EXCLUDE_FROM_ALL tools/fhir_tables.c tools/fhir_params.c)
target_link_libraries(km_fhir_tables_tool PRIVATE km_codec_json)
# Trains data/record/body_N.zdict on synthetic records; `make dictionary`.
add_executable(km_dictionary_tool EXCLUDE_FROM_ALL tools/dictionary.c)
target_link_libraries(km_dictionary_tool PRIVATE km_record)
