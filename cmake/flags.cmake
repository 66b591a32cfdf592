# SPDX-License-Identifier: Apache-2.0
# Warnings are errors with gcc and clang; hardening after trust.md §6. Asserts stay on
# in release builds (house-style: faults are for the world, asserts for our mistakes).
add_library(km_flags INTERFACE)
# Generated tables are found as "km_sql_F.h" and as "gen/km_sql_F.h".
target_include_directories(km_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}
                           ${CMAKE_BINARY_DIR}/gen)
target_compile_definitions(km_flags INTERFACE _GNU_SOURCE)
set(km_warn -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Wundef -Werror)
set(km_warn_c -Wstrict-prototypes -Wmissing-prototypes)
set(km_harden -fstack-protector-strong -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # clang counts assert(false && "why") as a conversion of the text.
  list(APPEND km_warn -Wno-string-conversion)
  # clang 14 refuses the zero form without a further flag.
  list(APPEND km_harden -ftrivial-auto-var-init=pattern)
else()
  list(APPEND km_harden -ftrivial-auto-var-init=zero)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  list(APPEND km_harden -fcf-protection -fstack-clash-protection)
endif()
if(NOT KM_SANITIZE AND NOT KM_FUZZ AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  list(APPEND km_harden -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(KM_SANITIZE OR KM_FUZZ)
  set(km_san -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(km_flags INTERFACE ${km_san})
  target_link_options(km_flags INTERFACE ${km_san})
endif()
if(KM_FUZZ)
  target_compile_options(km_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(KM_COVERAGE)
  target_compile_definitions(km_flags INTERFACE KM_COVERAGE)
  target_compile_options(km_flags INTERFACE --coverage)
  target_link_options(km_flags INTERFACE --coverage)
endif()
target_compile_options(km_flags INTERFACE ${km_warn} ${km_harden} $<$<COMPILE_LANGUAGE:C>:${km_warn_c}>)
target_link_options(km_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
# Asserts stay on: keep NDEBUG out of the release flags.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
